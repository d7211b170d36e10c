//! Reports that cannot be read keep no lock.

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_simulator::{Fault, FaultHandle, Rule, tenant::LockState};
use pingone_aic_support::{
    Env,
    company::{Company, THREE},
};
use serde_json::json;

use crate::promotion::look::{Steps, is_promotion, promotions, reason, stage, the_request};

#[ext(Unreadable)]
pub(crate) impl Env {
    /// From now on neither the list of staging's reports nor any of them can be read.
    fn spoil_reports(&self, company: &Company) -> FaultHandle {
        let host = company.site("staging").tenant.host();
        let reports = Rule::on(host).path_contains("/promotion/report");
        self.network.fault(reports, Fault::status(500))
    }
}

#[tokio::test]
async fn the_lock_of_a_promotion_that_failed_is_released_though_no_report_can_be_read() {
    let mut env = Env::start("a promotion fails and no report can be read").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    // The dry run is under way: what fails is the promotion.
    env.until_answered(|call| call.is("POST", "/promotion/promote"))
        .await;
    company.site("staging").tenant.fail_next_run();
    env.until_answered(is_promotion).await;
    let unreadable = env.spoil_reports(&company);
    env.until_unlocked(&company).await;
    unreadable.remove();
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "PromotionFailed", "{}", failed.data["status"]);
    assert_eq!(promotions(&env), 1);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_person_can_have_a_lock_released_though_no_report_can_be_read() {
    let mut env = Env::start("a person unlocks and no report can be read").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let lock = the_request(staging, "/promotion/lock");
    env.network.fault(lock, Fault::HangAfter);
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_answered(|call| call.is("POST", "/promotion/lock"))
        .await;
    env.operator.kill();
    // So late that the operator does not decide by itself.
    env.advance(Duration::from_mins(31)).await;
    let unreadable = env.spoil_reports(&company);
    env.operator.start().await.unwrap();
    env.pass_time(Duration::from_mins(15)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);

    let asked = env.network.journal();
    let asked = asked.iter().find(|call| call.is("POST", "/promotion/lock"));
    let id = asked.unwrap().response["promotionId"].as_str().unwrap();
    env.annotate("pingone-aic.io/unlock", id).await;
    env.until_unlocked(&company).await;
    unreadable.remove();
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Promoted");
    assert_eq!((promotions(&env), env.violation(&company)), (1, None));
    env.check_outputs().await;
}
