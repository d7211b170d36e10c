//! The world as the checker explores it: what can happen next, and what must hold always.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use parking_lot::Mutex;
use stateright::{Model, Property};

use super::{
    fair::Ending,
    platform::{Names, Platform, Violation, Who},
    run::{Flight, Process, Run},
    world::{Action, Budget, Operator, State},
};
use crate::{
    aic::LockStatus,
    api::{FailurePolicy, Step},
    controller::promotion::lock_protocol::Fault,
};

pub struct World {
    pub setting: Setting,
    pub operator: Operator,
    /// The property that is expected to be broken: no other is checked.
    pub expected: Option<&'static str>,
    /// How states end that differ in nothing but what may still go wrong.
    endings: Mutex<HashMap<u64, Ending>>,
}

/// Who is there, and what may go wrong.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Of each process, which run it sees to.
    pub processes: &'static [u8],
    pub names: Names,
    /// What is shown of the configuration once it is promoted.
    pub fault: Fault,
    pub on_failure: FailurePolicy,
    pub budget: Budget,
    /// Whether a run may be stopped, or deleted.
    pub can_stop: bool,
    /// Whether statuses are wiped or restored, and objects torn out.
    pub has_cluster_faults: bool,
    /// Whether runs fail or find nothing, locks fail or show on one side, and an environment is away.
    pub has_tenant_faults: bool,
    /// Whether all goes well until the promotion is verified.
    pub begins_well: bool,
}

impl Setting {
    fn runs(&self) -> BTreeSet<u8> {
        self.processes.iter().copied().collect()
    }

    /// Whether two processes see to one run: what one has seen may be old when it acts.
    fn is_crowded(&self) -> bool {
        self.runs().len() < self.processes.len()
    }
}

impl World {
    pub fn new(setting: Setting, operator: Operator, expected: Option<&'static str>) -> Self {
        let operator = Operator {
            on_failure: setting.on_failure,
            ..operator
        };
        Self {
            setting,
            operator,
            expected,
            endings: Mutex::default(),
        }
    }

    /// How this state ends, given an operator and no further trouble.
    fn ending(&self, state: &State) -> Ending {
        let is_honest = state.budget == self.setting.budget && !state.runs.iter().any(|run| run.stops);
        let mut hasher = DefaultHasher::new();
        let no_budget = Budget {
            faults: 0,
            console: 0,
            minutes: 0,
            quiet_periods: 0,
        };
        let alike = State {
            budget: no_budget,
            ..state.clone()
        };
        (&alike, is_honest).hash(&mut hasher);
        let key = hasher.finish();
        if let Some(known) = self.endings.lock().get(&key) {
            return *known;
        }
        let ending = alike.ending(&self.operator, is_honest);
        self.endings.lock().insert(key, ending);
        ending
    }

