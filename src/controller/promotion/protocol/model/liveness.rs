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
    controller::promotion::protocol::{LOCK_SETTLES, QUIET_PERIOD},
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
        if let Some((run, request)) = state.orphan.take() {
            state.send(run, request);
        }
        state.go_on(operator);
        let Some(id) = state.platform.id().filter(|_| state.platform.holder().is_some()) else {
            return true;
        };
        for (before, after) in self.runs.iter().zip(&mut state.runs) {
            let waits_for_person = after.memory.0.step == Some(Step::LockRequested);
            if waits_for_person && came_late(before, self.now()) {
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

    fn go_on(&mut self, operator: Operator) {
        for round in 0..ROUNDS {
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

/// Whether the answer to a run's request was lost, and nobody looked at the lock for longer than it may take.
fn came_late(run: &Run, now: Timestamp) -> bool {
    run.memory.0.lock.as_ref().is_some_and(|lock| {
        let looked = lock.seen.as_ref().map_or(now, |seen| seen.since.0);
        lock.id.is_none() && looked >= lock.requested_at.0 + Duration::from(Timeouts::default().lock)
    })
}
