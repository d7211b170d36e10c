//! People at the console, before us, with us, after us.

use std::time::Duration;

use pingone_aic_simulator::{
    Exchange, Fault, Network, Rule, Tenant,
    tenant::{ConfigItem, LockState},
};
use pingone_aic_support::{Env, company::THREE};
use serde_json::json;

use crate::promotion::look::{Steps, is_removed, reason, stage};

#[tokio::test]
async fn a_lock_that_was_there_before_is_waited_for_and_left_alone() {
    let mut env = Env::start("a lock that was there before").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let theirs = staging.console().begin_lock();
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_reason("release", "EnvironmentLocked").await;
    env.pass_time(Duration::from_mins(45)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);
    assert!(!is_removed(&env, None), "nothing of theirs is removed");
    staging.console().begin_unlock(&theirs);
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_person_who_locks_in_the_same_moment_is_waited_for() {
    let mut env = Env::start("a person locks in the same moment").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    // Our request is on its way when theirs arrives.
    env.lock_on_its_way(&company).await;
    let theirs = staging.console().begin_lock();
    env.until_answered(|call| call.is("POST", "/promotion/lock") && call.status == Some(409))
        .await;
    let waiting = env.until_reason("release", "EnvironmentLocked").await;
    assert_eq!(waiting.data["status"]["phase"], "Pending");
    env.pass_time(Duration::from_mins(15)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);
    staging.console().begin_unlock(&theirs);
    env.promoted(&company, 0).await;
    assert!(!is_removed(&env, Some(&theirs)));
    env.check_outputs().await;
}

#[tokio::test]
async fn a_person_who_locks_while_our_answer_is_lost_and_promotes_keeps_the_lock() {
    let mut env = Env::start("a person locks while our answer is lost").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    // Our request never arrives; theirs does in the same moment.
    let lost = env.network.fault(
        Rule::on(staging.host())
            .method("POST")
            .path_contains("/promotion/lock")
            .times(1),
        Fault::CloseBefore,
    );
    env.release(&company, json!({"upTo": "staging"})).await;
    env.wait_until(|_| (lost.hits() == 0).then(|| "not asked yet".to_owned()))
        .await;
    let theirs = staging.console().begin_lock();
    env.until_reason("release", "LockOwnershipUnknown").await;
    env.pass_time(Duration::from_mins(5)).await;
    staging.console().begin_promotion("theirs");
    env.pass_time(Duration::from_mins(8)).await;
    let removed = env
        .network
        .journal()
        .into_iter()
        .find(|call| call.method == "DELETE");
    assert!(removed.is_none(), "{theirs} is removed: {}", removed.unwrap());
    // Their promotion has unlocked: now it is our turn, and nothing is left to promote.
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Skipped");
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn an_idle_lock_after_a_lost_answer_is_released_and_never_promoted_under() {
    let mut env = Env::start("an idle lock after a lost answer").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    env.network.fault(
        Rule::on(staging.host())
            .method("POST")
            .path_contains("/promotion/lock")
            .times(1),
        Fault::CloseAfter,
    );
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_reason("release", "LockOwnershipUnknown").await;
    let unproved = staging.lock_state();
    assert_ne!(unproved, LockState::Unlocked);
    env.promoted(&company, 1).await;
    env.check_outputs().await;
}

#[tokio::test]
async fn a_person_who_unlocks_ours_costs_a_retry() {
    let mut env = Env::start("a person unlocks ours").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_locked(&company, "staging").await;
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    env.promoted(&company, 1).await;
    env.check_outputs().await;
}

#[tokio::test]
async fn a_lock_that_is_taken_as_soon_as_ours_is_gone_is_not_ours_to_remove() {
    let mut env = Env::start("a lock taken as soon as ours is gone").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.wait_until(|env| {
        let promoted = env
            .network
            .journal()
            .into_iter()
            .any(|call| call.is("POST", "/promotion/promote") && call.request["dryRun"] == false);
        let is_over = promoted
            && staging.lock_state() == LockState::Unlocked
            && company.site("dev").tenant.lock_state() == LockState::Unlocked;
        (!is_over).then(|| "not over".to_owned())
    })
    .await;
    staging.console().begin_lock();
    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Promoted");
    assert_ne!(staging.lock_state(), LockState::Unlocked, "theirs is untouched");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_promotion_that_is_not_the_last_any_more_is_not_rolled_back() {
    somebody_promotes_before_the_rollback("a promotion that is not the last any more", |_, _| {}).await;
}

#[tokio::test]
async fn a_list_that_lags_behind_does_not_make_ours_the_last() {
    somebody_promotes_before_the_rollback("a list that lags behind", |network, upper| {
        let calls = network.journal();
        let is_list = |call: &&Exchange| call.host == upper.host() && call.is("GET", "/promotion/reports");
        let ours_is_last = calls.iter().rfind(is_list).unwrap().response.to_string();
        let lists = Rule::on(upper.host())
            .method("GET")
            .path_contains("/promotion/reports");
        network.fault(lists, Fault::status(200).body(&ours_is_last));
    })
    .await;
}

async fn somebody_promotes_before_the_rollback(sentence: &str, meanwhile: impl Fn(&Network, &Tenant)) {
    let mut env = Env::start(sentence).await;
    let company = env.company(&THREE).await;
    company.site("dev").spoil(&env.namespace).await;
    let staging = &company.site("staging").tenant;
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    env.release(&company, more).await;
    env.until_reason("release", "Verifying").await;
    // Somebody promotes before the fault is believed.
    meanwhile(&env.network, staging);
    company
        .site("dev")
        .tenant
        .console()
        .put_item(ConfigItem::idm("Email > Templates", "theirs"), "a change");
    staging.console().begin_lock();
    env.network.clock().advance(Duration::from_mins(3));
    staging.console().begin_promotion("theirs");
    env.network.clock().advance(Duration::from_mins(15));
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "RollbackNotOurs", "{}", failed.data["status"]);
    let calls = env.network.journal();
    assert!(!calls.iter().any(|call| call.is("POST", "/promotion/rollback")));
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}
