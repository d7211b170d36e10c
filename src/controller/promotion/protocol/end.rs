//! The lock is given back, and then the outcome applied.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    act::{Act, LONGEST_RELEASE, MOST_TRIES},
    case::Case,
};
use crate::{
    aic::LockStatus as Shown,
    api::{ABANDON_ANNOTATION, Action, LockStatus, Outcome, Reason, StageStatus, Step},
};

impl Case<'_> {
    /// The lock is being given back, for as long as it takes.
    pub(super) fn unlocking(&self, lock: &LockStatus) -> Act {
        let Some(id) = lock.id.as_deref() else {
            return self.resume();
        };
        let shown = &self.sight.lock;
        let since = lock
            .releasing_since
            .as_ref()
            .map_or(Duration::ZERO, |since| self.since(since));
        let is_stalled = since >= LONGEST_RELEASE;
        let reason = if is_stalled {
            Reason::LockNotReleased
        } else {
            Reason::Unlocking
        };
        if lock.unproved && self.is_used_by_another(id) {
            // Somebody works under it: it was never ours.
            return self.resume();
        }
        if !shown.is_free_of(id) {
            if self.may_run(id, is_stalled) {
                return self.wait(
                    Reason::Running,
                    is_stalled,
                    "something is under way under the lock: it is given back afterwards. Where the tenant shows a state that nobody knows, annotate this Promotion with pingone-aic.io/unlock: <promotion id>",
                );
            }
            // Whoever names no id may mean ours, which is the only one that is asked back.
            if self.is_releasable(id) {
                let message = if is_stalled {
                    format!(
                        "lock {id} is asked back without success: unlock it in the tenant's console, or delete this object and annotate it with {ABANDON_ANNOTATION}: true to let it go with its lock"
                    )
                } else {
                    format!("lock {id} is being given back")
                };
                return self.unlock(id, reason, is_stalled, message);
            }
            let remedy = if is_stalled {
                format!(
                    ". Unlock it in the tenant's console, or delete this object and annotate it with {ABANDON_ANNOTATION}: true to let it go with its lock"
                )
            } else {
                String::new()
            };
            let message = format!(
                "lock {id} is not gone yet, and the tenant shows it in no state in which it could be asked back: the operator looks again{remedy}"
            );
            return self.wait(reason, is_stalled, message);
        }
        if !self.is_settled(lock) {
            return self.wait(
                Reason::Unlocking,
                false,
                "whether the lock is gone is not certain yet",
            );
        }
        self.apply(lock, id)
    }

    /// Whether the lock is in a state from which it can be removed.
    fn is_releasable(&self, id: &str) -> bool {
        let is = |state: Shown| matches!(state, Shown::Locked | Shown::Locking | Shown::Error);
        let shown = &self.sight.lock;
        let is_held = |state: Shown, by: Option<&str>| is(state) && by.is_none_or(|by| by == id);
        shown
            .sides()
            .any(|side| is_held(side.state, side.promotion_id.as_deref()))
            || (is(shown.result) && (shown.sides().count() == 0 || shown.promotion_id.as_deref() == Some(id)))
    }

    /// The lock is gone. What was done under it after all counts for more than what was decided.
    fn apply(&self, lock: &LockStatus, id: &str) -> Act {
        let decided = self.stage.outcome.unwrap_or(Outcome::Retry);
        let reason = self
            .stage
            .reason
            .as_deref()
            .and_then(Reason::find)
            .unwrap_or(Reason::LockLost);
        let is_done = if lock.unproved {
            self.sight
                .reports
                .iter()
                .any(|report| report.is_real(self.stage.action) && self.is_our_request(report))
        } else {
            self.real_report(id).is_some()
        };
        // What the tenant called a failure is none the less one for having a report.
        let was_blocked = decided == Outcome::Failed && reason == Reason::PromotionFailed;
        let (outcome, reason) = match (is_done, self.stage.action) {
            _ if was_blocked => (decided, reason),
            (true, Action::Rollback) => (Outcome::RolledBack, Reason::RolledBack),
            (true, _) if decided == Outcome::AlreadyPromoted => (decided, reason),
            (true, _) => (Outcome::Promoted, Reason::Promoted),
            (false, _) => (decided, reason),
        };
        if outcome == Outcome::Held && !self.rules.stops {
            return Act::Remember(self.held());
        }
        if outcome == Outcome::Held {
            return self.leave(finish(self.stage, Outcome::Aborted, Reason::Aborted, self.now));
        }
        if outcome != Outcome::Retry {
            return self.leave(finish(self.stage, outcome, reason, self.now));
        }
        if self.stage.retries < MOST_TRIES && !self.rules.stops {
            return Act::Remember(StageStatus {
                retries: self.stage.retries + 1,
                ..self.anew()
            });
        }
        let outcome = if self.rules.stops {
            Outcome::Aborted
        } else {
            Outcome::Failed
        };
        self.leave(finish(self.stage, outcome, reason, self.now))
    }
}

/// The stage goes on to its verification, or is over.
pub(in super::super) fn finish(
    stage: &StageStatus,
    outcome: Outcome,
    reason: Reason,
    now: Timestamp,
) -> StageStatus {
    let mut stage = stage.clone();
    let now = Time(now);
    if outcome == Outcome::Promoted {
        // What was not rolled back after all is verified like any promotion.
        stage.action = Action::Promotion;
    }
    stage.started_at.get_or_insert(now.clone());
    stage.outcome = Some(outcome);
    stage.reason = Some(reason.as_str().to_owned());
    if matches!(
        outcome,
        Outcome::Promoted | Outcome::AlreadyPromoted | Outcome::Skipped
    ) {
        stage.step = Some(Step::Verifying);
        stage.verifying_since = Some(now);
    } else {
        stage.step = Some(Step::Done);
        stage.finished_at = Some(now);
    }
    stage
}
