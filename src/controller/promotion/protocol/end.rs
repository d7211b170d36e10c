//! The lock is given back, and then the outcome applied.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{Act, Case, LONGEST_RELEASE, MOST_TRIES};
use crate::{
    aic::{LockStatus as Shown, RunState},
    api::{Action, LockStatus, Outcome, Reason, StageStatus, Step},
};

impl Case<'_> {
    /// The lock is being given back, for as long as it takes.
    pub(super) fn unlocking(&self, lock: &LockStatus) -> Act {
        let Some(id) = lock.id.as_deref() else {
            return Act::Remember(self.anew());
        };
        let (shown, run) = (&self.sight.lock, &self.sight.run);
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
            return Act::Remember(self.anew());
        }
        // Failed without saying under which id: it was ours when it last said so.
        let nameless = shown.result == Shown::Error && shown.sides().all(|side| side.promotion_id.is_none());
        if shown.shows(id) || nameless {
            let may_run = match run.state() {
                RunState::Idle => false,
                RunState::Running => true,
                RunState::Unknown => !(is_stalled && self.rules.unlock == Some(id)),
            };
            if may_run {
                return self.wait(
                    Reason::Running,
                    is_stalled,
                    "something is under way under the lock: it is given back afterwards",
                );
            }
            if self.is_releasable(id) || nameless {
                let message = format!("lock {id} is being given back");
                return Act::Unlock(id.to_owned(), self.until(reason, is_stalled, message));
            }
            let message = format!("lock {id} is not gone yet: the operator goes on asking for it");
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

    /// Whether an environment holds this lock in a state from which it can be removed.
    fn is_releasable(&self, id: &str) -> bool {
        let is = |state: Shown| matches!(state, Shown::Locked | Shown::Locking | Shown::Error);
        let shown = &self.sight.lock;
        shown
            .sides()
            .any(|side| is(side.state) && side.promotion_id.as_deref() == Some(id))
            || (shown.sides().count() == 0 && is(shown.result))
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
        let (outcome, reason) = match (is_done, self.stage.action) {
            (true, Action::Rollback) => (Outcome::RolledBack, Reason::RolledBack),
            (true, _) if decided == Outcome::AlreadyPromoted => (decided, reason),
            (true, _) => (Outcome::Promoted, Reason::Promoted),
            (false, _) => (decided, reason),
        };
        if outcome != Outcome::Retry {
            return Act::Remember(finish(self.stage, outcome, reason, self.now));
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
        Act::Remember(finish(self.stage, outcome, reason, self.now))
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
