//! All that can happen: runs decide and act, answers are lost, processes die, time passes, people interfere.

use std::{collections::BTreeSet, fmt::Display, sync::Arc, time::Duration};

use k8s_openapi::jiff::Timestamp;
use parking_lot::Mutex;

use super::{
    platform::{Deed, Platform, Violation, Who},
    run::{Flight, Memory, Process, Request, Run},
};
use crate::{
    aic::LockStatus,
    api::{FailurePolicy, StageStatus, Step},
    controller::promotion::lock_protocol::{
        Decided, Fault, LOCK_SETTLES, Observation, QUIET_PERIOD, Rules, Verification, VerifyDecision,
    },
};

pub type Decide = dyn Fn(&StageStatus, &Observation, &Rules<'_>, Timestamp) -> Decided + Send + Sync;

/// The functions that are checked, and how an operator carries them out.
#[derive(Clone)]
pub struct Operator {
    pub decide: Arc<Decide>,
    pub verify: fn(&Verification<'_>) -> VerifyDecision,
    pub on_failure: FailurePolicy,
    /// Whether nothing is recorded over what another process has written since it was read.
    pub is_fenced: bool,
    /// Whether what is about to be requested is recorded first.
    pub records_first: bool,
    /// Whether a lock that could not be recorded is released: row 4b.
    pub releases_unrecorded: bool,
    /// Whether a key that a process keeps is used when status has forgotten its lock, or the object is gone.
    pub uses_keys: bool,
    /// The rows and the exceptions that were reached.
    pub reached: Arc<Reached>,
}

#[derive(Default)]
pub struct Reached(Mutex<BTreeSet<String>>);

impl Reached {
    pub fn note(&self, what: impl Display) {
        self.0.lock().insert(what.to_string());
    }

    pub fn all(&self) -> BTreeSet<String> {
        self.0.lock().clone()
    }
}

/// How much of each kind there is. The model is exhaustive within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// What goes wrong: requests or answers that are lost, records that fail, processes that are killed, and so on.
    pub faults: u8,
    /// What people do in the console, and in other clusters.
    pub console: u8,
    /// Times that a minute passes, and times that ten do.
    pub minutes: u8,
    pub quiet_periods: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub platform: Platform,
    pub runs: Vec<Run>,
    pub(super) processes: Vec<Process>,
    /// A request that a gateway holds, or that a dead process has sent: when it was sent.
    pub(super) orphan: Option<(u8, Request, u32)>,
    pub(super) now: u32,
    pub(super) budget: Budget,
    pub violation: Option<Violation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A process looks and acts in one moment, or first looks and then acts.
    Decide(u8),
    Look(u8),
    Act(u8),
    Deliver(u8),
    LoseRequest(u8),
    HoldRequest(u8),
    Record(u8),
    LoseAnswer(u8),
    RecordUnseen(u8),
    FailToRecord(u8),
    Kill(u8),
    /// Status is restored from before the run began, or as it was when the lock was requested, and the processes die; or
    /// it is wiped, and they live on and have the key.
    Restore(u8),
    RestoreIntent(u8),
    Wipe(u8),
    /// The object is deleted as it should be, or torn out of the cluster with its finalizer.
    Delete(u8),
    TearOut(u8),
    DeliverOrphan,
    Stop(u8),
    EndRun,
    EndRunEmpty,
    FailRun,
    File,
    FailLock,
    OneSided,
    BelowAway,
    PersonLocks,
    /// The lock of another pair, which shares one of the two environments.
    PersonLocksBeside,
    PersonUnlocks,
    PersonPromotes,
    /// A person says that the lock that may be this run's is to go.
    PersonDecides(u8),
    /// Somebody promotes into the environment below, which no lock forbids them now.
    PromotedBelow,
    /// A person accepts what stands there now.
    Accept(u8),
    /// What is shown of the configuration changes: it is put right, or cannot be seen.
    Fault(Fault),
    Minute,
    QuietPeriod,
}

impl Action {
    /// Whether it is none of what happens by itself when all goes well.
    pub(super) fn is_trouble(self) -> bool {
        !matches!(
            self,
            Self::Decide(_)
                | Self::Look(_)
                | Self::Act(_)
                | Self::Deliver(_)
                | Self::Record(_)
                | Self::EndRun
                | Self::File
                | Self::Minute
        )
    }
}

impl State {
    /// Whether the promotion of a run is verified, or was.
    pub(super) fn is_verified(&self) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|run| run.memory.0.step == Some(Step::Verifying) || run.memory.0.rollback.is_some())
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_second(i64::from(self.now)).unwrap()
    }

    fn fault(&mut self) -> Option<()> {
        self.budget.faults = self.budget.faults.checked_sub(1)?;
        Some(())
    }

    fn console(&mut self) -> Option<()> {
        self.budget.console = self.budget.console.checked_sub(1)?;
        Some(())
    }

    /// What is done under a lock of one's own belongs to the same visit.
    fn visit(&mut self) -> Option<()> {
        if self.platform.holder() == Some(Who::Person) {
            return Some(());
        }
        self.console()
    }

    pub(super) fn violates(&mut self, violation: Option<Violation>) {
        self.violation = self.violation.or(violation);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        // Nobody acts by what was seen so long ago.
        for process in &mut self.processes {
            process.look = None;
        }
        self.now += u32::try_from(time.as_secs()).unwrap();
        self.platform.pass_time(self.now);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.processes
            .iter()
            .any(|process| matches!(process.flight, Flight::Sent(_) | Flight::Answered(_)))
    }

    /// Whether nothing is on its way, and nobody is about to act by what was seen.
    pub(super) fn is_calm(&self) -> bool {
        let mut processes = self.processes.iter();
        self.orphan.is_none()
            && processes.all(|process| process.flight == Flight::None && process.look.is_none())
    }

    pub(super) fn is_refused(&self) -> bool {
        let mut processes = self.processes.iter();
        processes.any(|process| process.flight == Flight::Refused)
    }

    pub(super) fn accept(&mut self, run: u8) {
        let run = &mut self.runs[usize::from(run)];
        run.accepted = self.platform.below;
        run.memory = Memory(Arc::new((*run.memory.0).clone().released_from_hold()));
    }

    fn processes_of(&self, run: u8) -> Vec<u8> {
        let all = (0..).zip(&self.processes);
        all.filter(|(_, process)| process.run == run)
            .map(|(at, _)| at)
            .collect()
    }

    /// Status forgets, or the object goes: what is left is what the processes of this run have kept.
    fn forget(&mut self, run: u8) -> bool {
        let memory = self.runs[usize::from(run)].memory.clone();
        let mut is_kept = false;
        for process in self.processes_of(run) {
            let process = &mut self.processes[usize::from(process)];
            if process.has_key && memory.0.may_hold_lock() {
                process.kept = Some(memory.clone());
                is_kept = true;
            }
        }
        is_kept
    }

    #[allow(clippy::too_many_lines, reason = "each thing that can happen is one arm")]
    pub(super) fn apply(&mut self, action: Action, operator: &Operator) -> Option<()> {
        match action {
            Action::Decide(process) => {
                self.look(process, operator);
                self.act(process, operator);
            }
            Action::Look(process) => self.look(process, operator),
            Action::Act(process) => self.act(process, operator),
            Action::Deliver(process) => {
                let Process { run, flight, .. } = self.processes[usize::from(process)];
                if let Flight::Sent(request) = flight {
                    self.processes[usize::from(process)].flight = self.send(run, request, self.now, operator);
                }
            }
            Action::LoseRequest(process) | Action::LoseAnswer(process) => {
                self.fault()?;
                let flight =
                    std::mem::replace(&mut self.processes[usize::from(process)].flight, Flight::None);
                if !flight.is_start() {
                    self.lose(process);
                }
            }
            // A gateway holds the request: who sent it waits no longer, and it arrives later.
            Action::HoldRequest(process) => {
                self.fault()?;
                let Process { run, flight, .. } = self.processes[usize::from(process)];
                let Flight::Sent(request) = flight else {
                    return None;
                };
                self.processes[usize::from(process)].flight = Flight::None;
                if request == Request::Lock {
                    self.lose(process);
                }
                self.orphan = Some((run, request, self.now));
            }
            Action::Record(process) => self.record(process),
            Action::RecordUnseen(process) => {
                self.fault()?;
                self.record_unseen(process)?;
            }
            Action::FailToRecord(process) => {
                self.fault()?;
                self.fail_to_record(process);
            }
            Action::Kill(process) => {
                self.fault()?;
                self.kill(process);
            }
            Action::Restore(run) => {
                self.fault()?;
                for process in self.processes_of(run) {
                    self.kill(process);
                }
                let restored = &mut self.runs[usize::from(run)];
                restored.memory = Memory::new();
                restored.is_restored = true;
            }
            Action::RestoreIntent(run) => {
                self.fault()?;
                for process in self.processes_of(run) {
                    self.kill(process);
                }
                let restored = &mut self.runs[usize::from(run)];
                restored.memory = restored.intent.clone()?;
                restored.is_restored = true;
                for process in self.processes_of(run) {
                    self.lose(process);
                }
            }
            Action::Wipe(run) => {
                self.fault()?;
                // An answer cannot be recorded any more: to whoever else has the key it is lost.
                for process in self.processes_of(run) {
                    self.lose(process);
                }
                let is_kept = self.forget(run);
                let wiped = &mut self.runs[usize::from(run)];
                wiped.memory = Memory::new();
                wiped.is_restored |= !is_kept;
            }
            Action::Delete(run) => {
                let deleted = &mut self.runs[usize::from(run)];
                deleted.stops = true;
                deleted.is_deleted = true;
            }
            Action::TearOut(run) => {
                self.fault()?;
                let is_kept = self.forget(run);
                let torn = &mut self.runs[usize::from(run)];
                let lock = torn.memory.0.open_lock();
                let has_id = lock.is_some_and(|lock| lock.id.is_some() && !lock.unproved);
                torn.is_gone = true;
                torn.is_untold |= torn.memory.0.may_hold_lock() && !(is_kept && has_id);
            }
            Action::DeliverOrphan => {
                let (run, request, sent) = self.orphan.take()?;
                self.send(run, request, sent, operator);
            }
            Action::Stop(run) => self.runs[usize::from(run)].stops = true,
            Action::EndRun => self.platform.end_run(false),
            Action::EndRunEmpty => {
                self.fault()?;
                self.platform.end_run(true);
            }
            Action::FailRun => {
                // What people run may fail at any time.
                if self.platform.running?.by != Who::Person {
                    self.fault()?;
                }
                self.platform.fail_run();
            }
            Action::File => self.platform.file(),
            Action::FailLock => {
                self.fault()?;
                self.platform.lock = LockStatus::Error;
            }
            Action::OneSided => {
                self.fault()?;
                self.platform.is_one_sided = true;
            }
            Action::BelowAway => {
                self.fault()?;
                self.platform.is_below_away = true;
            }
            Action::PersonLocks => {
                self.console()?;
                self.platform.take(Who::Person, self.now)?;
            }
            Action::PersonLocksBeside => {
                self.console()?;
                self.platform.take(Who::Person, self.now)?;
                self.platform.is_one_sided = true;
            }
            Action::PersonUnlocks => {
                self.visit()?;
                self.platform.release(self.platform.id()?, Who::Person, true);
            }
            Action::PersonPromotes => {
                self.visit()?;
                self.platform.start(Who::Person, Deed::Promotion, false);
            }
            Action::PersonDecides(run) => {
                self.runs[usize::from(run)].unlock = self.platform.id();
            }
            Action::PromotedBelow => {
                self.console()?;
                self.platform.below += 1;
            }
            Action::Accept(run) => self.accept(run),
            Action::Fault(fault) => {
                self.console()?;
                self.platform.fault = fault;
            }
            Action::Minute => {
                self.budget.minutes = self.budget.minutes.checked_sub(1)?;
                self.pass(LOCK_SETTLES + Duration::from_mins(1));
            }
            Action::QuietPeriod => {
                self.budget.quiet_periods = self.budget.quiet_periods.checked_sub(1)?;
                self.pass(QUIET_PERIOD + Duration::from_secs(1));
            }
        }
        Some(())
    }
}
