//! One case to decide, and the questions that many rows share.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    content::Content,
    decision::{Act, Decision, LOCK_SETTLES, Rules, Wait},
    observation::{Fault, Missing, Observation, SeenReport},
    pace::{LONGEST_POLL, pace, pace_of_release},
    row::Row,
};
use crate::{
    aic::{LockState, Progress, RunState},
    api::{Action, LockStatus, Outcome, PromoteStatus, Reason, StageStatus, Step},
};

/// Everything that one decision is made from.
pub(super) struct Case<'a> {
    pub(super) stage: &'a StageStatus,
    pub(super) observation: &'a Observation,
    pub(super) rules: &'a Rules<'a>,
    pub(super) now: Timestamp,
}

/// The observation. A part that was not read yet is named as missing.
impl Case<'_> {
    pub(super) fn shown(&self) -> &LockState {
        &self.observation.lock
    }

    pub(super) fn run(&self) -> Result<&Progress, Missing> {
        self.observation.run.or(Missing::Run)
    }

    pub(super) fn reports(&self) -> Result<&[SeenReport], Missing> {
        self.observation.reports.or(Missing::Reports).map(Vec::as_slice)
    }

    /// The reports, for decisions that can be made without them if they cannot be read. An unreadable report keeps no
    /// lock.
    pub(super) fn readable_reports(&self) -> Result<&[SeenReport], Missing> {
        let reports = self.observation.reports.if_readable(Missing::Reports)?;
        Ok(reports.map_or(&[], Vec::as_slice))
    }

    pub(super) fn fault(&self) -> Result<Fault, Missing> {
        self.observation.fault.or(Missing::Fault).copied()
    }

    pub(super) fn content(&self) -> Result<&Content, Missing> {
        self.observation.content.or(Missing::Content)
    }

    pub(super) fn idle_for(&self) -> Result<Duration, Missing> {
        self.observation.idle_for.or(Missing::IdleTime).copied()
    }
}

/// What is decided.
impl Case<'_> {
    pub(super) fn wait(
        &self,
        row: Row,
        reason: Reason,
        is_stalled: bool,
        message: impl Into<String>,
    ) -> Decision {
        row.decides(Act::Wait(self.until(reason, is_stalled, message)))
    }

    fn until(&self, reason: Reason, is_stalled: bool, message: impl Into<String>) -> Wait {
        Wait {
            reason,
            is_stalled,
            message: message.into(),
            after: self.step_has_taken().map_or(LONGEST_POLL, pace),
        }
    }

    /// Delete the lock and check again.
    pub(super) fn unlock(
        &self,
        row: Row,
        id: &str,
        reason: Reason,
        is_stalled: bool,
        message: String,
    ) -> Decision {
        let after = self.step_has_taken().map_or(LONGEST_POLL, pace_of_release);
        let wait = self.until(reason, is_stalled, message);
        row.decides(Act::Unlock(id.to_owned(), Wait { after, ..wait }))
    }

    /// How long the last request has been in progress. Nothing is requested during somebody else's lock.
    pub(super) fn step_has_taken(&self) -> Option<Duration> {
        let StageStatus {
            lock,
            dry_run_request,
            promote,
            ..
        } = self.stage;
        let begun = [
            lock.as_ref().map(|lock| &lock.requested_at),
            dry_run_request.as_ref().map(|request| &request.requested_at),
            promote.as_ref().map(|promote| &promote.requested_at),
            lock.as_ref().and_then(|lock| lock.releasing_since.as_ref()),
        ];
        begun.into_iter().flatten().map(|time| self.since(time)).min()
    }

    /// The stage with a change.
    pub(super) fn with(&self, change: impl FnOnce(&mut StageStatus)) -> StageStatus {
        let mut stage = self.stage.clone();
        change(&mut stage);
        stage
    }

    /// Decides how the stage ends. The lock is released first.
    pub(super) fn release(
        &self,
        row: Row,
        outcome: Outcome,
        reason: Reason,
        message: impl Into<String>,
    ) -> Decision {
        row.remembers(self.released(outcome, reason, message))
    }

    pub(super) fn released(
        &self,
        outcome: Outcome,
        reason: Reason,
        message: impl Into<String>,
    ) -> StageStatus {
        self.with(|stage| {
            stage.step = Some(Step::Unlocking);
            stage.outcome = Some(outcome);
            stage.reason = Some(reason.as_str().to_owned());
            stage.message = Some(message.into());
            if let Some(lock) = &mut stage.lock {
                lock.releasing_since = Some(Time(self.now));
            }
        })
    }
}

