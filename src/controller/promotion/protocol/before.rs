//! Before the lock is known to be ours.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Act, Case, OFTEN, QUIET_PERIOD};
use crate::{
    aic::RunKind,
    api::{Action, LockStatus, Outcome, Reason, SeenLock, StageStatus, Step},
};

impl Case<'_> {
    /// Nothing is asked for yet.
    pub(super) fn begin(&self) -> Act {
        let Self { sight, rules, .. } = self;
        // Only of ours is anything known: what a run of this very uid has reported under.
        let ours = sight
            .reports
            .iter()
            .filter(|report| self.is_our_run(report))
            .filter_map(|report| report.lock_id.as_deref())
            .find(|id| sight.lock.shows(id));
        match (self.stage.action, self.earlier_run()) {
            (Action::Rollback, Some(RunKind::Promotion | RunKind::Unknown)) | (_, None) => {}
            (_, Some(done)) => return self.done_before(done, ours),
        }
        if let Some(id) = ours {
            let stage = self.adopt(id, Outcome::Retry, Reason::LockLost);
            return Act::Remember(stage);
        }
        if rules.stops {
            return Act::Remember(self.with(|stage| {
                stage.step = Some(Step::Done);
                stage.outcome = Some(Outcome::Aborted);
                stage.finished_at = Some(Time(self.now));
            }));
        }
        let in_the_way = if !sight.lock.is_unlocked() {
            Some(
                "the environments are locked for another promotion: the operator waits until they are unlocked",
            )
        } else if sight.is_running() && !sight.has_failed() {
            Some(
                "nothing is locked, and yet something may be under way in the environments: the operator waits until it is over",
            )
        } else {
            None
        };
        if let Some(what) = in_the_way {
            return self.wait(Reason::EnvironmentLocked, false, what);
        }
        if !rules.is_ready {
            return Act::Leave;
        }
        Act::Lock(self.with(|stage| {
            stage.step = Some(Step::LockRequested);
            stage.outcome = None;
            stage.started_at.get_or_insert(Time(self.now));
            stage.lock = Some(LockStatus {
                attempt: String::new(),
                requested_at: Time(self.now),
                before: sight.lock.promotion_id.clone(),
                id: None,
                seen: None,
                unproved: false,
                releasing_since: None,
            });
        }))
    }

    /// The newest thing that was really done under this name for this stage.
    pub(super) fn earlier_run(&self) -> Option<RunKind> {
        let mut done = self.sight.reports.iter().filter(|report| {
            !report.is_dry_run
                && report
                    .mark
                    .as_ref()
                    .is_some_and(|mark| mark.key == self.rules.key && mark.stage == self.stage.name)
        });
        done.next().map(|report| report.kind)
    }

    fn done_before(&self, done: RunKind, ours: Option<&str>) -> Act {
        let (outcome, reason) = if done == RunKind::Rollback {
            (Outcome::RolledBack, Reason::RolledBack)
        } else {
            (Outcome::AlreadyPromoted, Reason::AlreadyPromoted)
        };
        Act::Remember(match ours {
            Some(id) => self.adopt(id, outcome, reason),
            None => super::finish(self.stage, outcome, reason, self.now),
        })
    }

    /// A lock that is ours by what was reported under it.
    fn adopt(&self, id: &str, outcome: Outcome, reason: Reason) -> StageStatus {
        self.with(|stage| {
            stage.step = Some(Step::Unlocking);
            stage.outcome = Some(outcome);
            stage.reason = Some(reason.as_str().to_owned());
            stage.started_at.get_or_insert(Time(self.now));
            let lock = stage.lock.take();
            stage.lock = Some(LockStatus {
                attempt: lock.as_ref().map(|lock| lock.attempt.clone()).unwrap_or_default(),
                requested_at: lock.map_or(Time(self.now), |lock| lock.requested_at),
                before: None,
                id: Some(id.to_owned()),
                seen: None,
                unproved: false,
                releasing_since: Some(Time(self.now)),
            });
        })
    }

    /// The lock is asked for, and no answer known.
    pub(super) fn lock_requested(&self, lock: &LockStatus) -> Act {
        let shown = &self.sight.lock;
        if self.rules.is_void {
            return Act::Remember(self.anew());
        }
        if shown.is_unlocked() {
            return if self.is_settled(lock) {
                // The request was lost, or had no effect: an outage is no reason to give the run up.
                Act::Remember(self.anew())
            } else {
                self.wait(
                    Reason::LockOwnershipUnknown,
                    false,
                    "whether the lock was taken is not known yet; the operator looks again by itself",
                )
            };
        }
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        let obeys = |id: &&str| shown.shows(id) && !self.may_run(id, is_overdue);
        if let Some(id) = self.rules.unlock.filter(obeys) {
            let message = format!("lock {id} is given back, as its annotation asks");
            return self.unlock(id, Reason::Unlocking, false, message);
        }
        let Some(id) = shown.common_id() else {
            // One environment only: another pair's lock, or one that is still on its way.
            return self.unknown_lock(is_overdue, "an environment's lock");
        };
        if lock.before.as_deref() == Some(id) {
            // Whatever was done under it was done before. Ours may show it until it has an id of its own.
            return if self.is_settled(lock) {
                Act::Remember(self.anew())
            } else {
                self.unknown_lock(is_overdue, &format!("lock {id}"))
            };
        }
        let is_ours =
            |report: &super::SeenReport| report.lock_id.as_deref() == Some(id) && self.is_our_run(report);
        if self.sight.reports.iter().any(is_ours) {
            return Act::Remember(self.adopt(id, Outcome::Retry, Reason::LockLost));
        }
        if self.is_used_by_another(id) {
            return Act::Remember(self.anew());
        }
        let Some(seen) = lock.seen.as_ref().filter(|seen| seen.id == id) else {
            return Act::Remember(self.with(|stage| {
                if let Some(lock) = &mut stage.lock {
                    lock.seen = Some(SeenLock {
                        id: id.to_owned(),
                        since: Time(self.now),
                    });
                }
            }));
        };
        // What was seen too late may have come while nobody looked; nor does it help that it was seen in time, when
        // nobody has looked since.
        let latest = lock.requested_at.0 + Duration::from(self.rules.timeouts.lock);
        let is_late = latest <= seen.since.0 || latest + QUIET_PERIOD + OFTEN <= self.now;
        let may_run = self.may_run(id, is_overdue);
        if is_late || may_run || self.since(&seen.since) < QUIET_PERIOD {
            return self.unknown_lock(is_late || (may_run && is_overdue), &format!("lock {id}"));
        }
        // Idle since our own answer was lost: given back, and never promoted under.
        Act::Remember(self.with(|stage| {
            stage.step = Some(Step::Unlocking);
            stage.outcome = Some(Outcome::Retry);
            stage.reason = Some(Reason::LockAnswerLost.as_str().to_owned());
            if let Some(lock) = &mut stage.lock {
                lock.id = Some(id.to_owned());
                lock.unproved = true;
                lock.releasing_since = Some(Time(self.now));
            }
        }))
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

    /// As before the lock was asked for.
    pub(super) fn anew(&self) -> StageStatus {
        self.with(|stage| {
            stage.step = None;
            stage.outcome = None;
            stage.reason = None;
            stage.message = None;
            stage.lock = None;
            stage.dry_run_request = None;
            stage.dry_run = None;
            stage.promote = None;
        })
    }
}
