//! The lock is ours: not yet in effect, in effect, or lost. Rows 11 to 13b.

use super::{
    case::Case,
    decision::{Decided, Decision},
    observation::Missing,
    row::Row,
};
use crate::api::{Action, LockStatus, Outcome, Reason};

impl Case<'_> {
    /// The lock is ours, and not yet in effect.
    pub(super) fn locking(&self, lock: &LockStatus) -> Decided {
        let Some(id) = lock.id.as_deref() else {
            return self.lock_requested(lock);
        };
        if self.rules.stops {
            return Ok(self.stopped());
        }
        let shown = self.shown();
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        if shown.is_locked_by(id) {
            if let Some(busy) = self.busy(id, is_overdue, "something else")? {
                return Ok(busy);
            }
            return match self.stage.action {
                Action::Rollback => self.roll_back(id, is_overdue),
                Action::Promotion | Action::Unknown => Ok(self.request_dry_run(Row::R11, 1)),
            };
        }
        if let Some(lost) = self.lost(lock, id) {
            return Ok(lost);
        }
        if shown.has_failed() {
            let message = "the tenant failed to lock the environments";
            return Ok(self.release(Row::R12, Outcome::Failed, Reason::LockFailed, message));
        }
        if is_overdue {
            let message = "the environments were not locked within spec.timeouts.lock";
            return Ok(self.release(Row::R12, Outcome::Failed, Reason::LockFailed, message));
        }
        let message = "the environments are being locked";
        Ok(self.wait(Row::R11, Reason::Locking, false, message))
    }

    /// The lock is gone, or somebody else's. Nothing is deleted; the reports show what was done.
    pub(super) fn lost(&self, lock: &LockStatus, id: &str) -> Option<Decision> {
        if !self.shown().is_free_of(id) || !self.is_settled(lock) {
            return None;
        }
        let message = "the lock was lost before anything was promoted";
        Some(self.release(Row::R13, Outcome::Retry, Reason::LockLost, message))
    }

    /// Something is in progress under our lock. It must end first, unless a person wants the lock released.
    pub(super) fn busy(&self, id: &str, is_overdue: bool, what: &str) -> Result<Option<Decision>, Missing> {
        if self.may_run(id, is_overdue)? {
            return Ok(Some(self.running(Row::R13b, is_overdue, what)));
        }
        Ok(self.is_running()?.then(|| {
            let message = "the tenant shows an unknown state, and a person had the lock released";
            self.release(Row::R13b, Outcome::Failed, Reason::PromotionOverdue, message)
        }))
    }

    pub(super) fn running(&self, row: Row, is_overdue: bool, what: &str) -> Decision {
        if is_overdue {
            let message = format!(
                "{what} takes longer than spec.timeouts allows: the operator continues to observe, and releases no lock while the tenant says that something is in progress. If the tenant shows an unknown state, annotate this Promotion with pingone-aic.io/unlock: <promotion id> to have the lock released"
            );
            return self.wait(row, Reason::PromotionOverdue, true, message);
        }
        self.wait(row, Reason::Running, false, format!("{what} is in progress"))
    }

    /// Row 26: a person has stopped the run, and nothing is promoted yet.
    pub(super) fn stopped(&self) -> Decision {
        let message = "the run was stopped before anything was promoted";
        self.release(Row::R26, Outcome::Aborted, Reason::Aborted, message)
    }
}
