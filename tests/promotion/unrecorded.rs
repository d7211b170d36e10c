//! What was answered to the request for a lock cannot be recorded: rows 4b and 5.

use std::time::Duration;

use pingone_aic_simulator::{Fault, FaultHandle, Rule, tenant::LockState};

use crate::{
    arena::{API_SERVER, Arena, company::THREE},
    look::{is_removed, promotions},
};

impl Arena {
    /// From now on nothing can be recorded about the run `release`.
    fn refuse_records(&self) -> FaultHandle {
        let status = Rule::on(API_SERVER)
            .method("PATCH")
            .path_contains("/promotions/release/status");
        self.network.fault(status, Fault::status(503))
    }
}

#[tokio::test]
async fn a_lock_that_cannot_be_recorded_is_given_back() {
    let mut arena = Arena::start("a lock that cannot be recorded").await;
    let company = arena.company(&THREE).await;
    arena.lock_on_its_way(&company).await;
    let refused = arena.refuse_records();
    arena
        .until_answered(|call| call.is("POST", "/promotion/lock") && call.status == Some(202))
        .await;
    arena
        .wait_until(|_| {
            let is_back = refused.hits() > 0 && company.stranded().is_none();
            (!is_back).then(|| "it is not given back".to_owned())
        })
        .await;
    assert!(is_removed(&arena, None));
    assert_eq!(promotions(&arena), 0);
    refused.remove();
    arena.promoted(&company, 0).await;
    arena.check_outputs().await;
}

/// As long as nobody can read whether the lock is recorded, somebody else may go on with it: it is kept, and told of.
#[tokio::test]
async fn a_lock_of_which_nobody_knows_whether_it_is_recorded_is_kept_and_told_of() {
    let mut arena = Arena::start("nobody knows whether a lock is recorded").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    arena.lock_on_its_way(&company).await;
    let run = Rule::on(API_SERVER).path_contains("/promotions/release");
    let away = arena.network.fault(run, Fault::CloseBefore);
    arena
        .until_answered(|call| call.is("POST", "/promotion/lock") && call.status == Some(202))
        .await;
    arena.pass_time(Duration::from_mins(15)).await;
    assert!(staging.is_locked());
    assert!(!is_removed(&arena, None));
    let id = staging.locked_by().unwrap();
    let told = format!(
        "pingone_aic_unrecorded_lock_timestamp_seconds{{host=\"{}\",promotion_id=\"{id}\"}}",
        staging.host()
    );
    assert!(arena.operator.metrics().await.unwrap().contains(&told));
    assert!(arena.operator.log().contains(&id), "the log names it, too");
    away.remove();
    arena.promoted(&company, 0).await;
    assert!(!arena.operator.metrics().await.unwrap().contains(&told));
    arena.check_outputs().await;
}

/// The record has arrived, and only its answer is lost: whoever leads then goes on with the lock.
#[tokio::test]
async fn a_lock_whose_record_has_arrived_is_not_asked_back() {
    let mut arena = Arena::start("a record has arrived").await;
    let company = arena.company(&THREE).await;
    arena.lock_on_its_way(&company).await;
    let status = Rule::on(API_SERVER)
        .method("PATCH")
        .path_contains("/promotions/release/status")
        .times(1);
    let lost = arena.network.fault(status, Fault::CloseAfter);
    arena.promoted(&company, 0).await;
    assert_eq!(lost.hits(), 1);
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_process_that_ends_records_first_that_a_lock_was_refused() {
    let mut arena = Arena::start("a refusal that cannot be recorded").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    arena.lock_on_its_way(&company).await;
    let theirs = staging.console().begin_lock();
    let refused = arena.refuse_records();
    arena
        .until_answered(|call| call.is("POST", "/promotion/lock") && call.status == Some(409))
        .await;
    arena
        .wait_until(|_| (refused.hits() == 0).then(|| "not recorded".to_owned()))
        .await;
    arena.operator.interrupt().unwrap();
    arena.pass_time(Duration::from_mins(2)).await;
    assert!(
        arena.operator.exit_status().is_none(),
        "only it knows of the refusal"
    );
    refused.remove();
    arena.advance(Duration::from_secs(20)).await;
    assert!(arena.operator.wait().await.unwrap().success());
    arena.operator.kill();
    arena.operator.start().await.unwrap();
    // Whoever comes after it knows that theirs is theirs, however idle it is.
    arena.until_reason("release", "EnvironmentLocked").await;
    arena.pass_time(Duration::from_mins(30)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);
    assert!(!is_removed(&arena, Some(&theirs)));
    staging.console().begin_unlock(&theirs);
    arena.promoted(&company, 0).await;
    arena.check_outputs().await;
}
