//! What an answer to a request means.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::case::whole_seconds;
use crate::api::{Outcome, Reason, StageStatus, Step};

/// The lock is ours: its id is the only key to it.
pub(in super::super) fn lock_accepted(stage: &StageStatus, id: &str) -> StageStatus {
    let mut stage = stage.clone();
    stage.step = Some(Step::Locking);
    if let Some(lock) = &mut stage.lock {
        lock.id = Some(id.to_owned());
    }
    stage
}

/// The lock was not given: as if it had not been requested.
pub(in super::super) fn lock_refused(stage: &StageStatus) -> StageStatus {
    StageStatus {
        step: None,
        lock: None,
        ..stage.clone()
    }
}

/// The tenant will make no dry run, however often it is requested. The lock is released.
pub(in super::super) fn dry_run_refused(stage: &StageStatus, why: &str, now: Timestamp) -> StageStatus {
    let mut stage = stage.clone();
    stage.step = Some(Step::Unlocking);
    stage.outcome = Some(Outcome::Failed);
    stage.reason = Some(Reason::DryRunFailed.as_str().to_owned());
    stage.message = Some(format!("the dry run was refused: {why}"));
    if let Some(lock) = &mut stage.lock {
        lock.releasing_since = Some(Time(whole_seconds(now)));
    }
    stage
}
