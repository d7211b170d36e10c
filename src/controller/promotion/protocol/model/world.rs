//! All that can happen: runs decide and act, answers are lost, processes die, time passes, a person interferes.

use std::time::Duration;

use super::{
    platform::{Crime, Platform, Who, key, number, uid},
    run::{Flight, Look, Memory, Process, Request, Run, without_words},
};
use crate::{
    aic::LockStatus,
    api::{PromotionMode, StageStatus, Step, Timeouts},
    controller::promotion::protocol::{
        Act, LOCK_SETTLES, QUIET_PERIOD, Reports, Rules, Sight, lock_accepted, lock_refused, reads_reports,
        reads_run,
    },
};
use k8s_openapi::jiff::Timestamp;

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
    pub(super) orphan: Option<(u8, Request)>,
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
    Record(u8),
    LoseAnswer(u8),
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

    fn blame(&mut self, crime: Option<Crime>) {
        self.crime = self.crime.or(crime);
    }

    /// The run of a process.
    fn run(&mut self, process: u8) -> &mut Run {
        let run = self.processes[usize::from(process)].run;
        &mut self.runs[usize::from(run)]
    }

    fn kill(&mut self, process: u8) {
        let killed = &mut self.processes[usize::from(process)];
        let run = killed.run;
        let Process { flight, .. } = std::mem::replace(killed, Process::new(run));
        self.run(process).is_lost |= flight != Flight::Sent(Request::Promote);
        if let Flight::Sent(request) = flight {
            self.orphan = Some((run, request));
        }
    }

    pub(super) fn send(&mut self, run: u8, request: Request) -> Flight {
        match request {
            Request::Lock => Flight::Answered(self.platform.take(Who::Run(run))),
            Request::Promote => {
                let crime = self.platform.start(Who::Run(run), false);
                self.blame(crime);
                Flight::None
            }
        }
    }

    /// A process reads status and looks at the tenant. First it gives back what it could not record.
    fn look(&mut self, process: u8) {
        let at = usize::from(process);
        let run = self.processes[at].run;
        if let Flight::GivingBack(id) = self.processes[at].flight {
            let crime = self.platform.release(id, Who::Run(run), false);
            self.blame(crime);
            if self.platform.lock == LockStatus::Unlocked
                || !self.platform.sight().lock.shows(&super::platform::name(id))
            {
                self.processes[at].flight = Flight::None;
                self.processes[at].is_void = true;
            }
        }
        self.processes[at].look = Some(Box::new(Look {
            memory: self.runs[usize::from(run)].memory.clone(),
            platform: self.platform.clone(),
        }));
    }

    /// It decides by what it has seen, and acts.
    fn act(&mut self, process: u8, operator: Operator) -> Option<()> {
        let at = usize::from(process);
        let Look { memory, platform } = *self.processes[at].look.take()?;
        let Process { run, is_void, .. } = self.processes[at];
        let (name, uid, timeouts) = (key(run), uid(run), Timeouts::default());
        let attempt = process.to_string();
        let is_own = memory.0.lock.as_ref().is_some_and(|lock| lock.attempt == attempt);
        let rules = Rules {
            key: &name,
            run: &uid,
            mode: PromotionMode::Promote,
            ignore_encrypted_secrets: false,
            timeouts: &timeouts,
            is_ready: true,
            is_void: is_void && is_own,
            stops: self.run(process).stops,
            unlock: None,
        };
        // What a decision does not read, it is not shown.
        let mut sight = platform.sight();
        if !reads_run(&memory.0, &sight.lock) {
            sight = Sight::of_lock(sight.lock);
        } else if reads_reports(&memory.0, &sight, &rules, self.now()) == Reports::NotNeeded {
            sight.reports.clear();
        }
        let act = (operator.decide)(&memory.0, &sight, &rules, self.now());
        // Nothing counts that is not recorded, and nothing is recorded over what another has written meanwhile.
        let is_current = !operator.is_fenced || self.run(process).memory == memory;
        if !is_current && !matches!(act, Act::Unlock(..)) {
            return Some(());
        }
        let is_locked_by_own = |stage: &StageStatus| {
            let own = stage.lock.as_ref().and_then(|lock| lock.id.as_deref());
            own.is_some_and(|id| self.platform.sight().lock.is_locked_by(id))
        };
        match act {
            Act::Remember(stage) => self.remember(process, stage),
            Act::Lock(mut stage) => {
                if let Some(lock) = &mut stage.lock {
                    lock.attempt = attempt;
                }
                self.remember(process, stage);
                self.run(process).is_lost = false;
                self.processes[at].is_void = false;
                self.processes[at].flight = Flight::Sent(Request::Lock);
            }
            // Whoever has read reports looks at the lock again.
            Act::Promote(stage) if is_locked_by_own(&stage) => {
                self.remember(process, stage);
                self.processes[at].flight = Flight::Sent(Request::Promote);
            }
            Act::DryRun(stage) if memory.0.dry_run_request.is_none() || is_locked_by_own(&stage) => {
                self.remember(process, stage);
                self.platform.start(Who::Run(run), true);
            }
            Act::Unlock(id, _) => {
                if let Some(id) = number(&id) {
                    // The one exception: a lock under which nobody has done anything, after a lost answer of ours.
                    let was_unproved = memory.0.lock.as_ref().is_some_and(|lock| lock.unproved);
                    let is_idle = self.platform.reports.iter().all(|report| report.lock != id);
                    let is_pardoned = was_unproved && is_idle && self.run(process).is_lost;
                    let crime = self.platform.release(id, Who::Run(run), is_pardoned);
                    self.blame(crime);
                }
            }
            Act::Promote(_) | Act::DryRun(_) | Act::Wait(_) | Act::Leave => {}
        }
        Some(())
    }

    fn remember(&mut self, process: u8, stage: StageStatus) {
        self.run(process).memory = Memory(without_words(stage));
    }

    /// The answer to the request for a lock is recorded, if status still remembers this very request.
    fn record(&mut self, process: u8) {
        let Flight::Answered(id) = self.processes[usize::from(process)].flight else {
            return;
        };
        let memory = self.run(process).memory.0.clone();
        let attempt = process.to_string();
        let is_asked_for = memory.step == Some(Step::LockRequested)
            && memory.lock.as_ref().is_some_and(|lock| lock.attempt == attempt);
        if is_asked_for {
            self.remember(
                process,
                match id {
                    Some(id) => lock_accepted(&memory, &super::platform::name(id)),
                    None => lock_refused(&memory),
                },
            );
            self.processes[usize::from(process)].flight = Flight::None;
        } else {
            self.give_back(process, id);
        }
    }

    /// What was answered cannot be recorded.
    fn give_back(&mut self, process: u8, id: Option<u8>) {
        let process = &mut self.processes[usize::from(process)];
        process.flight = id.map_or(Flight::None, Flight::GivingBack);
        process.is_void = id.is_none();
    }

    pub(super) fn pass(&mut self, time: Duration) {
        // A request arrives within its settle time, or never; nor does anybody act by what was seen so long ago.
        self.orphan = None;
        for process in &mut self.processes {
            process.look = None;
        }
        self.now += u32::try_from(time.as_secs()).unwrap();
        self.platform.pass_time();
    }

    pub(super) fn is_busy(&self) -> bool {
        self.processes
            .iter()
            .any(|process| matches!(process.flight, Flight::Sent(_) | Flight::Answered(_)))
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
                let flight = &mut self.processes[usize::from(process)].flight;
                let is_lost = *flight != Flight::Sent(Request::Promote);
                *flight = Flight::None;
                self.run(process).is_lost |= is_lost;
            }
            Action::Record(process) => self.record(process),
            Action::FailToRecord(process) => {
                self.trouble()?;
                if let Flight::Answered(id) = self.processes[usize::from(process)].flight {
                    // To whoever else sees to the run, a refusal that is not recorded is an answer that was lost.
                    let run = self.processes[usize::from(process)].run;
                    let others = self.processes.iter().filter(|other| other.run == run).count() > 1;
                    self.run(process).is_lost |= id.is_none() && others;
                    self.give_back(process, id);
                }
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
                restored.memory = Memory::new();
                restored.is_restored = true;
            }
            Action::DeliverOrphan => {
                let (run, request) = self.orphan.take()?;
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
                self.platform.take(Who::Person)?;
            }
            Action::PersonUnlocks => {
                self.person()?;
                let id = u8::try_from(self.platform.takers.len().checked_sub(1)?).ok()?;
                self.platform.release(id, Who::Person, true);
            }
            Action::PersonPromotes => {
                self.person()?;
                self.platform.start(Who::Person, false);
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
