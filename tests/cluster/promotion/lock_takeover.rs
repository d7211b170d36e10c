//! A person unlocks ours and locks for themselves, at each step.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Rule, tenant::LockState};
use pingone_aic_support::{
    Env,
    company::{Company, THREE},
};
use serde_json::json;

use crate::promotion::look::{Steps, is_promotion, is_removed, promotions};

#[tokio::test]
async fn a_lock_that_is_taken_over_on_its_way_is_another_persons() {
    let mut env = Env::start("a lock that is taken over on its way").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_step("Locking").await;
    taken_over(&mut env, &company).await;
}

#[tokio::test]
async fn nothing_is_promoted_under_a_lock_that_was_taken_over_while_a_report_was_read() {
    let mut env = Env::start("a lock that is taken over while a report is read").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let report = Rule::on(staging.host())
        .method("GET")
        .path_contains("/promotion/report/");
    let slow = env.network.fault(report, Fault::Delay(Duration::from_secs(1)));
    env.release(&company, json!({"upTo": "staging"})).await;
    // What the dry run has found: the promotion is decided by it.
    env.wait_until(|_| (slow.hits() == 0).then(|| "no report is read".to_owned()))
        .await;
    assert_eq!(promotions(&env), 0, "it was too late");
    taken_over(&mut env, &company).await;
    slow.remove();
}

/// Theirs is neither removed nor promoted under, and we wait for it.
async fn taken_over(env: &mut Env, company: &Company) {
    let staging = &company.site("staging").tenant;
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    let theirs = staging.console().begin_lock();
    env.network.clock().advance(Duration::from_mins(3));
    assert_eq!(staging.lock_state(), LockState::Locked);
    env.until_reason("release", "EnvironmentLocked").await;
    env.pass_time(Duration::from_mins(30)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);
    assert!(!is_removed(env, Some(&theirs)), "theirs is not ours to remove");
    assert_eq!(promotions(env), 0, "nothing is promoted under theirs");
    staging.console().begin_unlock(&theirs);
    env.promoted(company, 1).await;
    env.check_outputs().await;
}

#[tokio::test]
async fn a_promotion_whose_lock_a_person_removes_is_reported_all_the_same() {
    let mut env = Env::start("a person removes the lock of a promotion").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_answered(|call| is_promotion(call) && call.status == Some(202))
        .await;
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}
