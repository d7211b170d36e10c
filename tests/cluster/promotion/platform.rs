//! A platform that is not quite as it is taken to be: late, terse, or in a state that nobody has seen.

use std::time::Duration;

use pingone_aic_harness::is_condition;
use pingone_aic_simulator::{Fault, Rule, tenant::LockState};
use pingone_aic_support::{Env, company::THREE};
use serde_json::json;

use crate::promotion::look::{
    Steps, is_promotion, is_removed, message, promotions, reason, stage, the_request,
};

#[tokio::test]
async fn a_report_that_is_listed_a_while_after_its_run_is_waited_for() {
    let mut env = Env::start("a report that is listed late").await;
    let company = env.company(&THREE).await;
    company.group.set_report_lag(Duration::from_secs(90));
    env.release(&company, json!({"upTo": "staging"})).await;
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}

#[tokio::test]
async fn a_lock_of_whose_sides_nothing_is_told_is_never_promoted_under_and_is_released() {
    let mut env = Env::start("a lock without its sides").await;
    let company = env.company(&THREE).await;
    company.group.set_lock_sides(false);
    let timeouts = json!({"lock": "15m", "promotion": "2h", "verification": "15m"});
    env.release(&company, json!({"upTo": "staging", "timeouts": timeouts}))
        .await;
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "LockFailed", "{}", failed.data["status"]);
    let calls = env.network.journal();
    assert!(!calls.iter().any(|call| call.is("POST", "/promotion/promote")));
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_lock_that_fails_later_is_released_when_nothing_runs_any_more() {
    for (under_way, phase, promoted) in [("a dry run", "Failed", 0), ("a promotion", "Gated", 1)] {
        let mut env = Env::start("a lock that fails later").await;
        let company = env.company(&THREE).await;
        env.release(&company, json!({"upTo": "staging"})).await;
        env.until_answered(|call| {
            call.is("POST", "/promotion/promote") && is_promotion(call) == (under_way == "a promotion")
        })
        .await;
        company.site("staging").tenant.fail_lock();
        let over = env.phase("release", phase).await.unwrap();
        assert_eq!(
            (promotions(&env), env.violation(&company)),
            (promoted, None),
            "{under_way}: {}",
            over.data["status"]
        );
        env.check_outputs().await;
    }
}

#[tokio::test]
async fn a_lock_that_fails_to_open_is_asked_back() {
    let mut env = Env::start("a lock that fails to open").await;
    let company = env.company(&THREE).await;
    company.site("staging").tenant.fail_next_unlock();
    env.release(&company, json!({"upTo": "staging"})).await;
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Promoted");
    assert!(
        is_removed(&env, None),
        "the promotion's own unlocking has failed, and nobody else's hand helps"
    );
    assert_eq!((promotions(&env), env.violation(&company)), (1, None));
    env.check_outputs().await;
}

#[tokio::test]
async fn a_state_that_nobody_knows_is_waited_for_until_a_person_releases_the_lock() {
    for is_lost in [false, true] {
        let mut env = Env::start("a state that nobody knows").await;
        let company = env.company(&THREE).await;
        let staging = &company.site("staging").tenant;
        // The second request is the one for the promotion.
        let promote = Rule::on(staging.host())
            .method("POST")
            .path_contains("/promotion/promote")
            .after(1)
            .times(1);
        let lost = env.network.fault(promote, Fault::CloseBefore);
        let timeouts = json!({"lock": "15m", "promotion": "15m", "verification": "15m"});
        env.release(&company, json!({"upTo": "staging", "timeouts": timeouts}))
            .await;
        if is_lost {
            env.wait_until(|_| (lost.hits() == 0).then(|| "it does not promote".to_owned()))
                .await;
        } else {
            env.until_locked(&company, "staging").await;
        }
        staging.show_promotion_status(Some("VERIFYING"));
        let overdue = env.until_reason("release", "PromotionOverdue").await;
        assert!(is_condition(&overdue, "Stalled", "True"), "{:?}", overdue.data);
        env.pass_time(Duration::from_mins(30)).await;
        assert_eq!(staging.lock_state(), LockState::Locked);
        assert!(!is_removed(&env, None), "it may be at work");

        let id = overdue.data["status"]["stages"][0]["lock"]["id"]
            .as_str()
            .unwrap();
        env.annotate("pingone-aic.io/unlock", id).await;
        let failed = env.phase("release", "Failed").await.unwrap();
        assert_eq!(reason(&failed), "PromotionOverdue", "{}", message(&failed));
        assert!(is_removed(&env, Some(id)));
        assert_eq!(env.violation(&company), None);
        env.check_outputs().await;
    }
}

#[tokio::test]
async fn a_dry_run_that_is_refused_is_not_asked_for_again_and_its_refusal_is_told() {
    let mut env = Env::start("a dry run is refused").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let refused = env.network.fault(
        the_request(staging, "/promotion/promote"),
        Fault::status(400).body(r#"{"code": 400, "message": "ticketReference is too long"}"#),
    );
    env.release(&company, json!({"upTo": "staging"})).await;
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "DryRunFailed");
    assert!(
        message(&failed).contains("ticketReference is too long"),
        "{}",
        message(&failed)
    );
    assert_eq!(refused.hits(), 1);
    let calls = env.network.journal();
    let asked = calls.iter().filter(|call| call.is("POST", "/promotion/promote"));
    assert_eq!(asked.count(), 1);
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_stage_that_is_not_active_and_lacks_nothing_fails() {
    let mut env = Env::start("a stage lacks nothing and is not Active").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.phase("release", "Gated").await.unwrap();
    let staging = &company.site("staging").tenant;
    let tests = Rule::on(staging.host())
        .method("POST")
        .path_contains("_action=testConnection");
    env.network.fault(tests, Fault::status(500));
    let mut again = company.promotion("again", json!({"upTo": "staging", "onFailure": "Rollback"}));
    again["spec"]["timeouts"] = json!({"lock": "30m", "promotion": "2h", "verification": "5m"});
    env.namespace.apply(again).await.unwrap();
    let failed = env.phase("again", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "NothingToPromote", "{}", failed.data["status"]);
    assert_eq!((promotions(&env), env.violation(&company)), (1, None));
    env.check_outputs().await;
}
