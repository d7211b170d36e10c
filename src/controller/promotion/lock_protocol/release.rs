//! The lock is released, and then the outcome applied. Rows 22 to 24.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    case::Case,
    decision::{Decided, LONGEST_RELEASE, MOST_TRIES},
    observation::SeenReport,
    row::Row,
};
use crate::{
    aic::LockStatus as Shown,
    api::{ABANDON_ANNOTATION, Action, LockStatus, Outcome, Reason, StageStatus, Step},
};

impl Case<'_> {
    /// The lock is being released, however long that takes.
    pub(super) fn unlocking(&self, lock: &LockStatus) -> Decided {
        let Some(id) = lock.id.as_deref() else {
            return self.resume(Row::R24);
        };
        if lock.unproved && self.is_used_by_another(id)? {
            // Somebody uses it, so it was never ours.
            return self.resume(Row::R7);
        }
        if self.shown().is_free_of(id) {
            if !self.is_settled(lock) {
                let message =
                    "releasing the lock: the operator waits until it is certain that the lock is gone";
                return Ok(self.wait(Row::R24, Reason::Unlocking, false, message));
            }
            return self.apply(lock, id);
        }
        let since = lock.releasing_since.as_ref();
        let since = since.map_or(Duration::ZERO, |since| self.since(since));
        let is_stalled = since >= LONGEST_RELEASE;
        if self.may_run(id, is_stalled)? {
            return Ok(self.wait(
                Row::R22,
                Reason::Running,
                is_stalled,
                "something is in progress under the lock: the operator releases it afterwards. If the tenant shows an unknown state, annotate this Promotion with pingone-aic.io/unlock: <promotion id>",
            ));
        }
        let (reason, message) = if is_stalled {
            let message = format!(
                "lock {id} has not been released for ten minutes: unlock it in the tenant's console, or delete this object and annotate it with {ABANDON_ANNOTATION}: true to let it go with its lock"
            );
            (Reason::LockNotReleased, message)
        } else {
            (Reason::Unlocking, format!("releasing lock {id}"))
        };
        // A run without an id may be under our lock, which is the only one that is deleted.
        Ok(if self.is_releasable(id) {
            self.unlock(Row::R23, id, reason, is_stalled, message)
        } else {
            self.wait(Row::R23, reason, is_stalled, message)
        })
    }

    /// Whether the lock's state allows its deletion.
    fn is_releasable(&self, id: &str) -> bool {
        let is = |state: Shown| matches!(state, Shown::Locked | Shown::Locking | Shown::Error);
        let shown = self.shown();
        let is_held = |state: Shown, by: Option<&str>| is(state) && by.is_none_or(|by| by == id);
        shown
            .sides()
            .any(|side| is_held(side.state, side.promotion_id.as_deref()))
            || (is(shown.result) && (shown.sides().count() == 0 || shown.promotion_id.as_deref() == Some(id)))
    }

    /// The lock is gone. A real report under it counts for more than the decided outcome.
    fn apply(&self, lock: &LockStatus, id: &str) -> Decided {
        let stops = self.rules.stops;
        // A run that is to stop and has requested no promotion needs no reports.
        let reports = if !lock.unproved && stops && self.stage.promote.is_none() {
            self.readable_reports()?
        } else {
            self.reports()?
        };
        let is_done = if lock.unproved {
            let ours = |report: &SeenReport| report.is_real(self.stage.action) && self.is_our_request(report);
            reports.iter().any(ours)
        } else {
            self.is_done(id, reports)
        };
        let decided = self.stage.outcome.unwrap_or(Outcome::Retry);
        let reason = self.stage.reason.as_deref().and_then(Reason::find);
        let reason = reason.unwrap_or(Reason::LockLost);
        // A promotion that the tenant called failed stays failed, even if it has a report.
        let has_failed = self.stage.promote.as_ref().is_some_and(|promote| promote.failed);
        let (outcome, reason) = match (is_done && !has_failed, self.stage.action) {
            (true, Action::Rollback) => (Outcome::RolledBack, Reason::RolledBack),
            (true, _) if decided == Outcome::AlreadyPromoted => (decided, reason),
            (true, _) => (Outcome::Promoted, Reason::Promoted),
            (false, _) => (decided, reason),
        };
        match outcome {
            Outcome::Held if stops => self.end(Outcome::Aborted, Reason::Aborted),
            Outcome::Held => Ok(Row::R15b.remembers(self.held())),
            Outcome::Retry if stops => self.end(Outcome::Aborted, reason),
            Outcome::Retry if self.stage.retries < MOST_TRIES => Ok(Row::R24.remembers(StageStatus {
                retries: self.stage.retries + 1,
                ..self.anew()
            })),
            Outcome::Retry => self.end(Outcome::Failed, reason),
            outcome => self.end(outcome, reason),
        }
    }

    fn end(&self, outcome: Outcome, reason: Reason) -> Decided {
        self.leave(Row::R24, finish(self.stage, outcome, reason, self.now))
    }
}

/// The stage continues with its verification, or ends.
pub(in super::super) fn finish(
    stage: &StageStatus,
    outcome: Outcome,
    reason: Reason,
    now: Timestamp,
) -> StageStatus {
    let mut stage = stage.clone();
    let now = Time(now);
    if outcome == Outcome::Promoted {
        // A promotion that was not rolled back is verified like any other.
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
