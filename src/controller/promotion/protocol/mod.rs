//! The lock protocol: what is done next about a stage's lock, from what status remembers and what the tenant shows.
//!
//! No I/O and no clock: the same function is what runs, what the table checks and what the model explores. Its rows
//! are those of the lock protocol: a lock that we took is given back; one that is not proved ours is never promoted
//! under, and never removed but for one that is idle after our own lost answer; a stage is promoted once.

mod answer;
mod before;
mod dry_run;
mod end;
mod forgotten;
mod locking;
#[cfg(test)]
mod model;
mod pace;
mod promoting;
mod reads;
mod sight;
#[cfg(test)]
mod tests;
mod unanswered;
mod verifying;

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use crate::{
    aic::RunState,
    api::{Action, LockStatus, Outcome, PromoteStatus, PromotionMode, Reason, StageStatus, Step, Timeouts},
    http::ONCE_ONLY_TIMEOUT,
};

use self::pace::{LONGEST_POLL, POLL, pace, pace_of_release};
pub(super) use answer::{dry_run_refused, lock_accepted, lock_refused};
pub(super) use end::finish;
pub(super) use forgotten::{Forgotten, forgotten};
pub(super) use reads::{Reports, reads_fault, reads_reports, reads_run};
pub(super) use sight::{Fault, SeenReport, Sight};
#[cfg(test)]
use unanswered::SHOWS_WITHIN;
pub(super) use unanswered::idle_lock;
pub(super) use verifying::{FAULT_STANDS, Proof, Ruling};

/// A request for a lock can still arrive, or its effect still show, this long after the time that was recorded with it:
/// recording it, sending it and answering it take a timeout each.
pub(super) const LOCK_SETTLES: Duration = Duration::from_secs(3 * ONCE_ONLY_TIMEOUT.as_secs() + 30);
/// The same for a run and its report.
pub(super) const RUN_SETTLES: Duration = Duration::from_mins(2);
/// A lock that may be ours is given back after it was seen idle for this long.
pub(super) const QUIET_PERIOD: Duration = Duration::from_mins(10);
/// How often a stage begins anew, and a dry run is asked for.
const MOST_TRIES: i32 = 3;
/// A lock that is not gone after this long is a person's affair, too.
const LONGEST_RELEASE: Duration = Duration::from_mins(10);

/// What a run is told once.
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Clone, Debug)]
pub(super) struct Rules<'a> {
    /// `namespace/name`: a stage is promoted once under it.
    pub(super) key: &'a str,
    /// The object's uid: what bears it was asked for by this run.
    pub(super) run: &'a str,
    pub(super) mode: PromotionMode,
    pub(super) ignore_encrypted_secrets: bool,
    pub(super) timeouts: &'a Timeouts,
    /// Whether all that can be checked without a lock is as it should be.
    pub(super) is_ready: bool,
    /// The request for the lock that status remembers is known to have no effect: it was refused, never sent, or its lock
    /// given back.
    pub(super) is_void: bool,
    /// For how long the lock that may be ours was seen idle, look after look.
    pub(super) quiet_for: Duration,
    /// The run is to stop where it safely can.
    pub(super) stops: bool,
    /// The lock that a person says is to be removed.
    pub(super) unlock: Option<&'a str>,
}

/// What is done next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Remember, and decide again.
    Remember(StageStatus),
    /// Remember, then ask for the lock: once.
    Lock(StageStatus),
    /// Remember, then ask for a dry run.
    DryRun(StageStatus),
    /// Remember, then ask for the promotion or the rollback: once under this lock.
    Promote(StageStatus),
    /// Give this lock back, and look again after a while.
    Unlock(String, Wait),
    /// Look again after a while.
    Wait(Wait),
    /// Nothing about a lock is left to do: the stage is verified, or over.
    Leave,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wait {
    pub(super) reason: Reason,
    /// A person is needed.
    pub(super) is_stalled: bool,
    pub(super) message: String,
    pub(super) after: Duration,
}

impl Wait {
    /// The lock was there a moment ago.
    pub(super) fn for_the_lock() -> Self {
        Self {
            reason: Reason::Locking,
            is_stalled: false,
            message: "the lock is about to change: it is looked at again".to_owned(),
            after: POLL,
        }
    }

    /// A request for a lock may still have an effect, and the stage may not begin.
    pub(super) fn for_a_suspect() -> Self {
        Self {
            reason: Reason::LockOwnershipUnknown,
            is_stalled: false,
            message: "the answer to a request for a lock was lost, and it may still take one: the operator looks for it for a few minutes more"
                .to_owned(),
            after: LONGEST_POLL,
        }
    }
}

/// Decides.
pub(super) fn decide(stage: &StageStatus, sight: &Sight, rules: &Rules<'_>, now: Timestamp) -> Act {
    let case = Case {
        stage,
        sight,
        rules,
        now: whole_seconds(now),
    };
    match (stage.step, &stage.lock) {
        (Some(Step::Verifying | Step::Done), _) => Act::Leave,
        (Some(Step::LockRequested), Some(lock)) => case.lock_requested(lock),
        (Some(Step::Locking), Some(lock)) => case.locking(lock),
        (Some(Step::DryRun), Some(lock)) => case.dry_run(lock),
        (Some(Step::Promoting), Some(lock)) => case.promoting(lock),
        (Some(Step::Unlocking), Some(lock)) => case.unlocking(lock),
        (Some(Step::Unknown), _) => case.wait(
            Reason::InvalidObject,
            true,
            "status.stages names a step that this version of the operator does not know: upgrade it",
        ),
        // Without a lock there is nothing but the beginning.
        (_, None) | (None, _) => case.begin(),
    }
}

