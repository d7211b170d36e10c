//! Under our lock: the dry run, then the promotion or the rollback.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Act, Case, MOST_TRIES, RUN_SETTLES, name_of, promote_intent};
use crate::{
    aic::{LockStatus as Shown, RunState},
    api::{
        Action, DryRunRequest, DryRunStatus, LockStatus, Outcome, PromotionMode, Reason, StageStatus, Step,
    },
};

impl Case<'_> {
    /// The lock is ours, and on its way.
    pub(super) fn locking(&self, lock: &LockStatus) -> Act {
        let Some(id) = lock.id.as_deref() else {
            return self.lock_requested(lock);
        };
        if self.rules.stops {
            return self.release(
                Outcome::Aborted,
                Reason::Aborted,
                "the run was stopped before anything was promoted",
            );
        }
        let shown = &self.sight.lock;
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        if shown.is_locked_by(id) {
            if let Some(busy) = self.busy(id, is_overdue, "something else") {
                return busy;
            }
            return match self.stage.action {
                Action::Rollback => self.roll_back(id),
                Action::Promotion | Action::Unknown => self.request_dry_run(1),
            };
        }
        if let Some(lost) = self.lost(lock, id) {
            return lost;
        }
        let has_failed = shown.result == Shown::Error || shown.sides().any(|side| side.state == Shown::Error);
        if has_failed {
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
    fn lost(&self, lock: &LockStatus, id: &str) -> Option<Act> {
        if !self.sight.lock.is_free_of(id) || !self.is_settled(lock) {
            return None;
        }
        Some(self.release(
            Outcome::Retry,
            Reason::LockLost,
            "the lock was taken away before anything was promoted",
        ))
    }

    fn request_dry_run(&self, times: i32) -> Act {
        if self.sight.is_running() {
            return self.wait(Reason::Running, false, "something else is running under the lock");
        }
        Act::DryRun(self.with(|stage| {
            stage.step = Some(Step::DryRun);
            stage.dry_run_request = Some(DryRunRequest {
                requested_at: Time(self.now),
                times,
            });
        }))
    }

    /// A dry run is asked for.
    pub(super) fn dry_run(&self, lock: &LockStatus) -> Act {
        let (Some(id), Some(request)) = (lock.id.as_deref(), &self.stage.dry_run_request) else {
            return self.locking(lock);
        };
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        let is_ours = self.sight.run.promotion_id.as_deref() == Some(id);
        if is_ours && self.sight.run.blocking_error && self.sight.run.state() != RunState::Running {
            let message = format!("the dry run failed: {}", self.sight.run.message);
            return self.release(Outcome::Failed, Reason::DryRunFailed, message);
        }
        if let Some(busy) = self.busy(id, is_overdue, "the dry run") {
            return busy;
        }
        if let Some(lost) = self.lost(lock, id) {
            return lost;
        }
        if self.rules.stops {
            return self.release(
                Outcome::Aborted,
                Reason::Aborted,
                "the run was stopped before anything was promoted",
            );
        }
        let shown = &self.sight.lock;
        if !shown.is_locked_by(id) {
            let has_failed =
                shown.result == Shown::Error || shown.sides().any(|side| side.state == Shown::Error);
            return if has_failed || is_overdue {
                self.release(
                    Outcome::Failed,
                    Reason::LockFailed,
                    "the environments did not stay locked",
                )
            } else {
                self.wait(Reason::Locking, false, "the lock is changing hands")
            };
        }
        let found = self.sight.reports.iter().find(|report| {
            report.is_dry_run && report.lock_id.as_deref() == Some(id) && self.is_our_run(report)
        });
        let Some(found) = found else {
            return if is_overdue {
                let message = "no dry run was reported within spec.timeouts.lock";
                self.release(Outcome::Failed, Reason::DryRunFailed, message)
            } else if self.since(&request.requested_at) < RUN_SETTLES {
                self.wait(Reason::Running, false, "the dry run's report is waited for")
            } else if request.times < MOST_TRIES {
                self.request_dry_run(request.times + 1)
            } else {
                self.release(
                    Outcome::Failed,
                    Reason::DryRunFailed,
                    "three dry runs ended without a report",
                )
            };
        };
        let Some(dry_run) = &self.stage.dry_run else {
            return Act::Remember(self.with(|stage| {
                let encrypted = if is_ours {
                    self.sight.run.encrypted_secrets.clone()
                } else {
                    Vec::new()
                };
                let mut missing = found.missing_esvs.clone();
                if is_ours {
                    missing.extend(
                        self.sight
                            .run
                            .missing_esvs
                            .iter()
                            .filter(|esv| !found.missing_esvs.contains(esv))
                            .cloned(),
                    );
                }
                let mut dry_run = DryRunStatus {
                    missing_esvs: missing,
                    encrypted_secrets: encrypted,
                    ..DryRunStatus::default()
                };
                dry_run.missing_esvs.truncate(50);
                dry_run.encrypted_secrets.truncate(50);
                dry_run.report.report_id = Some(found.id.clone());
                stage.dry_run = Some(dry_run);
            }));
        };
        self.judge(id, dry_run, found.is_empty)
    }

    fn judge(&self, id: &str, dry_run: &DryRunStatus, is_empty: bool) -> Act {
        if self.earlier_run().is_some() {
            // An earlier attempt's report came late.
            return self.release(
                Outcome::AlreadyPromoted,
                Reason::AlreadyPromoted,
                "it was promoted before",
            );
        }
        if !dry_run.missing_esvs.is_empty() {
            let message = format!(
                "the upper environment lacks the ESVs {}: create them there, then start a new run",
                dry_run.missing_esvs.join(", ")
            );
            return self.release(Outcome::Failed, Reason::MissingESVs, message);
        }
        if !dry_run.encrypted_secrets.is_empty() && !self.rules.ignore_encrypted_secrets {
            let message = format!(
                "the lower environment's configuration holds encrypted secrets ({}): move them into ESVs, or start a new run with spec.ignoreEncryptedSecrets",
                dry_run.encrypted_secrets.join(", ")
            );
            return self.release(Outcome::Failed, Reason::EncryptedSecrets, message);
        }
        if self.rules.mode == PromotionMode::DryRun {
            return self.release(
                Outcome::Inspected,
                Reason::Inspected,
                "the dry run found nothing in the way",
            );
        }
        if is_empty {
            return self.release(
                Outcome::Skipped,
                Reason::NothingToPromote,
                "the dry run found nothing to promote",
            );
        }
        Act::Promote(self.with(|stage| {
            stage.step = Some(Step::Promoting);
            stage.promote = Some(promote_intent(id, self.now));
        }))
    }

    /// Locked for a rollback: only our own promotion is taken back, and only if it is the last.
    fn roll_back(&self, id: &str) -> Act {
        if self.sight.is_running() {
            return self.wait(Reason::Running, false, "something else is running under the lock");
        }
        let last = self.sight.reports.iter().find(|report| !report.is_dry_run);
        let is_ours = last.is_some_and(|report| {
            report.is_real(Action::Promotion)
                && report
                    .mark
                    .as_ref()
                    .is_some_and(|mark| mark.run == self.rules.run && mark.stage == self.stage.name)
        });
        if !is_ours {
            let message =
                "the last promotion into this environment is not this run's any more: nothing is rolled back";
            return self.release(Outcome::Failed, Reason::RollbackNotOurs, message);
        }
        Act::Promote(self.with(|stage| {
            stage.step = Some(Step::Promoting);
            stage.promote = Some(promote_intent(id, self.now));
        }))
    }

    /// The promotion, or the rollback, is asked for: never again under this lock.
    pub(super) fn promoting(&self, lock: &LockStatus) -> Act {
        let (Some(id), Some(promote)) = (lock.id.as_deref(), &self.stage.promote) else {
            return self.locking(lock);
        };
        let action = name_of(self.stage.action);
        let run = &self.sight.run;
        let is_ours = run.promotion_id.as_deref() == Some(id);
        let shows_lock = self.sight.lock.shows(id);
        if is_ours && run.blocking_error && run.state() != RunState::Running {
            return self.release(
                Outcome::Failed,
                Reason::PromotionFailed,
                format!("the {action} failed: {}", run.message),
            );
        }
        if self.real_report(id).is_some() {
            let (outcome, reason) = match self.stage.action {
                Action::Rollback => (Outcome::RolledBack, Reason::RolledBack),
                Action::Promotion | Action::Unknown => (Outcome::Promoted, Reason::Promoted),
            };
            return self.release(outcome, reason, format!("the {action} is reported"));
        }
        let is_overdue = self.is_overdue(&promote.requested_at, self.rules.timeouts.promotion);
        // What runs while the lock is not ours any more is not ours either.
        if (is_ours || shows_lock) && self.sight.is_running() {
            if !self.may_run(id, is_overdue) {
                return self.release(
                    Outcome::Failed,
                    Reason::PromotionOverdue,
                    "a person has decided that the lock is to be given back",
                );
            }
            if promote.idle_since.is_some() {
                return Act::Remember(self.with_idle_since(None));
            }
            return self.running(is_overdue, &format!("the {action}"));
        }
        match &promote.idle_since {
            None => Act::Remember(self.with_idle_since(Some(Time(self.now)))),
            Some(idle) if self.since(idle) < RUN_SETTLES => self.wait(
                Reason::Running,
                false,
                format!("the {action}'s report is waited for"),
            ),
            Some(_) => self.release(
                Outcome::Retry,
                Reason::PromoteNotTaken,
                format!("the {action} was not taken up"),
            ),
        }
    }

    /// Since when nothing is under way, and no report tells of it.
    fn with_idle_since(&self, since: Option<Time>) -> StageStatus {
        self.with(|stage| {
            if let Some(promote) = &mut stage.promote {
                promote.idle_since = since;
            }
        })
    }

    /// Something is under way under our lock and has to end first, or is given up by a person.
    fn busy(&self, id: &str, is_overdue: bool, what: &str) -> Option<Act> {
        if self.may_run(id, is_overdue) {
            return Some(self.running(is_overdue, what));
        }
        self.sight.is_running().then(|| {
            let message = "the tenant shows no state that is known, and the lock is given back";
            self.release(Outcome::Failed, Reason::PromotionOverdue, message)
        })
    }

    fn running(&self, is_overdue: bool, what: &str) -> Act {
        if is_overdue {
            let message = format!(
                "{what} takes longer than spec.timeouts allows: the operator goes on observing, and unlocks nothing while the tenant says that something is under way. Where the tenant shows a state that nobody knows, annotate this Promotion with pingone-aic.io/unlock: <promotion id> to have the lock given back"
            );
            return self.wait(Reason::PromotionOverdue, true, message);
        }
        self.wait(Reason::Running, false, format!("{what} is under way"))
    }
}
