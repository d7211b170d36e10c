//! Before a lock is requested: rows 1 to 3b.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    case::Case,
    decision::{Act, Decided, Decision, Wait},
    holding::ContentDecision,
    observation::Missing,
    release::finish,
    row::Row,
};
use crate::{
    aic::RunKind,
    api::{Action, LockStatus, Outcome, Reason, StageStatus, Step},
};

impl Case<'_> {
    /// Nothing is requested yet.
    pub(super) fn begin(&self) -> Decided {
        let (rules, reports) = (self.rules, self.reports()?);
        // The operator only knows a lock under which a report has this run's uid.
        let ours = reports
            .iter()
            .filter_map(|report| report.lock_id.as_deref())
            .find(|id| self.shown().shows(id) && self.proves_ours(id, reports));
        match (self.stage.action, self.earlier_run()?) {
            (Action::Rollback, Some(RunKind::Promotion | RunKind::Unknown)) | (_, None) => {}
            (_, Some(done)) => return self.done_before(done, ours),
        }
        if let Some(id) = ours {
            return Ok(Row::R2.remembers(self.adopt(id, Outcome::Retry, Reason::LockLost)));
        }
        if let Some(stage) = self.take_up_suspect()? {
            return Ok(Row::R2b.remembers(stage));
        }
        if rules.stops {
            let stopped = self.with(|stage| {
                stage.step = Some(Step::Done);
                stage.outcome = Some(Outcome::Aborted);
                stage.finished_at = Some(Time(self.now));
            });
            return self.leave(Row::R26, stopped);
        }
        if let Some(suspect) = &self.stage.suspect
            && self.doubts_end_of_suspect(suspect).is_none()
        {
            return Ok(Row::R2c.remembers(self.with(|stage| stage.suspect = None)));
        }
        if self.stage.held.is_some() {
            // A person decides. A lock that a lost request has taken is released all the same.
            return Ok(match self.stage.suspect {
                Some(_) => Row::R2c.decides(Act::Wait(Wait::for_a_suspect())),
                None => Row::R15b.decides(Act::Leave),
            });
        }
        if let Some(wait) = self.locked_by_another()? {
            return Ok(wait);
        }
        if !rules.is_ready {
            return Ok(Row::R3b.decides(Act::Leave));
        }
        if let ContentDecision::Keeps(obstacle) = self.content_decision(false)? {
            return Ok(*obstacle);
        }
        let requested = self.with(|stage| {
            stage.step = Some(Step::LockRequested);
            stage.outcome = None;
            stage.started_at.get_or_insert(Time(self.now));
            stage.lock = Some(LockStatus {
                attempt: String::new(),
                requested_at: Time(self.now),
                before: self.shown().promotion_id.clone(),
                id: None,
                seen: None,
                contested: false,
                unproved: false,
                releasing_since: None,
            });
        });
        Ok(Row::R3.decides(Act::Lock(requested)))
    }

    /// Row 3b: somebody else uses the two environments.
    fn locked_by_another(&self) -> Result<Option<Decision>, Missing> {
        let message = if !self.shown().is_unlocked() {
            "the environments are locked for another promotion: the operator waits until they are unlocked"
        } else if self.is_running()? && !self.has_failed()? {
            "nothing is locked, but something may be in progress in the environments: the operator waits for its end"
        } else {
            return Ok(None);
        };
        Ok(Some(self.wait(
            Row::R3b,
            Reason::EnvironmentLocked,
            false,
            message,
        )))
    }

    /// The newest real report of this name for this stage. A stage is promoted once under a name, and rolled back
    /// after that, so a rollback is newer whatever the dates say.
    pub(super) fn earlier_run(&self) -> Result<Option<RunKind>, Missing> {
        let done = self.reports()?.iter().filter(|report| {
            !report.is_dry_run
                && report
                    .mark
                    .as_ref()
                    .is_some_and(|mark| mark.key == self.rules.key && mark.stage == self.stage.name)
        });
        let kinds: Vec<_> = done.map(|report| report.kind).collect();
        let rollback = kinds.iter().find(|kind| **kind == RunKind::Rollback);
        Ok(rollback.or(kinds.first()).copied())
    }

    fn done_before(&self, done: RunKind, ours: Option<&str>) -> Decided {
        let (outcome, reason) = if done == RunKind::Rollback {
            (Outcome::RolledBack, Reason::RolledBack)
        } else {
            (Outcome::AlreadyPromoted, Reason::AlreadyPromoted)
        };
        match ours {
            Some(id) => Ok(Row::R1.remembers(self.adopt(id, outcome, reason))),
            None => self.leave(Row::R1, finish(self.stage, outcome, reason, self.now)),
        }
    }

    /// A lock that a report proves to be ours.
    pub(super) fn adopt(&self, id: &str, outcome: Outcome, reason: Reason) -> StageStatus {
        self.with(|stage| {
            stage.step = Some(Step::Unlocking);
            if stage.outcome.is_none_or(|decided| decided == Outcome::Retry) {
                stage.outcome = Some(outcome);
                stage.reason = Some(reason.as_str().to_owned());
            }
            stage.started_at.get_or_insert(Time(self.now));
            let lock = stage.lock.take();
            stage.lock = Some(LockStatus {
                attempt: lock.as_ref().map(|lock| lock.attempt.clone()).unwrap_or_default(),
                requested_at: lock.map_or(Time(self.now), |lock| lock.requested_at),
                before: None,
                id: Some(id.to_owned()),
                seen: None,
                contested: false,
                unproved: false,
                releasing_since: Some(Time(self.now)),
            });
        })
    }

    /// The stage as before a lock was requested.
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
