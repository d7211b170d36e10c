//! What a process of the operator does: it looks, sends, records, and may die of it.

use std::{sync::Arc, time::Duration};

use super::{
    platform::{Deed, Violation, Who, name, number},
    run::{Flight, Look, Memory, Process, Request, Run},
    world::{Operator, State},
};
use crate::{
    aic::RunState,
    api::{StageStatus, Step},
    controller::promotion::lock_protocol::{
        Forgotten, LOCK_SETTLES, RUN_SETTLES, SHOWS_WITHIN, forgotten, is_remembered, lock_accepted,
        lock_refused,
    },
};

pub(super) fn seconds(time: Duration) -> u32 {
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
        let Process { flight, kept, .. } = std::mem::replace(killed, Process::new(run));
        if !flight.is_start() {
            self.lose(process);
        }
        let run_of_it = self.run(process);
        // Nobody else has the key, nor knows of the request.
        run_of_it.is_restored |= kept.is_some();
        run_of_it.is_untold |= run_of_it.is_gone && (kept.is_some() || flight != Flight::None);
        if let Flight::Sent(request) = flight {
            self.orphan = Some((run, request, self.now));
        }
    }

    /// Nobody knows what became of the request for a lock that status remembers.
    pub(super) fn lose(&mut self, process: u8) {
        let run = self.run(process);
        let is_requested = |stage: &StageStatus| stage.step == Some(Step::LockRequested);
        let stage = Some(&*run.memory.0).filter(|stage| is_requested(stage));
        let requested = stage.and_then(|stage| stage.lock.as_ref());
        let requested = requested.map(|lock| lock.requested_at.0.as_second());
        let requested = requested.and_then(|requested| u32::try_from(requested).ok());
        run.lost = requested.or(run.lost);
        run.is_untold |= run.is_gone;
    }

    pub(super) fn send(&mut self, run: u8, request: Request, sent: u32, operator: &Operator) -> Flight {
        let passed = Duration::from_secs((self.now - sent).into());
        match request {
            Request::Lock => {
                let id = self.platform.take(Who::Run(run), self.now);
                if id.is_some() && passed > LOCK_SETTLES + SHOWS_WITHIN {
                    operator.reached.note("a request for a lock that comes too late");
                    self.runs[usize::from(run)].is_late = true;
                }
                Flight::Answered(id)
            }
            Request::Start(deed) => {
                let begins = self.platform.running.is_none();
                let holder = self.platform.holder();
                let is_late = passed > RUN_SETTLES;
                let violation = self.platform.start(Who::Run(run), deed, is_late);
                let has_begun = begins && self.platform.running.is_some();
                if is_late && has_begun && deed != Deed::DryRun {
                    operator.reached.note("a request to promote that comes too late");
                }
                // The API has no fence: what comes too late runs under whatever lock is there then, with whatever stands
                // below. Under a lock of its own it is still done once.
                let is_pardoned = |violation: &Violation| {
                    is_late && (*violation != Violation::DoneTwice || holder != Some(Who::Run(run)))
                };
                self.violates(violation.filter(|violation| !is_pardoned(violation)));
                let is_other = self.platform.below != self.runs[usize::from(run)].accepted;
                if deed == Deed::Promotion && has_begun && is_other && !is_late {
                    self.violates(Some(Violation::PromotedWhatNobodyAccepted));
                }
                Flight::None
            }
        }
    }

    /// A process reads status and looks at the tenant. First it gives back what is not recorded, and what status has
    /// forgotten: by now its own write has arrived, or never will.
    pub(super) fn look(&mut self, process: u8, operator: &Operator) {
        let at = usize::from(process);
        let run = self.processes[at].run;
        if let Flight::Unrecorded(id) = self.processes[at].flight {
            let known = &self.runs[usize::from(run)];
            let lock = known.memory.0.lock.as_ref();
            let is_recorded =
                !known.is_gone && lock.is_some_and(|lock| lock.id == Some(name(id)) && !lock.unproved);
            if is_recorded {
                self.processes[at].flight = Flight::None;
            } else if !operator.releases_unrecorded || self.release(run, id) {
                operator.reached.note("a lock that could not be recorded");
                self.processes[at].flight = Flight::None;
                self.processes[at].is_void = true;
            }
        }
        if let Some(kept) = self.processes[at].kept.clone() {
            let is_done = !operator.uses_keys || self.use_key(process, &kept, operator);
            if is_done {
                self.processes[at].kept = None;
            } else {
                return;
            }
        }
        let run = &self.runs[usize::from(run)];
        if run.is_gone {
            return;
        }
        self.processes[at].has_key |= run.memory.0.may_hold_lock();
        self.processes[at].look = Some(Box::new(Look {
            memory: run.memory.clone(),
            platform: self.platform.clone(),
        }));
    }

    /// Whether this lock, which is known to be the run's, is gone. It is not taken from what is under way.
    fn release(&mut self, run: u8, id: u8) -> bool {
        if self.platform.lock_state().is_free_of(&name(id)) {
            return true;
        }
        let progress = self.platform.progress();
        let has_failed = progress.blocking_error && progress.state() != RunState::Running;
        if progress.state() == RunState::Idle || has_failed {
            let violation = self.platform.release(id, Who::Run(run), false);
            self.violates(violation);
        }
        false
    }

    /// Status has forgotten a lock, or the object is gone, and this process has the key. Whether it is used.
    fn use_key(&mut self, process: u8, kept: &Memory, operator: &Operator) -> bool {
        let run = self.processes[usize::from(process)].run;
        let known = &self.runs[usize::from(run)];
        let lock = kept.0.open_lock();
        if known.is_gone {
            operator.reached.note("an object that is torn out");
            let proved = lock.filter(|lock| !lock.unproved);
            let id = proved.and_then(|lock| number(lock.id.as_deref()?));
            let promote = kept.0.promote.as_ref();
            let is_settled = promote.is_none_or(|promote| {
                self.now().duration_since(promote.requested_at.0).unsigned_abs() >= RUN_SETTLES
            });
            return id.is_none_or(|id| is_settled && self.release(run, id));
        }
        let is_void = self.processes[usize::from(process)].is_void;
        if is_remembered(&kept.0, std::slice::from_ref(&known.memory.0))
            || lock.is_some_and(|lock| lock.id.is_none() && is_void)
        {
            return true;
        }
        match forgotten(&kept.0, &known.memory.0, &self.platform.lock_state(), self.now()) {
            Forgotten::Remember(stage) => {
                operator.reached.note("a status that has forgotten a lock");
                self.remember(process, *stage);
                true
            }
            Forgotten::Gone => true,
            Forgotten::Unclear => false,
        }
    }

    /// The answer to the request for a lock is recorded, if status still remembers this very request.
    pub(super) fn record(&mut self, process: u8) {
        let id = match self.processes[usize::from(process)].flight {
            Flight::Answered(id) => id,
            Flight::Refused => None,
            _ => return,
        };
        let run = self.run(process);
        let memory = Arc::clone(&run.memory.0);
        let attempt = process.to_string();
        let is_requested = !run.is_gone
            && memory.step == Some(Step::LockRequested)
            && memory.lock.as_ref().is_some_and(|lock| lock.attempt == attempt);
        if is_requested {
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

    /// What was answered cannot be recorded for now: a lock is released, a refusal recorded later.
    pub(super) fn fail_to_record(&mut self, process: u8) {
        let process = &mut self.processes[usize::from(process)];
        if let Flight::Answered(id) = process.flight {
            process.flight = id.map_or(Flight::Refused, Flight::Unrecorded);
            process.is_void = id.is_none();
        }
    }
}