    fn process_actions(&self, process: &Process, at: u8, actions: &mut Vec<Action>) {
        let next = match process.look {
            None if self.setting.is_crowded() => Action::Look(at),
            None => Action::Decide(at),
            Some(_) => Action::Act(at),
        };
        match process.flight {
            Flight::None => {
                actions.push(next);
                if process.kept.is_some() {
                    actions.push(Action::Kill(at));
                }
            }
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

    fn run_actions(&self, run: &Run, at: u8, actions: &mut Vec<Action>) {
        if run.is_gone {
            return;
        }
        if self.setting.can_stop && !run.stops {
            actions.extend([Action::Stop(at), Action::Delete(at)]);
        }
        let has_begun = run.memory.0.step.is_some() || run.memory.0.suspect.is_some();
        if has_begun && self.setting.has_cluster_faults {
            actions.extend([Action::Restore(at), Action::Wipe(at), Action::TearOut(at)]);
            if run.intent.as_ref().is_some_and(|intent| *intent != run.memory) {
                actions.push(Action::RestoreIntent(at));
            }
        }
        if run.is_held() {
            actions.push(Action::Accept(at));
        }
        let waits = run.memory.0.step == Some(Step::LockRequested) && run.unlock.is_none();
        if waits && run.memory.0.lock.as_ref().is_some_and(|lock| lock.seen.is_some()) {
            actions.push(Action::PersonDecides(at));
        }
    }

    fn tenant_actions(&self, platform: &Platform, actions: &mut Vec<Action>) {
        let may_fail = self.setting.has_tenant_faults;
        if let Some(running) = platform.running {
            actions.push(Action::EndRun);
            let is_ours = matches!(running.by, Who::Run(_));
            if may_fail && is_ours {
                actions.push(Action::EndRunEmpty);
            }
            if may_fail || !is_ours {
                actions.push(Action::FailRun);
            }
        }
        if platform.unfiled.is_some() {
            actions.push(Action::File);
        }
        match platform.lock {
            LockStatus::Unlocked => actions.extend([
                Action::PersonLocks,
                Action::PersonLocksBeside,
                Action::PromotedBelow,
            ]),
            LockStatus::Locked => {
                actions.push(Action::PersonUnlocks);
                // Once is enough.
                if !platform.is_used_by_a_person() {
                    actions.push(Action::PersonPromotes);
                }
            }
            LockStatus::Locking if may_fail => actions.push(Action::FailLock),
            _ => {}
        }
        if may_fail && platform.holder().is_some() && !platform.is_one_sided {
            actions.push(Action::OneSided);
        }
        if may_fail && !platform.is_below_away {
            actions.push(Action::BelowAway);
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let Setting {
            processes,
            names,
            fault,
            budget,
            ..
        } = self.setting;
        vec![State {
            platform: Platform::new(names, fault),
            runs: self.setting.runs().iter().map(|_| Run::new()).collect(),
            processes: processes.iter().copied().map(Process::new).collect(),
            orphan: None,
            now: 0,
            budget,
            violation: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (process, at) in state.processes.iter().zip(0_u8..) {
            self.process_actions(process, at, actions);
        }
        for (run, at) in state.runs.iter().zip(0_u8..) {
            self.run_actions(run, at, actions);
        }
        if state.orphan.is_some() {
            actions.push(Action::DeliverOrphan);
        }
        self.tenant_actions(&state.platform, actions);
        if self.setting.fault == Fault::Shown && state.is_calm() {
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
        if self.setting.begins_well && action.is_trouble() && !last.is_verified() {
            return None;
        }
        let mut state = last.clone();
        state.apply(action, &self.operator)?;
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![
            Property::always(PROMOTES_OWN, |_, state: &State| {
                state.violation != Some(Violation::PromotedUnderAStrangersLock)
            }),
            Property::always(REMOVES_OWN, |_, state: &State| {
                state.violation != Some(Violation::RemovedAStrangersLock)
            }),
            Property::always(ONCE, |_, state: &State| {
                state.violation != Some(Violation::DoneTwice)
            }),
            Property::always(ROLLS_BACK_OWN, |_, state: &State| {
                state.violation != Some(Violation::RolledBackAnothers)
            }),
            Property::always(ROLLS_BACK_FAULTS, |_, state: &State| {
                state.violation != Some(Violation::RolledBackWhatWorks)
            }),
            Property::always(ACCEPTED, |_, state: &State| {
                state.violation != Some(Violation::PromotedWhatNobodyAccepted)
            }),
            Property::always(DRY_RUN, |_, state: &State| {
                state.violation != Some(Violation::PromotedAgainstTheDryRun)
            }),
            Property::always(STOPS, |_, state: &State| {
                state.violation != Some(Violation::BegunAfterStop)
            }),
            Property::always(NOT_WHILE_IT_RUNS, |_, state: &State| {
                state.violation != Some(Violation::RemovedWhileItRuns)
            }),
            Property::always(LOOKS_FOR_NOTHING, |_, state: &State| {
                state.runs.iter().all(|run| {
                    let stage = &run.memory.0;
                    let is_over = matches!(stage.step, Some(Step::Verifying | Step::Done));
                    !is_over || stage.suspect.is_none()
                })
            }),
            Property::always(RELEASED, |world: &World, state: &State| {
                world.ending(state) != Ending::LockStays
            }),
            Property::always(ENDS, |world: &World, state: &State| {
                world.ending(state) != Ending::NeverEnds
            }),
            Property::always(KEEPS_ON, |world: &World, state: &State| {
                world.ending(state) != Ending::Violates
            }),
            Property::always(SUCCEEDS, |world: &World, state: &State| {
                world.ending(state) != Ending::FailsWithoutTrouble
            }),
        ];
        all.retain(|property| self.expected.is_none_or(|expected| property.name == expected));
        all
    }
}

pub const PROMOTES_OWN: &str = "nothing is promoted under a stranger's lock";
pub const REMOVES_OWN: &str = "no stranger's lock is removed";
pub const ONCE: &str = "a stage is promoted once, and rolled back once";
pub const ROLLS_BACK_OWN: &str = "only what a run has promoted itself, and last, is rolled back";
pub const ROLLS_BACK_FAULTS: &str = "only what is shown at fault is rolled back";
pub const ACCEPTED: &str = "nothing is promoted that nobody has accepted";
pub const DRY_RUN: &str =
    "nothing is promoted without a dry run that has found something and nothing in the way";
pub const STOPS: &str = "a run that is to stop begins nothing";
pub const NOT_WHILE_IT_RUNS: &str = "no lock is removed while something runs";
pub const LOOKS_FOR_NOTHING: &str = "a stage that is over looks for nothing";
pub const RELEASED: &str = "a lock that we took is eventually gone";
pub const ENDS: &str = "a run ends, given an operator and no trouble";
pub const KEEPS_ON: &str = "nothing is violated on the way to the end";
pub const SUCCEEDS: &str = "a run that nothing troubles ends promoted";
