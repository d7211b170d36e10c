//! The answer to a request for a lock is not known: rows 2b and 6 to 10. When a lock came, and what happens under it,
//! decides whose it is.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    case::Case,
    decision::{Decided, Decision, LOCK_SETTLES, QUIET_PERIOD},
    observation::{Missing, SeenReport},
    release::finish,
    row::Row,
};
use crate::api::{LockStatus, Outcome, Reason, SeenLock, StageStatus, Step, SuspectLock};

/// A lock that appears within this time after a request has settled may be its effect. A person decides about a later
/// one.
pub(super) const SHOWS_WITHIN: Duration = Duration::from_mins(5);
/// How long a request without an effect may still have one, because a gateway may have held it.
const SUSPECT_FOR: Duration = Duration::from_mins(10);

impl Case<'_> {
    /// The lock is requested, and its answer is not known.
    pub(super) fn lock_requested(&self, lock: &LockStatus) -> Decided {
        let shown = self.shown();
        if self.rules.is_void {
            return self.resume(Row::R5);
        }
        if shown.is_unlocked() {
            return Ok(self.nothing_is_locked(lock));
        }
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        let is_settled = self.is_settled(lock);
        if let Some(id) = self.rules.unlock.filter(|id| shown.shows(id))
            && !self.may_run(id, is_overdue)?
        {
            // It is recorded first, because a lock that comes after it is somebody else's.
            let seen = lock.seen.as_ref().filter(|seen| seen.id == id);
            if seen.is_none_or(|seen| is_settled && !seen.settled) {
                let since = seen.map_or(Time(self.now), |seen| seen.since.clone());
                return Ok(self.see(id, &since, is_settled));
            }
            let message = format!("releasing lock {id}, as the annotation of this Promotion asks");
            return Ok(self.unlock(Row::R10b, id, Reason::Unlocking, false, message));
        }
        let Some(id) = shown.common_id() else {
            return Ok(self.one_sided(Row::R8b, is_overdue));
        };
        if lock.before.as_deref() == Some(id) {
            // What happened under it happened before. Our lock may show that id until it has its own.
            return Ok(if is_settled {
                self.give_up(Row::R7, lock)
            } else {
                self.unknown_lock(Row::R7, is_overdue, &format!("lock {id}"))
            });
        }
        let reports = self.reports()?;
        if self.proves_ours(id, reports) {
            return Ok(Row::R7c.remembers(self.adopt(id, Outcome::Retry, Reason::LockLost)));
        }
        if self.is_used_by_another(id)? {
            return Ok(self.give_up(Row::R7, lock));
        }
        match &lock.seen {
            Some(seen) if seen.id == id && (seen.settled || !is_settled) => {
                self.decide_idle(lock, seen, is_overdue)
            }
            Some(seen) if seen.id == id => Ok(self.see(id, &seen.since, true)),
            // A lock that was there when the request must have settled was its effect, or prevented it.
            Some(seen) if seen.settled => Ok(self.give_up(Row::R7b, lock)),
            _ => Ok(self.see(id, &Time(self.now), is_settled)),
        }
    }

    /// The request was lost or had no effect. The stage begins again: an outage does not fail a run.
    fn nothing_is_locked(&self, lock: &LockStatus) -> Decision {
        if !self.is_settled(lock) {
            let message =
                "the operator does not know yet whether it has the lock, and checks again by itself";
            return self.wait(Row::R6, Reason::LockOwnershipUnknown, false, message);
        }
        self.give_up(Row::R6, lock)
    }

    /// The stage as before this request, which may still have an effect. A later lock may count as that effect only
    /// if there was none before. A stage whose end was decided keeps waiting.
    fn give_up(&self, row: Row, lock: &LockStatus) -> Decision {
        let suspect = SuspectLock {
            attempt: lock.attempt.clone(),
            requested_at: lock.requested_at.clone(),
            before: lock.before.clone(),
            contested: lock.contested || !self.shown().is_unlocked() || lock.seen.is_some(),
        };
        let stage = if self.decided().is_some() {
            self.with(|stage| {
                stage.step = Some(Step::Unlocking);
                if let Some(lock) = &mut stage.lock {
                    (lock.id, lock.seen) = (None, None);
                }
            })
        } else {
            self.anew()
        };
        row.remembers(StageStatus {
            suspect: Some(suspect),
            ..stage
        })
    }

    /// Whether the reports under a lock prove it to be ours. A dry run names no lock: if a gateway held one that was
    /// requested under an earlier lock, it runs under the present one.
    pub(super) fn proves_ours(&self, id: &str, reports: &[SeenReport]) -> bool {
        let may_be_late = self.stage.retries > 0;
        reports.iter().any(|report| {
            report.lock_id.as_deref() == Some(id)
                && self.is_our_run(report)
                && !(report.is_dry_run && may_be_late)
        })
    }

    fn see(&self, id: &str, since: &Time, settled: bool) -> Decision {
        Row::R8.remembers(self.with(|stage| {
            if let Some(lock) = &mut stage.lock {
                lock.seen = Some(SeenLock {
                    id: id.to_owned(),
                    since: since.clone(),
                    settled,
                });
            }
        }))
    }

    /// A lock that may be ours, and under which nothing has happened yet.
    fn decide_idle(&self, lock: &LockStatus, seen: &SeenLock, is_overdue: bool) -> Decided {
        let id = &seen.id;
        let is_late = seen.since.0 > lock.requested_at.0 + LOCK_SETTLES + SHOWS_WITHIN;
        // Under a lock that may be ours nothing was done.
        let mut reports = self.reports()?.iter();
        let is_used = reports.any(|report| report.lock_id.as_deref() == Some(id));
        if is_late || is_used || lock.contested || is_overdue {
            return Ok(self.unknown_lock(Row::R10, true, &format!("lock {id}")));
        }
        let is_idle = self.shown().is_locked_by(id) && !self.may_run(id, false)?;
        if !is_idle || self.idle_for()? < QUIET_PERIOD {
            return Ok(self.unknown_lock(Row::R8, false, &format!("lock {id}")));
        }
        // Idle since the answer was lost: released, and never promoted under.
        Ok(Row::R9.remembers(self.with(|stage| {
            stage.step = Some(Step::Unlocking);
            if stage.outcome.is_none() {
                stage.outcome = Some(Outcome::Retry);
                stage.reason = Some(Reason::LockAnswerLost.as_str().to_owned());
            }
            if let Some(lock) = &mut stage.lock {
                lock.id = Some(id.clone());
                lock.unproved = true;
                lock.releasing_since = Some(Time(self.now));
            }
        })))
    }

    /// Only one environment is locked: another pair's lock, or one that is not yet in effect.
    fn one_sided(&self, row: Row, is_stale: bool) -> Decision {
        let remedy = if is_stale {
            "if nobody else uses it, unlock it in the tenant's console"
        } else {
            "the operator waits until the other one shows it, too, or none does"
        };
        self.wait(
            row,
            Reason::LockOwnershipUnknown,
            is_stale,
            format!(
                "the answer to the request for a lock was lost, and one of the two environments is locked, for this run or for another pair: {remedy}"
            ),
        )
    }

    fn unknown_lock(&self, row: Row, is_stale: bool, what: &str) -> Decision {
        let remedy = if is_stale {
            "unlock it in the tenant's console if nobody else uses it, or annotate this Promotion with pingone-aic.io/unlock: <promotion id>"
        } else {
            "the operator waits until somebody uses it, or nobody has for ten minutes"
        };
        self.wait(
            row,
            Reason::LockOwnershipUnknown,
            is_stale,
            format!(
                "the answer to the request for a lock was lost, and {what} may be this run's or another's: {remedy}"
            ),
        )
    }

    /// How the stage ends, if that was decided under an earlier lock.
    fn decided(&self) -> Option<Outcome> {
        self.stage
            .outcome
            .filter(|outcome| !matches!(outcome, Outcome::Retry | Outcome::Held))
    }

    /// The stage as before this request. A stage whose end was decided under an earlier lock ends.
    pub(super) fn resume(&self, row: Row) -> Decided {
        let Some(outcome) = self.decided() else {
            return Ok(row.remembers(self.anew()));
        };
        let reason = self.stage.reason.as_deref().and_then(Reason::find);
        let reason = reason.unwrap_or(Reason::LockLost);
        self.leave(row, finish(self.stage, outcome, reason, self.now))
    }

    /// The stage with a suspect: a request whose late effect a new lock may be.
    pub(super) fn take_up_suspect(&self) -> Result<Option<StageStatus>, Missing> {
        let Some((suspect, id)) = self.stage.suspect.as_ref().zip(self.shown().common_id()) else {
            return Ok(None);
        };
        if suspect.before.as_deref() == Some(id) || self.is_used_by_another(id)? {
            return Ok(None);
        }
        Ok(Some(self.with(|stage| {
            stage.step = Some(Step::LockRequested);
            stage.started_at.get_or_insert(Time(self.now));
            stage.suspect = None;
            stage.lock = Some(LockStatus {
                attempt: suspect.attempt.clone(),
                requested_at: suspect.requested_at.clone(),
                before: suspect.before.clone(),
                id: None,
                contested: suspect.contested,
                seen: Some(SeenLock {
                    id: id.to_owned(),
                    since: Time(self.now),
                    settled: true,
                }),
                unproved: false,
                releasing_since: None,
            });
        })))
    }

    /// Ends with the locks of this stage, unless an earlier request may still have an effect.
    pub(super) fn leave(&self, row: Row, next: StageStatus) -> Decided {
        let Some(suspect) = &self.stage.suspect else {
            return Ok(row.remembers(next));
        };
        if let Some(taken_up) = self.take_up_suspect()? {
            return Ok(Row::R2b.remembers(taken_up));
        }
        Ok(match self.doubts_end_of_suspect(suspect) {
            Some(doubt) => doubt,
            None => row.remembers(StageStatus {
                suspect: None,
                ..next
            }),
        })
    }

    /// Whether a suspect's effect is still looked for: it may still come, or something that is shown may be it.
    pub(super) fn doubts_end_of_suspect(&self, suspect: &SuspectLock) -> Option<Decision> {
        let end = end_of(suspect);
        if self.now < end {
            let message = format!(
                "the answer to a request for a lock was lost, and the request may still have an effect: the operator looks for it until {} UTC, and then continues",
                end.strftime("%H:%M:%S")
            );
            return Some(self.wait(Row::R2c, Reason::LockOwnershipUnknown, false, message));
        }
        let shown = self.shown();
        // A complete lock that is not taken up is somebody else's.
        let is_explained = shown.is_unlocked() || shown.common_id().is_some();
        (!is_explained).then(|| self.one_sided(Row::R2c, true))
    }
}

/// How long after its recorded time a request whose answer was lost may still have an effect.
pub(in super::super) const LOST_REQUEST_SETTLES: Duration =
    Duration::from_secs(LOCK_SETTLES.as_secs() + SUSPECT_FOR.as_secs());

/// When a suspect cannot have an effect any more.
pub(super) fn end_of(suspect: &SuspectLock) -> Timestamp {
    suspect.requested_at.0 + LOST_REQUEST_SETTLES
}
