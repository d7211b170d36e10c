//! Reports that cannot be read keep no lock.

use std::time::Duration;

use pingone_aic_simulator::{Fault, FaultHandle, Rule, tenant::LockState};
use serde_json::json;

use crate::{
    arena::{
        Arena,
        company::{Company, THREE},
    },
    look::{is_promotion, promotions, reason, stage, the_request},
};

impl Arena {
    /// From now on neither the list of staging's reports nor any of them can be read.
    fn spoil_reports(&self, company: &Company) -> FaultHandle {
        let host = company.site("staging").tenant.host();
        let reports = Rule::on(host).path_contains("/promotion/report");
        self.network.fault(reports, Fault::status(500))
    }
}

#[tokio::test]
async fn the_lock_of_a_promotion_that_failed_is_given_back_though_no_report_can_be_read() {
    let mut arena = Arena::start("a promotion fails and no report can be read").await;
    let company = arena.company(&THREE).await;
    arena.release(&company, json!({"upTo": "staging"})).await;
    // The dry run is under way: what fails is the promotion.
    arena
        .until_answered(|call| call.is("POST", "/promotion/promote"))
        .await;
    company.site("staging").tenant.fail_next_run();
    arena.until_answered(is_promotion).await;
    let unreadable = arena.spoil_reports(&company);
    arena.until_unlocked(&company).await;
    unreadable.remove();
    let failed = arena.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "PromotionFailed", "{}", failed.data["status"]);
    assert_eq!(promotions(&arena), 1);
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_person_can_have_a_lock_given_back_though_no_report_can_be_read() {
    let mut arena = Arena::start("a person unlocks and no report can be read").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let lock = the_request(staging, "/promotion/lock");
    arena.network.fault(lock, Fault::HangAfter);
    arena.release(&company, json!({"upTo": "staging"})).await;
    arena
        .until_answered(|call| call.is("POST", "/promotion/lock"))
        .await;
    arena.operator.kill();
    // So late that the operator does not decide by itself.
    arena.advance(Duration::from_mins(31)).await;
    let unreadable = arena.spoil_reports(&company);
    arena.operator.start().await.unwrap();
    arena.pass_time(Duration::from_mins(15)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);

    let asked = arena.network.journal();
    let asked = asked.iter().find(|call| call.is("POST", "/promotion/lock"));
    let id = asked.unwrap().response["promotionId"].as_str().unwrap();
    arena.annotate("pingone-aic.io/unlock", id).await;
    arena.until_unlocked(&company).await;
    unreadable.remove();
    arena.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&arena, "release", 0).await["outcome"], "Promoted");
    assert_eq!((promotions(&arena), arena.crime(&company)), (1, None));
    arena.check_outputs().await;
}
