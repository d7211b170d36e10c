//! The world as the checker explores it: what can happen next, and what must hold always.

use std::collections::BTreeSet;

use stateright::{Model, Property};

use super::{
    platform::{Crime, Deed, Names, Platform, Who},
    run::{Flight, Memory, Process, Run},
    world::{Action, Budget, Operator, State},
};
use crate::{
    aic::LockStatus,
    api::{self, Step},
    controller::promotion::protocol::Fault,
};

pub struct World {
    pub setting: Setting,
    pub operator: Operator,
}

/// Who is there, and what may go wrong.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Of each process, which run it sees to.
    pub processes: &'static [u8],
    /// What is about to begin: what a rollback takes back was promoted before.
    pub action: api::Action,
    pub names: Names,
    pub budget: Budget,
    pub can_stop: bool,
}

impl Setting {
    /// Whether two processes see to one run: what one has seen may be old when it acts.
    fn is_crowded(&self) -> bool {
        self.processes.iter().collect::<BTreeSet<_>>().len() < self.processes.len()
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            platform: match self.setting.action {
                api::Action::Rollback => Platform::promoted_by(0),
                api::Action::Promotion | api::Action::Unknown => Platform::new(self.setting.names),
            },
            runs: self
                .setting
                .processes
                .iter()
                .collect::<BTreeSet<_>>()
                .iter()
                .map(|_| Run::new(self.setting.action))
                .collect(),
            processes: self.setting.processes.iter().copied().map(Process::new).collect(),
            orphan: None,
            now: 0,
            budget: self.setting.budget,
            crime: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (process, at) in state.processes.iter().zip(0_u8..) {
            let next = match process.look {
                None if self.setting.is_crowded() => Action::Look(at),
                None => Action::Decide(at),
                Some(_) => Action::Act(at),
            };
            match process.flight {
                Flight::None => actions.push(next),
                Flight::Refused => actions.extend([Action::Record(at), Action::Kill(at)]),
                Flight::Unrecorded(_) => actions.extend([next, Action::Kill(at)]),
                Flight::Sent(_) => {
                    actions.extend([
                        Action::Deliver(at),
                        Action::LoseRequest(at),
                        Action::HoldRequest(at),
                        Action::Kill(at),
                    ]);
                }
                Flight::Answered(_) => {
                    actions.extend([
                        Action::Record(at),
                        Action::LoseAnswer(at),
                        Action::RecordUnseen(at),
                        Action::FailToRecord(at),
                    ]);
                }
            }
        }
        for (run, at) in state.runs.iter().zip(0_u8..) {
            if self.setting.can_stop && !run.stops {
                actions.push(Action::Stop(at));
            }
            if run.memory != Memory::new(self.setting.action) {
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
            LockStatus::Unlocked => actions.extend([Action::PersonLocks, Action::PromotedBelow]),
            LockStatus::Locked => actions.extend([Action::PersonUnlocks, Action::PersonPromotes]),
            LockStatus::Locking => actions.push(Action::FailLock),
            _ => {}
        }
        for (run, known) in (0..).zip(&state.runs) {
            if known.is_held() {
                actions.push(Action::Accept(run));
            }
        }
        if self.setting.action == api::Action::Rollback && state.is_calm() {
            actions.extend([Fault::NotShown, Fault::ShownRight].map(Action::Fault));
        }
        if !state.is_busy() {
            actions.push(Action::Minute);
            // For so long whoever was refused tries to record it.
            if !state.is_refused() {
                actions.push(Action::QuietPeriod);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.apply(action, self.operator)?;
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
            Property::always(
                "a stage is promoted once, and rolled back once",
                |_, state: &State| state.crime != Some(Crime::DoneTwice),
            ),
            Property::always(
                "a lock that we took is eventually gone",
                |world: &World, state: &State| state.recovers(world.operator),
            ),
            Property::always(
                "only what a run has promoted itself, and last, is rolled back",
                |_, state: &State| state.crime != Some(Crime::RolledBackAnothers),
            ),
            Property::always(
                "only what is shown at fault is rolled back",
                |_, state: &State| state.crime != Some(Crime::RolledBackWhatWorks),
            ),
            Property::always(
                "nothing is promoted that nobody has accepted",
                |_, state: &State| state.crime != Some(Crime::PromotedWhatNobodyAccepted),
            ),
            Property::always("no lock is removed while something runs", |_, state: &State| {
                state.crime != Some(Crime::RemovedWhileItRuns)
            }),
            Property::always("a stage that is over looks for nothing", |_, state: &State| {
                state.runs.iter().all(|run| {
                    let stage = &run.memory.0;
                    let is_over = matches!(stage.step, Some(Step::Verifying | Step::Done));
                    !is_over || stage.suspect.is_none()
                })
            }),
            Property::sometimes("a run comes to its end", |world: &World, state: &State| {
                let deed = Deed::of(world.setting.action);
                let mut reports = state.platform.reports.iter();
                reports.any(|report| report.deed == deed && matches!(report.by, Who::Run(_)))
            }),
        ]
    }
}
