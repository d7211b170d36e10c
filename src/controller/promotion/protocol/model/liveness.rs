//! "A lock that we took is eventually gone": what a state leads to once nothing goes wrong any more.

use std::time::Duration;

use super::{
    platform::Who,
    world::{Action, Operator, State},
};
use crate::{
    api::{Step, Timeouts},
    controller::promotion::protocol::{LOCK_SETTLES, QUIET_PERIOD},
};

impl State {
    /// Whether every lock that a run took is gone once nothing goes wrong any more, and time passes. A run that came
    /// back too late to tell its lock from a stranger's waits for a person; so does one that a backup has made forget
    /// its lock, where no report tells of it, or the run is stopped before one does.
    pub fn recovers(&self, operator: Operator) -> bool {
        if !matches!(self.platform.holder(), Some(Who::Run(_))) {
            return true;
        }
        let mut state = self.clone();
        let started = state.now();
        if let Some((run, request)) = state.orphan.take() {
            state.send(run, request);
        }
        for round in 0..60 {
            for process in 0..u8::try_from(state.processes.len()).unwrap() {
                for action in [
                    Action::Deliver(process),
                    Action::Record(process),
                    Action::Decide(process),
                    Action::Deliver(process),
                    Action::Record(process),
                    Action::Decide(process),
                ] {
                    state.apply(action, operator);
                }
            }
            if round % 3 == 2 {
                state.platform.end_run();
            }
            state.pass(if round % 8 == 7 {
                QUIET_PERIOD
            } else {
                LOCK_SETTLES + Duration::from_mins(1)
            });
        }
        state.runs.iter().enumerate().all(|(run, after)| {
            let run_held = Who::Run(u8::try_from(run).unwrap());
            let came_late = self.runs[run].memory.0.lock.as_ref().is_some_and(|lock| {
                let looked = lock.seen.as_ref().map_or(started, |seen| seen.since.0);
                lock.id.is_none() && looked >= lock.requested_at.0 + Duration::from(Timeouts::default().lock)
            });
            let waits_for_person = after.memory.0.step == Some(Step::LockRequested) && came_late;
            let is_forgotten = after.is_restored && (after.stops || !state.platform.tells_of_its_lock());
            state.platform.holder() != Some(run_held) || waits_for_person || is_forgotten
        })
    }
}