/// One decision: everything it is made from.
struct Case<'a> {
    stage: &'a StageStatus,
    sight: &'a Sight,
    rules: &'a Rules<'a>,
    now: Timestamp,
}

impl Case<'_> {
    fn wait(&self, reason: Reason, is_stalled: bool, message: impl Into<String>) -> Act {
        Act::Wait(self.until(reason, is_stalled, message))
    }

    fn until(&self, reason: Reason, is_stalled: bool, message: impl Into<String>) -> Wait {
        Wait {
            reason,
            is_stalled,
            message: message.into(),
            after: self.step_has_taken().map_or(LONGEST_POLL, pace),
        }
    }

    /// A lock is asked back, and looked at again.
    fn unlock(&self, id: &str, reason: Reason, is_stalled: bool, message: String) -> Act {
        let after = self.step_has_taken().map_or(LONGEST_POLL, pace_of_release);
        let wait = self.until(reason, is_stalled, message);
        Act::Unlock(id.to_owned(), Wait { after, ..wait })
    }

    /// For how long the last thing that was asked for is under way. Nothing is asked for while another's lock is waited
    /// for.
    fn step_has_taken(&self) -> Option<Duration> {
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

    /// The stage as it is to be, with a change.
    fn with(&self, change: impl FnOnce(&mut StageStatus)) -> StageStatus {
        let mut stage = self.stage.clone();
        change(&mut stage);
        stage
    }

    /// Decides how the stage ends, and gives the lock back first.
    fn release(&self, outcome: Outcome, reason: Reason, message: impl Into<String>) -> Act {
        Act::Remember(self.released(outcome, reason, message))
    }

    fn released(&self, outcome: Outcome, reason: Reason, message: impl Into<String>) -> StageStatus {
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

    fn since(&self, time: &Time) -> Duration {
        self.now.duration_since(time.0).try_into().unwrap_or_default()
    }

    /// Whether what is shown is what became of the request for this lock: it was seen before, or must show by now.
    fn is_settled(&self, lock: &LockStatus) -> bool {
        let was_seen = self.stage.dry_run_request.is_some() || self.stage.promote.is_some();
        was_seen || self.since(&lock.requested_at) >= LOCK_SETTLES
    }

    fn is_overdue(&self, since: &Time, limit: kube::core::Duration) -> bool {
        self.since(since) >= Duration::from(limit)
    }

    /// Whether what was begun under this lock has come to nothing.
    fn is_blocked(&self, id: &str) -> bool {
        self.sight.has_failed() && self.sight.run.promotion_id.as_deref() == Some(id)
    }

    /// Whether something is under way under this lock, or may be. What has failed is not, whatever its state is called;
    /// nor what a person has given up, once it is overdue.
    fn may_run(&self, id: &str, is_overdue: bool) -> bool {
        match self.sight.run.state() {
            RunState::Idle => false,
            RunState::Running => true,
            RunState::Unknown => !(self.is_blocked(id) || (is_overdue && self.rules.unlock == Some(id))),
        }
    }

    /// A report of what was really done under this lock, or by this run for this stage.
    fn real_report(&self, id: &str) -> Option<&SeenReport> {
        self.sight.reports.iter().find(|report| {
            report.is_real(self.stage.action)
                && (report.lock_id.as_deref() == Some(id) || self.is_our_request(report))
        })
    }

    fn is_our_run(&self, report: &SeenReport) -> bool {
        report
            .mark
            .as_ref()
            .is_some_and(|mark| mark.run == self.rules.run)
    }

    /// Whether the report is of what this very request asked for, not of an earlier one under the same name.
    fn is_our_request(&self, report: &SeenReport) -> bool {
        let is_asked_for = self.stage.promote.is_some();
        is_asked_for
            && self.is_our_run(report)
            && report
                .mark
                .as_ref()
                .is_some_and(|mark| mark.stage == self.stage.name)
    }

    /// Whether somebody else has acted under this id: a run, one that came to nothing, or a report that is not ours.
    fn is_used_by_another(&self, id: &str) -> bool {
        let run = &self.sight.run;
        // A state that nobody knows may be the lock's own.
        let runs =
            run.state() == RunState::Running && run.promotion_id.as_deref().is_none_or(|run| run == id);
        runs || self.is_blocked(id)
            || self
                .sight
                .reports
                .iter()
                .any(|report| report.lock_id.as_deref() == Some(id) && !self.is_our_run(report))
    }
}

/// Kubernetes keeps whole seconds: what is remembered must equal what is read back.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The intent to ask for what the lock was taken for.
fn promote_intent(lock_id: &str, now: Timestamp) -> PromoteStatus {
    PromoteStatus {
        lock_id: lock_id.to_owned(),
        requested_at: Time(now),
        idle_since: None,
    }
}

/// What the action is called in a sentence.
fn name_of(action: Action) -> &'static str {
    if action == Action::Rollback {
        "rollback"
    } else {
        "promotion"
    }
}
