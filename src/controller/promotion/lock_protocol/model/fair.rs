//! What a state leads to, given an operator and no further trouble: a fair schedule, in which everything takes its turn.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::{
    platform::{Lock, Who},
    process::seconds,
    run::Run,
    world::{Action, Operator, State},
};
use crate::{
    aic::LockStatus,
    api::{FailurePolicy, Outcome, Step, Timeouts},
    controller::promotion::lock_protocol::{Fault, LOCK_SETTLES, QUIET_PERIOD, SHOWS_WITHIN},
};

/// In so many rounds everything comes to its end.
const ROUNDS: u32 = 60;
/// So often people help: they unlock what is theirs, accept what is held, say that a lock is to go.
const HELPS: u32 = 6;

/// How a state ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Good,
    /// An invariant is violated on the way.
    Violates,
    /// A lock that a run took is not released.
    LockStays,
    /// A run is not over, and waits for nobody.
    NeverEnds,
    /// Nothing went wrong, and it is not promoted.
    FailsWithoutTrouble,
}

impl State {
    /// How this state ends once nothing goes wrong any more, time passes, and people do what is theirs to do.
    pub fn ending(&self, operator: &Operator, is_honest: bool) -> Ending {
        let mut state = self.clone();
        let operator = Operator {
            // What is reached here was not explored.
            reached: std::sync::Arc::default(),
            ..operator.clone()
        };
        state.apply(Action::DeliverOrphan, &operator);
        for _ in 0..HELPS {
            state.go_on(&operator);
            if !state.people_help(self) {
                break;
            }
        }
        if self.violation.is_none() && state.violation.is_some() {
            return Ending::Violates;
        }
        if let Some(Who::Run(holder)) = state.platform.holder() {
            let holder = &state.runs[usize::from(holder)];
            return if state.is_excused(holder) {
                Ending::Good
            } else {
                Ending::LockStays
            };
        }
        if !state.runs.iter().all(Run::is_over) {
            return Ending::NeverEnds;
        }
        if is_honest && !state.is_success(&operator) {
            return Ending::FailsWithoutTrouble;
        }
        Ending::Good
    }

    /// What nobody can know any more: a backup has made the run forget its lock, where no report proves it, or it is
    /// stopped before one does; its object went before the answer was known; its request came too late.
    fn is_excused(&self, holder: &Run) -> bool {
        let is_proved = self.platform.proves_its_lock(holder.memory.0.retries > 0);
        let forgets = holder.is_restored && (holder.stops || !is_proved);
        forgets || holder.is_untold || holder.is_late
    }

    fn is_success(&self, operator: &Operator) -> bool {
        let is_rolled_back =
            operator.on_failure == FailurePolicy::Rollback && self.platform.fault == Fault::Shown;
        let expected = if is_rolled_back {
            Outcome::RolledBack
        } else {
            Outcome::Promoted
        };
        let mut outcomes = self.runs.iter().map(|run| run.memory.0.outcome);
        let promoted = outcomes.clone().filter(|outcome| *outcome == Some(expected));
        let is_right =
            |outcome: Option<Outcome>| outcome == Some(expected) || outcome == Some(Outcome::AlreadyPromoted);
        promoted.count() > 0 && outcomes.all(is_right)
    }

    /// Whether somebody had to help.
    fn people_help(&mut self, before: &Self) -> bool {
        let mut helps = false;
        let is_persons = self.platform.holder() == Some(Who::Person) || self.platform.is_used_by_a_person();
        if is_persons && !matches!(self.platform.lock, LockStatus::Unlocked | LockStatus::Unlocking) {
            // Whoever took it, or works under it, has no use for it any more.
            self.platform.is_one_sided = false;
            self.platform.lock = LockStatus::Unlocking;
            helps = true;
        }
        let id = self.platform.id();
        for at in 0..self.runs.len() {
            let run = &self.runs[at];
            if run.is_held() {
                self.accept(u8::try_from(at).unwrap());
                helps = true;
                continue;
            }
            let waits_for_person = !run.is_gone && run.memory.0.step == Some(Step::LockRequested);
            if waits_for_person && run.unlock != id && self.is_told(&before.runs[at], run, before.now()) {
                self.runs[at].unlock = id;
                helps = true;
            }
        }
        helps
    }

    fn go_on(&mut self, operator: &Operator) {
        for round in 0..ROUNDS {
            if self.is_calm() && self.platform.holder().is_none() && self.runs.iter().all(Run::is_over) {
                return;
            }
            for process in 0..u8::try_from(self.processes.len()).unwrap() {
                for action in [
                    Action::Deliver(process),
                    Action::Record(process),
                    Action::Decide(process),
                    Action::Deliver(process),
                    Action::Record(process),
                    Action::Decide(process),
                ] {
                    self.apply(action, operator);
                }
            }
            if round % 3 == 2 {
                self.platform.end_run(false);
            }
            self.pass(if round % 8 == 7 {
                QUIET_PERIOD
            } else {
                LOCK_SETTLES + Duration::from_mins(1)
            });
        }
    }

    /// Whether a person is told of the lock that may be a run's, for nobody looked at it in time: it came late, another
    /// was there before it, something was done under it, or too little time is left to judge it.
    fn is_told(&self, before: &Run, after: &Run, now: Timestamp) -> bool {
        let unanswered = |run: &Run| run.memory.0.lock.clone().filter(|lock| lock.id.is_none());
        let is_late = unanswered(after).is_some_and(|lock| {
            let latest = lock.requested_at.0 + LOCK_SETTLES + SHOWS_WITHIN;
            let was_contested = lock.contested && self.had_another_lock(lock.requested_at.0);
            let is_used = lock.seen.is_some() && self.platform.tells_of_its_lock();
            was_contested || is_used || lock.seen.is_some_and(|seen| seen.since.0 > latest)
        });
        let suspect = before
            .memory
            .0
            .suspect
            .as_ref()
            .map(|suspect| suspect.requested_at.0);
        let requested_at = unanswered(before).map(|lock| lock.requested_at.0).or(suspect);
        // It takes a whole quiet period to judge.
        let takes = QUIET_PERIOD + 2 * LOCK_SETTLES;
        let is_stale =
            requested_at.is_some_and(|at| now + takes >= at + Duration::from(Timeouts::default().lock));
        is_late || is_stale
    }

    /// Whether another lock was there while this request was on its way, or after it.
    fn had_another_lock(&self, requested_at: Timestamp) -> bool {
        let requested = u32::try_from(requested_at.as_second()).unwrap();
        let is_of_then = |lock: &&Lock| lock.gone.is_none_or(|gone| gone >= requested);
        let settled = requested + seconds(LOCK_SETTLES);
        let is_seen = |lock: &&Lock| lock.gone.is_none_or(|gone| gone >= settled);
        let of_then = self.platform.locks.iter().filter(is_of_then).filter(is_seen);
        of_then.count() > 1
    }
}
