//! How much of an environment the next decision reads. What it does not read is not asked for, and what cannot be read
//! keeps no lock.

use k8s_openapi::jiff::Timestamp;

use super::{Case, Rules, Sight};
use crate::{
    aic::{LockState, Progress, RunState},
    api::{Action, StageStatus, Step},
};

/// Whether it matters what runs.
pub(in super::super) fn reads_run(stage: &StageStatus, lock: &LockState) -> bool {
    let id = stage.lock.as_ref().and_then(|lock| lock.id.as_deref());
    match stage.step {
        // While a lock is on its way, nothing can run under it.
        Some(Step::Locking) => id.is_none_or(|id| lock.is_locked_by(id)),
        Some(Step::LockRequested) => !lock.is_unlocked(),
        _ => true,
    }
}

/// Whether the reports matter, given the rest of what is seen.
pub(in super::super) fn reads_reports(
    stage: &StageStatus,
    sight: &Sight,
    rules: &Rules<'_>,
    now: Timestamp,
) -> bool {
    let Some(own) = &stage.lock else { return true };
    let case = Case {
        stage,
        sight,
        rules,
        now,
    };
    let is_given_up = rules.stops || case.is_overdue(&own.requested_at, rules.timeouts.lock);
    match stage.step {
        Some(Step::Locking) => stage.action == Action::Rollback && !is_given_up,
        Some(Step::DryRun) => sight.run.state() != RunState::Running && !is_given_up,
        Some(Step::Promoting) => sight.run.state() != RunState::Running,
        // A lock that is ours goes first; what was done under it is read when it is gone.
        Some(Step::Unlocking) => own.unproved || own.id.as_deref().is_none_or(|id| sight.lock.is_free_of(id)),
        _ => true,
    }
}

impl Sight {
    /// Nothing but the lock is seen.
    pub(in super::super) fn of_lock(lock: LockState) -> Self {
        Self {
            lock,
            run: Progress::default(),
            reports: Vec::new(),
        }
    }
}
