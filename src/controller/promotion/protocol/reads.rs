//! How much of an environment the next decision reads. What it does not read is not asked for, and what cannot be read
//! keeps no lock.

use k8s_openapi::jiff::Timestamp;

use super::{
    act::Rules,
    case::Case,
    content::Content,
    sight::{Fault, Sight},
};
use crate::{
    aic::{LockState, Progress, RunState},
    api::{Action, PromotionMode, StageStatus, Step},
};

/// Whether a decision reads the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Reports {
    /// Without them nothing is decided.
    Needed,
    /// What is told there counts; but it is decided without, if they cannot be read.
    IfReadable,
    NotNeeded,
}

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
) -> Reports {
    let Some(own) = &stage.lock else {
        return Reports::Needed;
    };
    let case = Case {
        stage,
        sight,
        rules,
        now,
    };
    let id = own.id.as_deref();
    let runs = sight.run.state() == RunState::Running;
    let timeouts = rules.timeouts;
    let is_overdue = match &stage.promote {
        Some(promote) => case.is_overdue(&promote.requested_at, timeouts.promotion),
        None => case.is_overdue(&own.requested_at, timeouts.lock),
    };
    let is_gone = || id.is_none_or(|id| sight.lock.is_free_of(id));
    match stage.step {
        // A person has decided.
        Some(Step::LockRequested) if rules.unlock.is_some_and(|id| sight.lock.shows(id)) => {
            Reports::IfReadable
        }
        Some(Step::Locking) if stage.action == Action::Rollback && !rules.stops && !is_overdue => {
            Reports::Needed
        }
        Some(Step::Locking) => Reports::NotNeeded,
        Some(Step::DryRun | Step::Promoting) if runs => Reports::NotNeeded,
        Some(Step::DryRun) if rules.stops => Reports::NotNeeded,
        // What blocks it is told there, too; the lock does not wait for that.
        Some(Step::DryRun) if id.is_some_and(|id| case.is_blocked(id)) => Reports::IfReadable,
        Some(Step::Promoting) if id.is_some_and(|id| case.is_blocked(id)) => Reports::NotNeeded,
        Some(Step::DryRun | Step::Promoting) if is_overdue => Reports::IfReadable,
        // A lock that is ours goes first; what was done under it is read when it is gone.
        Some(Step::Unlocking) if !own.unproved && !is_gone() => Reports::NotNeeded,
        Some(Step::Unlocking) if !own.unproved && rules.stops && stage.promote.is_none() => {
            Reports::IfReadable
        }
        _ => Reports::Needed,
    }
}

/// Whether a configuration is about to be rolled back, so that it is looked at once more.
pub(in super::super) fn reads_fault(stage: &StageStatus, lock: &LockState, rules: &Rules<'_>) -> bool {
    let id = stage.lock.as_ref().and_then(|lock| lock.id.as_deref());
    let is_locked = id.is_some_and(|id| lock.is_locked_by(id));
    stage.action == Action::Rollback && stage.step == Some(Step::Locking) && is_locked && !rules.stops
}

/// Whether the content is about to be compared: before the lock is asked for, and under it once the dry run has ended.
pub(in super::super) fn reads_content(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>) -> bool {
    if rules.stops || stage.action != Action::Promotion {
        return false;
    }
    match (stage.step, &stage.lock) {
        (Some(Step::DryRun), Some(lock)) => {
            // Where it is only looked at, the source belongs to what was found; else it is asked for at the last moment.
            let is_time = (rules.mode == PromotionMode::DryRun) == stage.dry_run.is_none();
            let is_of_lock = |id: &Option<String>| id.is_some() && *id == lock.id;
            let mut reports = sight.reports.iter();
            is_time
                && sight.run.state() == RunState::Idle
                && reports.any(|report| report.is_dry_run && is_of_lock(&report.lock_id))
        }
        (None, _) => rules.is_ready && sight.lock.is_unlocked(),
        _ => false,
    }
}

impl Sight {
    /// Nothing but the lock is seen.
    pub(in super::super) fn of_lock(lock: LockState) -> Self {
        Self {
            lock,
            run: Progress::default(),
            reports: Vec::new(),
            fault: Fault::NotShown,
            content: Content::default(),
        }
    }
}
