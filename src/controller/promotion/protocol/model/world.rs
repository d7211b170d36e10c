//! All that can happen: runs decide and act, answers are lost, processes die, time passes, a person interferes.

use std::{sync::Arc, time::Duration};

use k8s_openapi::jiff::Timestamp;

use super::{
    platform::{Crime, Deed, Platform, Who},
    run::{Flight, Memory, Process, Request, Run},
};
use crate::{
    aic::LockStatus,
    api::StageStatus,
    controller::promotion::protocol::{Act, Fault, LOCK_SETTLES, QUIET_PERIOD, Rules, SHOWS_WITHIN, Sight},
};

/// The function that is checked.
pub type Decide = fn(&StageStatus, &Sight, &Rules<'_>, Timestamp) -> Act;

/// How an operator goes about its work.
#[derive(Clone, Copy)]
pub struct Operator {
    pub decide: Decide,
    /// Whether nothing is recorded over what another process has written since it was read.
    pub is_fenced: bool,
}

/// How much of each trouble there is. The model is exhaustive within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Requests or answers that are lost, records that fail, processes that are killed, backups that are restored.
    pub troubles: u8,
    /// What a person does.
    pub person: u8,
    /// Times that a minute passes, and times that ten do.
    pub minutes: u8,
    pub quiet_periods: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub platform: Platform,
    pub runs: Vec<Run>,
    pub(super) processes: Vec<Process>,
    /// A request of a process that is dead, on its way still.
    pub(super) orphan: Option<(u8, Request, u32)>,
    pub(super) now: u32,
    pub(super) budget: Budget,
    pub crime: Option<Crime>,
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
    Restore(u8),
    DeliverOrphan,
    Stop(u8),
    EndRun,
    File,
    FailLock,
    PersonLocks,
    PersonUnlocks,
    PersonPromotes,
    /// Somebody promotes into the environment below, which no lock forbids them now.
    PromotedBelow,
    /// A person accepts what stands there now.
    Accept(u8),
    /// What is shown of the configuration changes: it is put right, or cannot be seen.
    Fault(Fault),
    Minute,
    QuietPeriod,
}

impl State {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_second(i64::from(self.now)).unwrap()
    }

    fn trouble(&mut self) -> Option<()> {
        self.budget.troubles = self.budget.troubles.checked_sub(1)?;
        Some(())
    }

    fn person(&mut self) -> Option<()> {
        self.budget.person = self.budget.person.checked_sub(1)?;
        Some(())
    }

    pub(super) fn blame(&mut self, crime: Option<Crime>) {
        self.crime = self.crime.or(crime);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        // Nobody acts by what was seen so long ago.
        for process in &mut self.processes {
            process.look = None;
        }
        self.now += u32::try_from(time.as_secs()).unwrap();
        // A gateway may hold a request for a lock; one to promote arrives within its settle time, or never.
        let latest = LOCK_SETTLES + SHOWS_WITHIN;
        let now = self.now;
        self.orphan = self.orphan.take().filter(|(_, request, sent)| {
            *request == Request::Lock && Duration::from_secs((now - sent).into()) <= latest
        });
        self.platform.pass_time();
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

    fn accept(&mut self, run: u8) {
        let run = &mut self.runs[usize::from(run)];
        run.accepted = self.platform.below;
        run.memory = Memory(Arc::new(StageStatus {
            held: None,
            dry_run: None,
            ..(*run.memory.0).clone()
        }));
    }

    pub(super) fn apply(&mut self, action: Action, operator: Operator) -> Option<()> {
        match action {
            Action::Decide(process) => {
                self.look(process);
                self.act(process, operator)?;
            }
            Action::Look(process) => self.look(process),
            Action::Act(process) => self.act(process, operator)?,
            Action::Deliver(process) => {
                let Process { run, flight, .. } = self.processes[usize::from(process)];
                if let Flight::Sent(request) = flight {
                    self.processes[usize::from(process)].flight = self.send(run, request);
                }
            }
            Action::LoseRequest(process) | Action::LoseAnswer(process) => {
                self.trouble()?;
                let flight =
                    std::mem::replace(&mut self.processes[usize::from(process)].flight, Flight::None);
                if !flight.is_start() {
                    self.lose(process);
                }
            }
            // A gateway holds the request: who sent it waits no longer, and it arrives later.
            Action::HoldRequest(process) => {
                self.trouble()?;
                let Process { run, flight, .. } = self.processes[usize::from(process)];
                let Flight::Sent(request @ Request::Lock) = flight else {
                    return None;
                };
                self.processes[usize::from(process)].flight = Flight::None;
                self.lose(process);
                self.orphan = Some((run, request, self.now));
            }
            Action::Record(process) => self.record(process),
            Action::RecordUnseen(process) => {
                self.trouble()?;
                self.record_unseen(process)?;
            }
            Action::FailToRecord(process) => {
                self.trouble()?;
                self.fail_to_record(process);
            }
            Action::Kill(process) => {
                self.trouble()?;
                self.kill(process);
            }
            Action::Restore(run) => {
                self.trouble()?;
                for process in 0..u8::try_from(self.processes.len()).ok()? {
                    if self.processes[usize::from(process)].run == run {
                        self.kill(process);
                    }
                }
                let restored = &mut self.runs[usize::from(run)];
                restored.memory = Memory::new(restored.memory.0.action);
                restored.is_restored = true;
            }
            Action::DeliverOrphan => {
                let (run, request, _) = self.orphan.take()?;
                self.send(run, request);
            }
            Action::Stop(run) => self.runs[usize::from(run)].stops = true,
            Action::EndRun => self.platform.end_run(),
            Action::File => self.platform.file(),
            Action::FailLock => {
                self.trouble()?;
                self.platform.lock = LockStatus::Error;
            }
            Action::PersonLocks => {
                self.person()?;
                self.platform.take(Who::Person, self.now)?;
            }
            Action::PersonUnlocks => {
                self.person()?;
                let id = u8::try_from(self.platform.takers.len().checked_sub(1)?).ok()?;
                self.platform.release(id, Who::Person, true);
            }
            Action::PersonPromotes => {
                self.person()?;
                self.platform.start(Who::Person, Deed::Promotion);
            }
            Action::PromotedBelow => {
                self.person()?;
                self.platform.below += 1;
            }
            Action::Accept(run) => self.accept(run),
            Action::Fault(fault) => {
                self.person()?;
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
