//! What a process of the operator does: it looks, decides, records, sends, and may die of it.

use super::{
    platform::{Deed, Who, name, number, uid},
    run::{Flight, Look, Memory, Process, Request, Run, without_words},
    world::{Operator, State},
};
use crate::{
    aic::LockStatus,
    api::{PromotionMode, StageStatus, Step, Timeouts},
    controller::promotion::protocol::{
        Act, Reports, Rules, Sight, lock_accepted, lock_refused, reads_reports, reads_run,
    },
};

impl State {
    /// The run of a process.
    pub(super) fn run(&mut self, process: u8) -> &mut Run {
        let run = self.processes[usize::from(process)].run;
        &mut self.runs[usize::from(run)]
    }

    pub(super) fn kill(&mut self, process: u8) {
        let killed = &mut self.processes[usize::from(process)];
        let run = killed.run;
        let Process { flight, .. } = std::mem::replace(killed, Process::new(run));
        self.run(process).is_lost |= !flight.is_start();
        if let Flight::Sent(request) = flight {
            self.orphan = Some((run, request));
        }
    }

    pub(super) fn send(&mut self, run: u8, request: Request) -> Flight {
        match request {
            Request::Lock => Flight::Answered(self.platform.take(Who::Run(run))),
            Request::Start(deed) => {
                let crime = self.platform.start(Who::Run(run), deed);
                self.blame(crime);
                Flight::None
            }
        }
    }

    /// A process reads status and looks at the tenant. First it gives back what it could not record.
    pub(super) fn look(&mut self, process: u8) {
        let at = usize::from(process);
        let run = self.processes[at].run;
        if let Flight::GivingBack(id) = self.processes[at].flight {
            let crime = self.platform.release(id, Who::Run(run), false);
            self.blame(crime);
            if self.platform.lock == LockStatus::Unlocked || !self.platform.sight().lock.shows(&name(id)) {
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
    pub(super) fn act(&mut self, process: u8, operator: Operator) -> Option<()> {
        let at = usize::from(process);
        let Look { memory, platform } = *self.processes[at].look.take()?;
        let Process { run, is_void, .. } = self.processes[at];
        let (key, uid, timeouts) = (platform.names.of(run), uid(run), Timeouts::default());
        let unlock = self.run(process).unlock.map(name);
        let attempt = process.to_string();
        let is_own = memory.0.lock.as_ref().is_some_and(|lock| lock.attempt == attempt);
        let rules = Rules {
            key: &key,
            run: &uid,
            mode: PromotionMode::Promote,
            ignore_encrypted_secrets: false,
            timeouts: &timeouts,
            is_ready: true,
            is_void: is_void && is_own,
            stops: self.run(process).stops,
            unlock: unlock.as_deref(),
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
                let deed = Deed::of(stage.action);
                self.remember(process, stage);
                self.processes[at].flight = Flight::Sent(Request::Start(deed));
            }
            Act::DryRun(stage) if memory.0.dry_run_request.is_none() || is_locked_by_own(&stage) => {
                self.remember(process, stage);
                self.platform.start(Who::Run(run), Deed::DryRun);
            }
            Act::Unlock(id, _) => {
                if let Some(id) = number(&id) {
                    // The one exception: a lock under which nobody has done anything, after a lost answer of ours. And
                    // what a person says is to go may go.
                    let was_unproved = memory.0.lock.as_ref().is_some_and(|lock| lock.unproved);
                    let is_idle = self.platform.reports.iter().all(|report| report.lock != id);
                    let run_of_it = self.run(process);
                    let is_pardoned =
                        (was_unproved && is_idle && run_of_it.is_lost) || run_of_it.unlock == Some(id);
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
    pub(super) fn record(&mut self, process: u8) {
        let id = match self.processes[usize::from(process)].flight {
            Flight::Answered(id) => id,
            Flight::Refused => None,
            _ => return,
        };
        let memory = self.run(process).memory.0.clone();
        let attempt = process.to_string();
        let is_asked_for = memory.step == Some(Step::LockRequested)
            && memory.lock.as_ref().is_some_and(|lock| lock.attempt == attempt);
        if is_asked_for {
            self.remember(
                process,
                match id {
                    Some(id) => lock_accepted(&memory, &name(id)),
                    None => lock_refused(&memory),
                },
            );
            self.processes[usize::from(process)].flight = Flight::None;
        } else {
            let process = &mut self.processes[usize::from(process)];
            process.flight = id.map_or(Flight::None, Flight::GivingBack);
            process.is_void = id.is_none();
        }
    }

    /// What was answered cannot be recorded for now: a lock is given back, a refusal recorded later.
    pub(super) fn fail_to_record(&mut self, process: u8) {
        let process = &mut self.processes[usize::from(process)];
        if let Flight::Answered(id) = process.flight {
            process.flight = id.map_or(Flight::Refused, Flight::GivingBack);
            process.is_void = id.is_none();
        }
    }
}
