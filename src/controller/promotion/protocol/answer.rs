//! What an answer to the request for a lock means.

use crate::api::{StageStatus, Step};

/// The lock is ours: its id is the only key to it.
pub(in super::super) fn lock_accepted(stage: &StageStatus, id: &str) -> StageStatus {
    let mut stage = stage.clone();
    stage.step = Some(Step::Locking);
    if let Some(lock) = &mut stage.lock {
        lock.id = Some(id.to_owned());
    }
    stage
}

/// The lock was not given: as if it had not been asked for.
pub(in super::super) fn lock_refused(stage: &StageStatus) -> StageStatus {
    StageStatus {
        step: None,
        lock: None,
        ..stage.clone()
    }
}
