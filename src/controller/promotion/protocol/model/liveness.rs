//! "A lock that we took is eventually gone": what a state leads to once nothing goes wrong any more.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::{
    platform::Who,
    run::Run,
    world::{Action, Operator, State},
};
use crate::{
    api::{Step, Timeouts},
    controller::promotion::protocol::{LOCK_SETTLES, QUIET_PERIOD, SHOWS_WITHIN},
};

/// In so many looks everything comes to its end.
const ROUNDS: u32 = 60;

impl State {
    /// Whether every lock that a run took is gone once nothing goes wrong any more, and time passes. For a run that came
    /// back too late to tell its lock from a stranger's, once a person says so, too. Left out is one that a backup has
    /// made forget its lock, where no report tells of it, or the run is stopped before one does.
    pub fn recovers(&self, operator: Operator) -> bool {
        if !matches!(self.platform.holder(), Some(Who::Run(_))) {
            return true;
        }
        let mut state = self.clone();
        if let Some((run, request, _)) = state.orphan.take() {
            state.send(run, request);
        }
        state.go_on(operator);
        let Some(id) = state.platform.id().filter(|_| state.platform.holder().is_some()) else {
            return true;
        };
        for (before, after) in self.runs.iter().zip(&mut state.runs) {
            let waits_for_person = after.memory.0.step == Some(Step::LockRequested);
            if waits_for_person && is_told(before, after, self.now()) {
                after.unlock = Some(id);
            }
        }
        if state.runs.iter().any(|run| run.unlock.is_some()) {
            state.go_on(operator);
        }
        let Some(Who::Run(holder)) = state.platform.holder() else {
            return true;
        };
        let holder = &state.runs[usize::from(holder)];
        holder.is_restored && (holder.stops || !state.platform.tells_of_its_lock())
    }

    /// Whether nobody does anything any more, however much time passes.
    fn is_over(&self) -> bool {
        let ends =
            |run: &Run| run.is_held() || matches!(run.memory.0.step, Some(Step::Verifying | Step::Done));
        self.is_calm() && self.platform.holder().is_none() && self.runs.iter().all(ends)
    }

    fn go_on(&mut self, operator: Operator) {
        for round in 0..ROUNDS {
            if self.is_over() {
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
                self.platform.end_run();
            }
            self.pass(if round % 8 == 7 {
                QUIET_PERIOD
            } else {
                LOCK_SETTLES + Duration::from_mins(1)
            });
        }
    }
}

/// Whether a person is told of the lock that may be a run's, for nobody looked at it in time: it came late, another was
/// there before it, or too little time is left to judge it.
fn is_told(before: &Run, after: &Run, now: Timestamp) -> bool {
    let unanswered = |run: &Run| run.memory.0.lock.clone().filter(|lock| lock.id.is_none());
    let is_late = unanswered(after).is_some_and(|lock| {
        let latest = lock.requested_at.0 + LOCK_SETTLES + SHOWS_WITHIN;
        lock.contested || lock.seen.is_some_and(|seen| seen.since.0 > latest)
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
