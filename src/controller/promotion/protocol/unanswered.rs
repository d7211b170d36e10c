//! The answer to a request for a lock is not known: rows 2b and 6 to 10. Whose a lock is then is judged by when it came,
//! and by what happens under it.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    act::{Act, LOCK_SETTLES, QUIET_PERIOD, Rules},
    case::Case,
    end::finish,
    sight::Sight,
};
use crate::api::{LockStatus, Outcome, Reason, SeenLock, StageStatus, Step, SuspectLock};

/// A lock that shows this long after a request has settled may be its effect; one that comes later is not judged.
pub(super) const SHOWS_WITHIN: Duration = Duration::from_mins(5);
/// A request that had no effect when it should have settled may have one for so long: a gateway may have held it.
const SUSPECT_FOR: Duration = Duration::from_mins(10);

impl Case<'_> {
    /// The lock is asked for, and no answer known.
    pub(super) fn lock_requested(&self, lock: &LockStatus) -> Act {
        let shown = &self.sight.lock;
        if self.rules.is_void {
            return self.resume();
        }
        let foreign = || self.give_up(lock);
        if shown.is_unlocked() {
            return self.nothing_is_locked(lock);
        }
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        let obeys = |id: &&str| shown.shows(id) && !self.may_run(id, is_overdue);
        if let Some(id) = self.rules.unlock.filter(obeys) {
            let message = format!("lock {id} is given back, as its annotation asks");
            return self.unlock(id, Reason::Unlocking, false, message);
        }
        let Some(id) = shown.common_id() else {
            return self.one_sided(is_overdue);
        };
        if lock.before.as_deref() == Some(id) {
            // Whatever was done under it was done before. Ours may show it until it has an id of its own.
            return if self.is_settled(lock) {
                foreign()
            } else {
                self.unknown_lock(is_overdue, &format!("lock {id}"))
            };
        }
        if self.proves_ours(id) {
            return Act::Remember(self.adopt(id, Outcome::Retry, Reason::LockLost));
        }
        if self.is_used_by_another(id) {
            return foreign();
        }
        let is_settled = self.is_settled(lock);
        match &lock.seen {
            Some(seen) if seen.id == id && (seen.settled || !is_settled) => {
                self.judge_idle(lock, seen, is_overdue)
            }
            Some(seen) if seen.id == id => self.see(id, &seen.since, true),
            // What was there when the request must have settled was its effect, or kept it from having one.
            Some(seen) if seen.settled => foreign(),
            _ => self.see(id, &Time(self.now), is_settled),
        }
    }

    /// A request that was lost, or had no effect: an outage is no reason to give the run up.
    fn nothing_is_locked(&self, lock: &LockStatus) -> Act {
        if !self.is_settled(lock) {
            return self.wait(
                Reason::LockOwnershipUnknown,
                false,
                "whether the lock was taken is not known yet; the operator looks again by itself",
            );
        }
        self.give_up(lock)
    }

    /// As before this request for a lock, which may have an effect still. A lock that comes later is judged only if none
    /// was there before. A stage whose end was decided goes on to wait for that.
    fn give_up(&self, lock: &LockStatus) -> Act {
        let suspect = SuspectLock {
            attempt: lock.attempt.clone(),
            requested_at: lock.requested_at.clone(),
            before: lock.before.clone(),
            contested: lock.contested || !self.sight.lock.is_unlocked() || lock.seen.is_some(),
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
        Act::Remember(StageStatus {
            suspect: Some(suspect),
            ..stage
        })
    }

    /// Whether what was reported under a lock proves it to be ours. A dry run names no lock: one that was asked for under
    /// an earlier lock, and held on its way, runs under whatever lock is there then.
    pub(super) fn proves_ours(&self, id: &str) -> bool {
        let may_be_late = self.stage.retries > 0;
        self.sight.reports.iter().any(|report| {
            report.lock_id.as_deref() == Some(id)
                && self.is_our_run(report)
                && !(report.is_dry_run && may_be_late)
        })
    }

    fn see(&self, id: &str, since: &Time, settled: bool) -> Act {
        Act::Remember(self.with(|stage| {
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
    fn judge_idle(&self, lock: &LockStatus, seen: &SeenLock, is_overdue: bool) -> Act {
        let id = &seen.id;
        let is_late = seen.since.0 > lock.requested_at.0 + LOCK_SETTLES + SHOWS_WITHIN;
        // Under a lock that may be ours nothing was done.
        let is_used = self
            .sight
            .reports
            .iter()
            .any(|report| report.lock_id.as_deref() == Some(id));
        let is_stale = is_late || is_used || lock.contested || is_overdue;
        if is_stale || self.may_run(id, false) || self.rules.quiet_for < QUIET_PERIOD {
            return self.unknown_lock(is_stale, &format!("lock {id}"));
        }
        // Idle since our own answer was lost: given back, and never promoted under.
        Act::Remember(self.with(|stage| {
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
        }))
    }

    /// One environment only: another pair's lock, or one that is still on its way.
    fn one_sided(&self, is_stale: bool) -> Act {
        let remedy = if is_stale {
            "if nobody else uses it, unlock it in the tenant's console"
        } else {
            "the operator waits until the other one shows it, too, or none does"
        };
        self.wait(
            Reason::LockOwnershipUnknown,
            is_stale,
            format!(
                "the answer to our request for a lock was lost, and one of the two environments is locked, for us or for another pair: {remedy}"
            ),
        )
    }

    fn unknown_lock(&self, is_stale: bool, what: &str) -> Act {
        let remedy = if is_stale {
            "unlock it in the tenant's console if nobody else uses it, or annotate this Promotion with pingone-aic.io/unlock: <promotion id>"
        } else {
            "the operator waits until somebody uses it, or nobody has for ten minutes"
        };
        self.wait(
            Reason::LockOwnershipUnknown,
            is_stale,
            format!(
                "the answer to our request for a lock was lost, and {what} may be ours or another's: {remedy}"
            ),
        )
    }

    /// How the stage ends, if that was decided under an earlier lock.
    fn decided(&self) -> Option<Outcome> {
        self.stage
            .outcome
            .filter(|outcome| !matches!(outcome, Outcome::Retry | Outcome::Held))
    }

    /// As before this request for a lock. A stage whose end was decided under an earlier lock is over.
    pub(super) fn resume(&self) -> Act {
        let Some(outcome) = self.decided() else {
            return Act::Remember(self.anew());
        };
        let reason = self.stage.reason.as_deref().and_then(Reason::find);
        let reason = reason.unwrap_or(Reason::LockLost);
        self.leave(finish(self.stage, outcome, reason, self.now))
    }

    /// The stage with the request that was given up, where a new lock may be its late effect. However late that is seen:
    /// who was away tells a person.
    pub(super) fn take_up_suspect(&self) -> Option<StageStatus> {
        let suspect = self.stage.suspect.as_ref()?;
        let id = self.sight.lock.common_id()?;
        if suspect.before.as_deref() == Some(id) || self.is_used_by_another(id) {
            return None;
        }
        Some(self.with(|stage| {
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
        }))
    }

    /// Leaves the locks of this stage for good: not as long as an earlier request may still take one.
    pub(super) fn leave(&self, next: StageStatus) -> Act {
        let Some(suspect) = &self.stage.suspect else {
            return Act::Remember(next);
        };
        if let Some(taken_up) = self.take_up_suspect() {
            return Act::Remember(taken_up);
        }
        if let Some(doubt) = self.doubts_end_of_suspect(suspect) {
            return doubt;
        }
        Act::Remember(StageStatus {
            suspect: None,
            ..next
        })
    }

    /// Why a request that was given up is still looked for: it may have an effect, or something is shown that may be it.
    pub(super) fn doubts_end_of_suspect(&self, suspect: &SuspectLock) -> Option<Act> {
        let end = end_of(suspect);
        if self.now < end {
            let message = format!(
                "the answer to a request for a lock was lost, and it may still take one: the operator looks for it until {} UTC, and goes on then",
                end.strftime("%H:%M:%S")
            );
            return Some(self.wait(Reason::LockOwnershipUnknown, false, message));
        }
        let shown = &self.sight.lock;
        // A whole lock that is not taken up is another's.
        let is_explained = shown.is_unlocked() || shown.common_id().is_some();
        (!is_explained).then(|| self.one_sided(true))
    }
}

/// When a request that was given up has no effect any more.
pub(super) fn end_of(suspect: &SuspectLock) -> Timestamp {
    suspect.requested_at.0 + LOCK_SETTLES + SUSPECT_FOR
}

/// The lock that may be ours, in a look at which nothing happens under it. Only such looks count towards the quiet
/// period.
pub(in super::super) fn idle_lock<'a>(
    stage: &StageStatus,
    sight: &'a Sight,
    rules: &Rules<'_>,
    now: Timestamp,
) -> Option<&'a str> {
    let case = Case {
        stage,
        sight,
        rules,
        now,
    };
    let id = sight.lock.common_id()?;
    let is_unanswered = stage.step == Some(Step::LockRequested);
    let is_idle = sight.lock.is_locked_by(id) && !case.is_used_by_another(id) && !case.may_run(id, false);
    (is_unanswered && is_idle).then_some(id)
}
