//! Under our lock: the promotion, or the rollback, requested once. Rows 17 to 21, and 27.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    case::{Case, name_of, promote_intent},
    decision::{Act, Decided, RUN_SETTLES},
    observation::Fault,
    row::Row,
};
use crate::{
    aic::RunState,
    api::{Action, LockStatus, Outcome, Reason, StageStatus, Step},
};

impl Case<'_> {
    /// Locked for a rollback. Only this run's promotion is rolled back, only if it is the last one, and only if the
    /// tenant shows the fault once more under the lock.
    pub(super) fn roll_back(&self, id: &str, is_overdue: bool) -> Decided {
        if is_overdue {
            let message = "whether the configuration is still at fault was not shown within spec.timeouts.lock: nothing is rolled back";
            return Ok(self.release(Row::R27, Outcome::Failed, Reason::RollbackNotProved, message));
        }
        let last = self.reports()?.iter().find(|report| !report.is_dry_run);
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
            return Ok(self.release(Row::R27, Outcome::Failed, Reason::RollbackNotOurs, message));
        }
        Ok(match self.fault()? {
            Fault::Shown => Row::R27.decides(Act::Promote(self.requested(id), None)),
            Fault::ShownRight => self.release(
                Row::R27,
                Outcome::Promoted,
                Reason::Promoted,
                "the configuration is right now: the operator does not roll back, and continues the verification",
            ),
            Fault::NotShown => self.wait(
                Row::R27,
                Reason::Verifying,
                false,
                "before the rollback the operator checks the configuration once more, and the tenant does not show it for now: the operator checks again",
            ),
        })
    }

    /// The stage with the intent to promote, or to roll back.
    pub(super) fn requested(&self, id: &str) -> StageStatus {
        self.with(|stage| {
            stage.step = Some(Step::Promoting);
            stage.promote = Some(promote_intent(id, self.now));
        })
    }

    /// The promotion or the rollback is requested, and never again under this lock.
    pub(super) fn promoting(&self, lock: &LockStatus) -> Decided {
        let (Some(id), Some(promote)) = (lock.id.as_deref(), &self.stage.promote) else {
            return self.locking(lock);
        };
        let action = name_of(self.stage.action);
        let run = self.run()?;
        if self.is_blocked(id)? {
            let message = format!("the {action} failed: {}", run.message);
            let mut failed = self.released(Outcome::Failed, Reason::PromotionFailed, message);
            if let Some(promote) = &mut failed.promote {
                promote.failed = true;
            }
            return Ok(Row::R18.remembers(failed));
        }
        let is_overdue = self.is_overdue(&promote.requested_at, self.rules.timeouts.promotion);
        let is_ours = run.promotion_id.as_deref() == Some(id);
        // A run under a lock that is not ours any more is not ours either.
        let may_run_ours = (is_ours || self.shown().shows(id)) && self.is_running()?;
        // While it certainly runs, it has no report yet.
        if !(may_run_ours && run.state() == RunState::Running) {
            let reports = if is_overdue {
                self.readable_reports()?
            } else {
                self.reports()?
            };
            if self.is_done(id, reports) {
                let (outcome, reason) = match self.stage.action {
                    Action::Rollback => (Outcome::RolledBack, Reason::RolledBack),
                    Action::Promotion | Action::Unknown => (Outcome::Promoted, Reason::Promoted),
                };
                let message = format!("the {action} is reported");
                return Ok(self.release(Row::R19, outcome, reason, message));
            }
        }
        if may_run_ours {
            return Ok(if !self.may_run(id, is_overdue)? {
                let message = "a person has decided that the lock is to be released";
                self.release(Row::R20, Outcome::Failed, Reason::PromotionOverdue, message)
            } else if promote.idle_since.is_some() {
                Row::R20.remembers(self.with_idle_since(None))
            } else {
                self.running(Row::R20, is_overdue, &format!("the {action}"))
            });
        }
        Ok(match &promote.idle_since {
            None => Row::R21.remembers(self.with_idle_since(Some(Time(self.now)))),
            Some(idle) if self.since(idle) < RUN_SETTLES => {
                let message = format!("the {action}'s report is waited for");
                self.wait(Row::R21, Reason::Running, false, message)
            }
            Some(_) => {
                let message = match &self.stage.message {
                    Some(refusal) => format!("the {action} was not taken up: {refusal}"),
                    None => format!("the {action} was not taken up"),
                };
                self.release(Row::R21, Outcome::Retry, Reason::PromoteNotTaken, message)
            }
        })
    }

    /// Since when nothing is in progress, and no report tells of it.
    fn with_idle_since(&self, since: Option<Time>) -> StageStatus {
        self.with(|stage| {
            if let Some(promote) = &mut stage.promote {
                promote.idle_since = since;
            }
        })
    }
}
