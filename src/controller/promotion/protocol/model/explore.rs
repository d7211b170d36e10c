//! The world as the checker explores it: what can happen next, and what must hold always.

use stateright::{Model, Property};

use super::{
    platform::{Crime, Platform, Who},
    run::{Flight, Memory, Run},
    world::{Action, Budget, Decide, State},
};
use crate::aic::LockStatus;

pub struct World {
    pub runs: u8,
    pub budget: Budget,
    pub can_stop: bool,
    pub decide: Decide,
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            platform: Platform::new(),
            runs: vec![Run::new(); usize::from(self.runs)],
            orphan: None,
            now: 0,
            budget: self.budget,
            crime: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (run, at) in state.runs.iter().zip(0_u8..) {
            match run.flight {
                Flight::None => actions.push(Action::Decide(at)),
                Flight::GivingBack(_) => actions.extend([Action::Decide(at), Action::Kill(at)]),
                Flight::Sent(_) => {
                    actions.extend([Action::Deliver(at), Action::LoseRequest(at), Action::Kill(at)]);
                }
                Flight::Answered(_) => {
                    actions.extend([
                        Action::Record(at),
                        Action::LoseAnswer(at),
                        Action::FailToRecord(at),
                    ]);
                }
            }
            if self.can_stop && !run.stops {
                actions.push(Action::Stop(at));
            }
            if run.memory != Memory::new() {
                actions.push(Action::Restore(at));
            }
        }
        if state.orphan.is_some() {
            actions.push(Action::DeliverOrphan);
        }
        if state.platform.running.is_some() {
            actions.push(Action::EndRun);
        }
        if state.platform.unfiled.is_some() {
            actions.push(Action::File);
        }
        match state.platform.lock {
            LockStatus::Unlocked => actions.push(Action::PersonLocks),
            LockStatus::Locked => actions.extend([Action::PersonUnlocks, Action::PersonPromotes]),
            LockStatus::Locking => actions.push(Action::FailLock),
            _ => {}
        }
        if !state.is_busy() {
            actions.extend([Action::Minute, Action::QuietPeriod]);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.apply(action, self.decide)?;
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "nothing is promoted under a stranger's lock",
                |_, state: &State| state.crime != Some(Crime::PromotedUnderAStrangersLock),
            ),
            Property::always("no stranger's lock is removed", |_, state: &State| {
                state.crime != Some(Crime::RemovedAStrangersLock)
            }),
            Property::always("a stage is promoted once", |_, state: &State| {
                state.crime != Some(Crime::PromotedTwice)
            }),
            Property::always(
                "a lock that we took is eventually gone",
                |world: &World, state: &State| state.recovers(world.decide),
            ),
            Property::sometimes("a run promotes", |_, state: &State| {
                state
                    .platform
                    .reports
                    .iter()
                    .any(|report| !report.is_dry && matches!(report.by, Who::Run(_)))
            }),
        ]
    }
}