/// Questions about a case.
impl Case<'_> {
    pub(super) fn since(&self, time: &Time) -> Duration {
        self.now.duration_since(time.0).try_into().unwrap_or_default()
    }

    /// Whether the effect of the request for this lock must be visible by now.
    pub(super) fn is_settled(&self, lock: &LockStatus) -> bool {
        let was_seen = self.stage.dry_run_request.is_some() || self.stage.promote.is_some();
        was_seen || self.since(&lock.requested_at) >= LOCK_SETTLES
    }

    pub(super) fn is_overdue(&self, since: &Time, limit: kube::core::Duration) -> bool {
        self.since(since) >= Duration::from(limit)
    }

    /// Whether the last run has failed, whatever its state is called.
    pub(super) fn has_failed(&self) -> Result<bool, Missing> {
        let run = self.run()?;
        Ok(run.blocking_error && run.state() != RunState::Running)
    }

    /// Whether the run under this lock has failed.
    pub(super) fn is_blocked(&self, id: &str) -> Result<bool, Missing> {
        Ok(self.has_failed()? && self.run()?.promotion_id.as_deref() == Some(id))
    }

    /// Whether something is in progress under this lock, or may be. A failed run is not, whatever its state is
    /// called; nor is an overdue one whose lock a person wants released.
    pub(super) fn may_run(&self, id: &str, is_overdue: bool) -> Result<bool, Missing> {
        Ok(match self.run()?.state() {
            RunState::Idle => false,
            RunState::Running => true,
            RunState::Unknown => !(self.is_blocked(id)? || (is_overdue && self.rules.unlock == Some(id))),
        })
    }

    /// Whether something is in progress, or may be.
    pub(super) fn is_running(&self) -> Result<bool, Missing> {
        Ok(self.run()?.state() != RunState::Idle)
    }

    /// Whether a real report is under this lock, or of this run for this stage.
    pub(super) fn is_done(&self, id: &str, reports: &[SeenReport]) -> bool {
        reports.iter().any(|report| {
            report.is_real(self.stage.action)
                && (report.lock_id.as_deref() == Some(id) || self.is_our_request(report))
        })
    }

    pub(super) fn is_our_run(&self, report: &SeenReport) -> bool {
        report
            .mark
            .as_ref()
            .is_some_and(|mark| mark.run == self.rules.run)
    }

    /// Whether the report is of this request, and not of an earlier one under the same name.
    pub(super) fn is_our_request(&self, report: &SeenReport) -> bool {
        let is_requested = self.stage.promote.is_some();
        is_requested
            && self.is_our_run(report)
            && report
                .mark
                .as_ref()
                .is_some_and(|mark| mark.stage == self.stage.name)
    }

    /// Whether somebody else has acted under this id: a run, a failed run, or a report that is not ours.
    pub(super) fn is_used_by_another(&self, id: &str) -> Result<bool, Missing> {
        let run = self.run()?;
        // An unknown state may belong to the lock itself.
        let runs =
            run.state() == RunState::Running && run.promotion_id.as_deref().is_none_or(|run| run == id);
        if runs || self.is_blocked(id)? {
            return Ok(true);
        }
        let is_anothers =
            |report: &SeenReport| report.lock_id.as_deref() == Some(id) && !self.is_our_run(report);
        Ok(self.reports()?.iter().any(is_anothers))
    }
}

/// Kubernetes keeps whole seconds, and what is written must equal what is read back.
pub(in super::super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The intent to request what the lock was requested for.
pub(super) fn promote_intent(lock_id: &str, now: Timestamp) -> PromoteStatus {
    PromoteStatus {
        lock_id: lock_id.to_owned(),
        requested_at: Time(now),
        idle_since: None,
        failed: false,
    }
}

/// The action's name in a sentence.
pub(super) fn name_of(action: Action) -> &'static str {
    if action == Action::Rollback {
        "rollback"
    } else {
        "promotion"
    }
}
