//! A platform that is not quite as it is taken to be: late, terse, or in a state that nobody has seen.

use std::time::Duration;

use pingone_aic_harness::is_condition;
use pingone_aic_simulator::{Fault, Rule, tenant::LockState};
use serde_json::json;

use crate::{
    arena::{Arena, company::THREE},
    look::{is_promotion, is_removed, message, promotions, reason, stage, the_request},
};

#[tokio::test]
async fn a_report_that_is_listed_a_while_after_its_run_is_waited_for() {
    let mut arena = Arena::start("a report that is listed late").await;
    let company = arena.company(&THREE).await;
    company.group.set_report_lag(Duration::from_secs(90));
    arena.release(&company, json!({"upTo": "staging"})).await;
    arena.promoted(&company, 0).await;
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_lock_of_whose_sides_nothing_is_told_is_never_promoted_under_and_given_back() {
    let mut arena = Arena::start("a lock without its sides").await;
    let company = arena.company(&THREE).await;
    company.group.set_lock_sides(false);
    let timeouts = json!({"lock": "15m", "promotion": "2h", "verification": "15m"});
    arena
        .release(&company, json!({"upTo": "staging", "timeouts": timeouts}))
        .await;
    let failed = arena.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "LockFailed", "{}", failed.data["status"]);
    let calls = arena.network.journal();
    assert!(!calls.iter().any(|call| call.is("POST", "/promotion/promote")));
    assert_eq!(arena.crime(&company), None);
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_lock_that_fails_later_is_given_back_when_nothing_runs_any_more() {
    for (under_way, phase, promoted) in [("a dry run", "Failed", 0), ("a promotion", "Gated", 1)] {
        let mut arena = Arena::start("a lock that fails later").await;
        let company = arena.company(&THREE).await;
        arena.release(&company, json!({"upTo": "staging"})).await;
        arena
            .until_answered(|call| {
                call.is("POST", "/promotion/promote") && is_promotion(call) == (under_way == "a promotion")
            })
            .await;
        company.site("staging").tenant.fail_lock();
        let over = arena.phase("release", phase).await.unwrap();
        assert_eq!(
            (promotions(&arena), arena.crime(&company)),
            (promoted, None),
            "{under_way}: {}",
            over.data["status"]
        );
        arena.check_outputs().await;
    }
}

#[tokio::test]
async fn a_lock_that_fails_to_open_is_asked_back() {
    let mut arena = Arena::start("a lock that fails to open").await;
    let company = arena.company(&THREE).await;
    company.site("staging").tenant.fail_next_unlock();
    arena.release(&company, json!({"upTo": "staging"})).await;
    arena.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&arena, "release", 0).await["outcome"], "Promoted");
    assert!(
        is_removed(&arena, None),
        "the promotion's own unlocking has failed, and nobody else's hand helps"
    );
    assert_eq!((promotions(&arena), arena.crime(&company)), (1, None));
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_state_that_nobody_knows_is_waited_for_until_a_person_gives_the_lock_back() {
    for is_lost in [false, true] {
        let mut arena = Arena::start("a state that nobody knows").await;
        let company = arena.company(&THREE).await;
        let staging = &company.site("staging").tenant;
        // The second request is the one for the promotion.
        let promote = Rule::on(staging.host())
            .method("POST")
            .path_contains("/promotion/promote")
            .after(1)
            .times(1);
        let lost = arena.network.fault(promote, Fault::CloseBefore);
        let timeouts = json!({"lock": "15m", "promotion": "15m", "verification": "15m"});
        arena
            .release(&company, json!({"upTo": "staging", "timeouts": timeouts}))
            .await;
        if is_lost {
            arena
                .wait_until(|_| (lost.hits() == 0).then(|| "it does not promote".to_owned()))
                .await;
        } else {
            arena.until_locked(&company, "staging").await;
        }
        staging.show_promotion_status(Some("VERIFYING"));
        let overdue = arena.until_reason("release", "PromotionOverdue").await;
        assert!(is_condition(&overdue, "Stalled", "True"), "{:?}", overdue.data);
        arena.pass_time(Duration::from_mins(30)).await;
        assert_eq!(staging.lock_state(), LockState::Locked);
        assert!(!is_removed(&arena, None), "it may be at work");

        let id = overdue.data["status"]["stages"][0]["lock"]["id"]
            .as_str()
            .unwrap();
        arena.annotate("pingone-aic.io/unlock", id).await;
        let failed = arena.phase("release", "Failed").await.unwrap();
        assert_eq!(reason(&failed), "PromotionOverdue", "{}", message(&failed));
        assert!(is_removed(&arena, Some(id)));
        assert_eq!(arena.crime(&company), None);
        arena.check_outputs().await;
    }
}

#[tokio::test]
async fn a_dry_run_that_is_refused_is_not_asked_for_again_and_its_refusal_is_told() {
    let mut arena = Arena::start("a dry run is refused").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let refused = arena.network.fault(
        the_request(staging, "/promotion/promote"),
        Fault::status(400).body(r#"{"code": 400, "message": "ticketReference is too long"}"#),
    );
    arena.release(&company, json!({"upTo": "staging"})).await;
    let failed = arena.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "DryRunFailed");
    assert!(
        message(&failed).contains("ticketReference is too long"),
        "{}",
        message(&failed)
    );
    assert_eq!(refused.hits(), 1);
    let calls = arena.network.journal();
    let asked = calls.iter().filter(|call| call.is("POST", "/promotion/promote"));
    assert_eq!(asked.count(), 1);
    assert_eq!(arena.crime(&company), None);
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_stage_that_is_not_active_and_lacks_nothing_fails() {
    let mut arena = Arena::start("a stage lacks nothing and is not Active").await;
    let company = arena.company(&THREE).await;
    arena.release(&company, json!({"upTo": "staging"})).await;
    arena.phase("release", "Gated").await.unwrap();
    let staging = &company.site("staging").tenant;
    let tests = Rule::on(staging.host())
        .method("POST")
        .path_contains("_action=testConnection");
    arena.network.fault(tests, Fault::status(500));
    let mut again = company.promotion("again", json!({"upTo": "staging", "onFailure": "Rollback"}));
    again["spec"]["timeouts"] = json!({"lock": "30m", "promotion": "2h", "verification": "5m"});
    arena.namespace.apply(again).await.unwrap();
    let failed = arena.phase("again", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "NothingToPromote", "{}", failed.data["status"]);
    assert_eq!((promotions(&arena), arena.crime(&company)), (1, None));
    arena.check_outputs().await;
}
