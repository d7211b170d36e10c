//! What a process of the operator does: it looks, decides, records, sends, and may die of it.

use std::{sync::Arc, time::Duration};

use super::{
    platform::{Crime, Deed, Who, name, number, source, uid},
    run::{Flight, Look, Memory, Process, Request, Run, without_words},
    world::{Operator, State},
};
use crate::{
    aic::LockStatus,
    api::{PromotionMode, StageStatus, Step, Timeouts},
    controller::promotion::protocol::{
        Act, Expected, LOCK_SETTLES, QUIET_PERIOD, Reports, Rules, SHOWS_WITHIN, Sight, Source, idle_lock,
        lock_accepted, lock_refused, reads_content, reads_fault, reads_reports, reads_run,
    },
};

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap()
}

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
        if !flight.is_start() {
            self.lose(process);
        }
        if let Flight::Sent(request) = flight {
            self.orphan = Some((run, request, self.now));
        }
    }

    /// Nobody knows what became of the request for a lock that status remembers.
    pub(super) fn lose(&mut self, process: u8) {
        let run = self.run(process);
        let asked = run
            .memory
            .0
            .lock
            .as_ref()
            .map(|lock| lock.requested_at.0.as_second());
        run.lost = asked.and_then(|asked| u32::try_from(asked).ok()).or(run.lost);
    }

    pub(super) fn send(&mut self, run: u8, request: Request) -> Flight {
        match request {
            Request::Lock => Flight::Answered(self.platform.take(Who::Run(run), self.now)),
            Request::Start(deed) => {
                let begins = self.platform.running.is_none();
                let crime = self.platform.start(Who::Run(run), deed);
                self.blame(crime);
                let is_other = self.platform.below != self.runs[usize::from(run)].accepted;
                if deed == Deed::Promotion && begins && self.platform.running.is_some() && is_other {
                    self.blame(Some(Crime::PromotedWhatNobodyAccepted));
                }
                Flight::None
            }
        }
    }

    /// A process reads status and looks at the tenant. First it gives back what is not recorded: by now its own write has
    /// arrived, or never will.
    pub(super) fn look(&mut self, process: u8) {
        let at = usize::from(process);
        let run = self.processes[at].run;
        if let Flight::Unrecorded(id) = self.processes[at].flight {
            let lock = self.runs[usize::from(run)].memory.0.lock.as_ref();
            let is_recorded = lock.is_some_and(|lock| lock.id == Some(name(id)) && !lock.unproved);
            if is_recorded {
                self.processes[at].flight = Flight::None;
            } else if self.platform.running.is_none() {
                let crime = self.platform.release(id, Who::Run(run), false);
                self.blame(crime);
            }
            let is_gone =
                self.platform.lock == LockStatus::Unlocked || !self.platform.sight().lock.shows(&name(id));
            if is_gone && !is_recorded {
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
        let accepted = source(self.run(process).accepted);
        let mut rules = Rules {
            key: &key,
            run: &uid,
            mode: PromotionMode::Promote,
            ignore_encrypted_secrets: false,
            timeouts: &timeouts,
            expected: Expected {
                below: Some(&accepted),
                ..Expected::default()
            },
            is_ready: true,
            is_void: is_void && is_own,
            quiet_for: Duration::ZERO,
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
        if reads_fault(&memory.0, &sight.lock, &rules) {
            sight.fault = platform.fault;
        }
        if reads_content(&memory.0, &sight, &rules) {
            sight.content.source = Source::Newest(platform.source());
        }
        let idle = idle_lock(&memory.0, &sight, &rules, self.now()).and_then(number);
        rules.quiet_for = self.quiet_for(process, idle);
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
                self.processes[at].is_void = false;
                self.processes[at].flight = Flight::Sent(Request::Lock);
            }
            // Whoever has read reports looks at the lock again.
            Act::Promote(stage) if is_locked_by_own(&stage) => {
                let deed = Deed::of(stage.action);
                let lock = stage
                    .promote
                    .as_ref()
                    .and_then(|promote| number(&promote.lock_id));
                if std::mem::replace(&mut self.run(process).posted, lock) == lock {
                    self.blame(Some(Crime::DoneTwice));
                }
                self.remember(process, stage);
                self.processes[at].flight = Flight::Sent(Request::Start(deed));
            }
            Act::DryRun(stage) if memory.0.dry_run_request.is_none() || is_locked_by_own(&stage) => {
                self.remember(process, stage);
                self.platform.start(Who::Run(run), Deed::DryRun);
            }
            Act::Unlock(id, _) => {
                if let Some(id) = number(&id) {
                    // The one exception: a lock that came soon after a lost answer of ours, and under which nobody has done
                    // anything for the quiet period. And what a person says is to go may go.
                    let was_unproved = memory.0.lock.as_ref().is_some_and(|lock| lock.unproved);
                    let is_idle = self.platform.reports.iter().all(|report| report.lock != id);
                    let taken = self.platform.taken_at(id).unwrap_or_default();
                    let is_quiet = self.now >= taken + seconds(QUIET_PERIOD);
                    let run_of_it = self.run(process);
                    let came_soon = run_of_it.lost.is_some_and(|asked| {
                        (asked..=asked + seconds(LOCK_SETTLES + SHOWS_WITHIN)).contains(&taken)
                    });
                    let is_pardoned =
                        (was_unproved && is_idle && is_quiet && came_soon) || run_of_it.unlock == Some(id);
                    let crime = self.platform.release(id, Who::Run(run), is_pardoned);
                    // What begins between a look and what is decided by it is nobody's fault.
                    let begun_since = crime == Some(Crime::RemovedWhileItRuns) && platform.running.is_none();
                    self.blame(crime.filter(|_| !begun_since));
                }
            }
            Act::Promote(_) | Act::DryRun(_) | Act::Wait(_) | Act::Leave => {}
        }
        Some(())
    }

    /// For how long a process has seen this lock idle, this look included.
    fn quiet_for(&mut self, process: u8, idle: Option<u8>) -> Duration {
        let now = self.now;
        let quiet = &mut self.processes[usize::from(process)].quiet;
        *quiet = idle.map(|id| quiet.filter(|(known, _)| *known == id).unwrap_or((id, now)));
        Duration::from_secs(quiet.map_or(0, |(_, since)| (now - since).into()))
    }

    fn remember(&mut self, process: u8, stage: StageStatus) {
        self.run(process).memory = Memory(Arc::new(without_words(stage)));
    }

    /// The answer to the request for a lock is recorded, if status still remembers this very request.
    pub(super) fn record(&mut self, process: u8) {
        let id = match self.processes[usize::from(process)].flight {
            Flight::Answered(id) => id,
            Flight::Refused => None,
            _ => return,
        };
        let memory = Arc::clone(&self.run(process).memory.0);
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
            process.flight = id.map_or(Flight::None, Flight::Unrecorded);
            process.is_void = id.is_none();
        }
    }

    /// The answer is recorded, and the process does not know that it is.
    pub(super) fn record_unseen(&mut self, process: u8) -> Option<()> {
        let flight = self.processes[usize::from(process)].flight;
        let Flight::Answered(Some(id)) = flight else {
            return None;
        };
        self.record(process);
        self.processes[usize::from(process)].flight = Flight::Unrecorded(id);
        Some(())
    }

    /// What was answered cannot be recorded for now: a lock is given back, a refusal recorded later.
    pub(super) fn fail_to_record(&mut self, process: u8) {
        let process = &mut self.processes[usize::from(process)];
        if let Flight::Answered(id) = process.flight {
            process.flight = id.map_or(Flight::Refused, Flight::Unrecorded);
            process.is_void = id.is_none();
        }
    }
}
