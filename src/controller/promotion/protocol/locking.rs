//! The lock is ours: it is on its way, is there, or is lost again.

use super::{act::Act, case::Case};
use crate::api::{Action, LockStatus, Outcome, Reason};

impl Case<'_> {
    /// The lock is ours, and on its way.
    pub(super) fn locking(&self, lock: &LockStatus) -> Act {
        let Some(id) = lock.id.as_deref() else {
            return self.lock_requested(lock);
        };
        if self.rules.stops {
            return self.stopped();
        }
        let shown = &self.sight.lock;
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        if shown.is_locked_by(id) {
            if let Some(busy) = self.busy(id, is_overdue, "something else") {
                return busy;
            }
            return match self.stage.action {
                Action::Rollback => self.roll_back(id, is_overdue),
                Action::Promotion | Action::Unknown => self.request_dry_run(1),
            };
        }
        if let Some(lost) = self.lost(lock, id) {
            return lost;
        }
        if shown.has_failed() {
            return self.release(
                Outcome::Failed,
                Reason::LockFailed,
                "the tenant failed to lock the environments",
            );
        }
        if is_overdue {
            let message = "the environments were not locked within spec.timeouts.lock";
            return self.release(Outcome::Failed, Reason::LockFailed, message);
        }
        self.wait(Reason::Locking, false, "the environments are being locked")
    }

    /// A lock that is gone, or has become another's. Nothing is removed: what was done is read from the reports.
    pub(super) fn lost(&self, lock: &LockStatus, id: &str) -> Option<Act> {
        if !self.sight.lock.is_free_of(id) || !self.is_settled(lock) {
            return None;
        }
        Some(self.release(
            Outcome::Retry,
            Reason::LockLost,
            "the lock was taken away before anything was promoted",
        ))
    }

    /// Something is under way under our lock and has to end first, or is given up by a person.
    pub(super) fn busy(&self, id: &str, is_overdue: bool, what: &str) -> Option<Act> {
        if self.may_run(id, is_overdue) {
            return Some(self.running(is_overdue, what));
        }
        self.sight.is_running().then(|| {
            let message = "the tenant shows no state that is known, and the lock is given back";
            self.release(Outcome::Failed, Reason::PromotionOverdue, message)
        })
    }

    pub(super) fn running(&self, is_overdue: bool, what: &str) -> Act {
        if is_overdue {
            let message = format!(
                "{what} takes longer than spec.timeouts allows: the operator goes on observing, and unlocks nothing while the tenant says that something is under way. Where the tenant shows a state that nobody knows, annotate this Promotion with pingone-aic.io/unlock: <promotion id> to have the lock given back"
            );
            return self.wait(Reason::PromotionOverdue, true, message);
        }
        self.wait(Reason::Running, false, format!("{what} is under way"))
    }

    /// A person has stopped the run, and nothing is promoted yet.
    pub(super) fn stopped(&self) -> Act {
        let message = "the run was stopped before anything was promoted";
        self.release(Outcome::Aborted, Reason::Aborted, message)
    }
}
