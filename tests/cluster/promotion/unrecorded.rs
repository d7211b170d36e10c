//! What was answered to the request for a lock cannot be recorded: rows 4b and 5.

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_simulator::{Fault, FaultHandle, Rule, tenant::LockState};
use pingone_aic_support::{API_SERVER, Env, company::THREE};

use crate::promotion::look::{Steps, is_removed, promotions};

#[ext(Unrecorded)]
pub(crate) impl Env {
    /// From now on nothing can be recorded about the run `release`.
    fn refuse_records(&self) -> FaultHandle {
        let status = Rule::on(API_SERVER)
            .method("PATCH")
            .path_contains("/promotions/release/status");
        self.network.fault(status, Fault::status(503))
    }
}

#[tokio::test]
async fn a_lock_that_cannot_be_recorded_is_released() {
    let mut env = Env::start("a lock that cannot be recorded").await;
    let company = env.company(&THREE).await;
    env.lock_on_its_way(&company).await;
    let refused = env.refuse_records();
    env.until_answered(|call| call.is("POST", "/promotion/lock") && call.status == Some(202))
        .await;
    env.wait_until(|_| {
        let is_back = refused.hits() > 0 && company.stranded().is_none();
        (!is_back).then(|| "it is not given back".to_owned())
    })
    .await;
    assert!(is_removed(&env, None));
    assert_eq!(promotions(&env), 0);
    refused.remove();
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}

/// As long as nobody can read whether the lock is recorded, somebody else may go on with it: it is kept, and told of.
#[tokio::test]
async fn a_lock_of_which_nobody_knows_whether_it_is_recorded_is_kept_and_told_of() {
    let mut env = Env::start("nobody knows whether a lock is recorded").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    env.lock_on_its_way(&company).await;
    let run = Rule::on(API_SERVER).path_contains("/promotions/release");
    let away = env.network.fault(run, Fault::CloseBefore);
    env.until_answered(|call| call.is("POST", "/promotion/lock") && call.status == Some(202))
        .await;
    env.pass_time(Duration::from_mins(15)).await;
    assert!(staging.is_locked());
    assert!(!is_removed(&env, None));
    let id = staging.locked_by().unwrap();
    let told = format!(
        "pingone_aic_unrecorded_lock_timestamp_seconds{{host=\"{}\",promotion_id=\"{id}\"}}",
        staging.host()
    );
    assert!(env.operator.metrics().await.unwrap().contains(&told));
    assert!(env.operator.log().contains(&id), "the log names it, too");
    away.remove();
    env.promoted(&company, 0).await;
    assert!(!env.operator.metrics().await.unwrap().contains(&told));
    env.check_outputs().await;
}

/// The record has arrived, and only its answer is lost: whoever leads then goes on with the lock.
#[tokio::test]
async fn a_lock_whose_record_has_arrived_is_not_asked_back() {
    let mut env = Env::start("a record has arrived").await;
    let company = env.company(&THREE).await;
    env.lock_on_its_way(&company).await;
    let status = Rule::on(API_SERVER)
        .method("PATCH")
        .path_contains("/promotions/release/status")
        .times(1);
    let lost = env.network.fault(status, Fault::CloseAfter);
    env.promoted(&company, 0).await;
    assert_eq!(lost.hits(), 1);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_process_that_ends_records_first_that_a_lock_was_refused() {
    let mut env = Env::start("a refusal that cannot be recorded").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    env.lock_on_its_way(&company).await;
    let theirs = staging.console().begin_lock();
    let refused = env.refuse_records();
    env.until_answered(|call| call.is("POST", "/promotion/lock") && call.status == Some(409))
        .await;
    env.wait_until(|_| (refused.hits() == 0).then(|| "not recorded".to_owned()))
        .await;
    env.operator.interrupt().unwrap();
    env.pass_time(Duration::from_mins(2)).await;
    assert!(
        env.operator.exit_status().is_none(),
        "only it knows of the refusal"
    );
    refused.remove();
    env.advance(Duration::from_secs(20)).await;
    assert!(env.operator.wait().await.unwrap().success());
    env.operator.kill();
    env.operator.start().await.unwrap();
    // Whoever comes after it knows that theirs is theirs, however idle it is.
    env.until_reason("release", "EnvironmentLocked").await;
    env.pass_time(Duration::from_mins(30)).await;
    assert_eq!(staging.lock_state(), LockState::Locked);
    assert!(!is_removed(&env, Some(&theirs)));
    staging.console().begin_unlock(&theirs);
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}
