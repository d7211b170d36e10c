//! Under our lock: the promotion, or the rollback, asked for once.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    act::{Act, RUN_SETTLES},
    case::{Case, name_of, promote_intent},
    sight::Fault,
};
use crate::api::{Action, LockStatus, Outcome, Reason, StageStatus, Step};

impl Case<'_> {
    /// Locked for a rollback: only our own promotion is taken back, only if it is the last, and only if the lock's own look
    /// shows the fault again.
    pub(super) fn roll_back(&self, id: &str, is_overdue: bool) -> Act {
        if is_overdue {
            let message = "whether the configuration is still at fault was not shown within spec.timeouts.lock: nothing is rolled back";
            return self.release(Outcome::Failed, Reason::RollbackNotProved, message);
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
        match self.sight.fault {
            Fault::Shown => Act::Promote(self.with(|stage| {
                stage.step = Some(Step::Promoting);
                stage.promote = Some(promote_intent(id, self.now));
            })),
            Fault::ShownRight => self.release(
                Outcome::Promoted,
                Reason::Promoted,
                "the configuration is not at fault any more: it is not rolled back, and the verification goes on",
            ),
            Fault::NotShown => self.wait(
                Reason::Verifying,
                false,
                "before the rollback the configuration is looked at once more, and the tenant does not show it for now: the operator looks again",
            ),
        }
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
        if self.is_blocked(id) {
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
                match &self.stage.message {
                    Some(refusal) => format!("the {action} was not taken up: {refusal}"),
                    None => format!("the {action} was not taken up"),
                },
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
}
