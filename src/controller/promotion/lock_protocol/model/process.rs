//! What a process of the operator does: it looks, decides, records, sends, and may die of it.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use serde_json::json;

use super::{
    platform::{Deed, Violation, Who, name, number, source, uid},
    run::{Flight, Look, Memory, Process, Request, Run, without_words},
    world::{Operator, State},
};
use crate::{
    aic::RunState,
    api::{Outcome, PromotionMode, PromotionSpec, ReportStatus, StageStatus, Step, Timeouts},
    controller::promotion::lock_protocol::{
        Act, Decision, Expected, Fault, Forgotten, LOCK_SETTLES, Missing, Observation, Part, QUIET_PERIOD,
        RUN_SETTLES, Row, Rules, SHOWS_WITHIN, Verification, VerifyDecision, begin_rollback, forgotten,
        is_remembered, lock_accepted, lock_refused,
    },
};

static SPEC: LazyLock<PromotionSpec> =
    LazyLock::new(|| serde_json::from_value(json!({"order": [], "upTo": ""})).unwrap());
static TIMEOUTS: LazyLock<Timeouts> = LazyLock::new(Timeouts::default);

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
            } else if !operator.releases_unrecorded || self.give_back(run, id) {
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
    fn give_back(&mut self, run: u8, id: u8) -> bool {
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
            return id.is_none_or(|id| is_settled && self.give_back(run, id));
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

    /// A process decides by what it has seen, and acts.
    pub(super) fn act(&mut self, process: u8, operator: &Operator) {
        let at = usize::from(process);
        let Some(look) = self.processes[at].look.take() else {
            return;
        };
        let Look { memory, platform } = *look;
        let run = self.run(process);
        if run.is_gone {
            return;
        }
        if run.is_deleted && !memory.0.may_hold_lock() {
            run.is_gone |= run.memory == memory;
            self.processes[at].has_key = false;
            return;
        }
        if memory.0.step == Some(Step::Verifying) {
            self.verify(process, &memory, platform.fault, operator);
            return;
        }
        let Process { run, is_void, .. } = self.processes[at];
        let (key, uid) = (platform.names.of(run), uid(run));
        let unlock = self.run(process).unlock.map(name);
        let attempt = process.to_string();
        let is_own = memory.0.lock.as_ref().is_some_and(|lock| lock.attempt == attempt);
        let accepted = source(self.run(process).accepted);
        let rules = Rules {
            key: &key,
            run: &uid,
            mode: PromotionMode::Promote,
            ignore_encrypted_secrets: false,
            timeouts: &TIMEOUTS,
            expected: Expected {
                below: Some(&accepted),
                ..Expected::default()
            },
            is_ready: true,
            is_void: is_void && is_own,
            stops: self.run(process).stops,
            unlock: unlock.as_deref(),
        };
        // A decision sees no more than it asks for.
        let mut seen = Observation::of_lock(platform.lock_state());
        let Decision { row, act } = loop {
            match (operator.decide)(&memory.0, &seen, &rules, self.now()) {
                Ok(decision) => break decision,
                Err(Missing::Run) => seen.run = Part::Read(platform.progress()),
                Err(Missing::Reports) => seen.reports = Part::Read(platform.seen_reports()),
                Err(Missing::Fault) => seen.fault = Part::Read(platform.fault),
                Err(Missing::Content) => seen.content = Part::Read(platform.content()),
                Err(Missing::IdleTime) => {
                    let id = seen.lock.common_id().and_then(number);
                    seen.idle_for = Part::Read(self.idle_for(process, id));
                }
            }
        };
        operator.reached.note(row);
        if seen.idle_for.known().is_none() && !matches!(act, Act::Remember(_)) {
            self.processes[at].quiet = None;
        }
        // Nothing counts that is not recorded, and nothing is recorded over what another has written meanwhile.
        let is_current = !operator.is_fenced || self.run(process).memory == memory;
        if !is_current && !matches!(act, Act::Unlock(..)) {
            return;
        }
        if rules.stops && matches!(act, Act::Lock(_) | Act::DryRun(_) | Act::Promote(..)) {
            self.violates(Some(Violation::BegunAfterStop));
        }
        let own_lock = |stage: &StageStatus| stage.lock.as_ref().and_then(|lock| lock.id.clone());
        let is_locked_by_own = |stage: &StageStatus| {
            own_lock(stage).is_some_and(|id| self.platform.lock_state().is_locked_by(&id))
        };
        match act {
            Act::Remember(stage) => self.remember(process, stage),
            Act::Lock(mut stage) => {
                if let Some(lock) = &mut stage.lock {
                    lock.attempt = attempt;
                }
                if operator.records_first {
                    self.remember(process, stage);
                    let run = self.run(process);
                    run.intent = Some(run.memory.clone());
                }
                self.processes[at].is_void = false;
                self.processes[at].flight = Flight::Sent(Request::Lock);
            }
            // Whoever has read reports looks at the lock again.
            Act::Promote(stage, _) if is_locked_by_own(&stage) => {
                let deed = Deed::of(stage.action);
                let lock = own_lock(&stage).as_deref().and_then(number);
                if std::mem::replace(&mut self.run(process).posted, lock) == lock {
                    self.violates(Some(Violation::DoneTwice));
                }
                self.remember(process, stage);
                self.processes[at].flight = Flight::Sent(Request::Start(deed));
            }
            Act::DryRun(stage) if is_locked_by_own(&stage) => {
                self.remember(process, stage);
                self.processes[at].flight = Flight::Sent(Request::Start(Deed::DryRun));
            }
            Act::Unlock(id, _) => {
                if let Some(id) = number(&id) {
                    let was_running = platform.running.is_some();
                    self.unlock(process, id, &memory, was_running, operator);
                }
            }
            Act::Promote(..) | Act::DryRun(_) | Act::Wait(_) | Act::Leave => {}
        }
    }

    fn unlock(&mut self, process: u8, id: u8, memory: &Memory, was_running: bool, operator: &Operator) {
        // The one exception: a lock that came soon after a lost answer of ours, when no other was there, and under which
        // nobody has done anything for the quiet period. And what a person says is to go may go.
        let was_unproved = memory.0.lock.as_ref().is_some_and(|lock| lock.unproved);
        let is_idle = self.platform.reports.iter().all(|report| report.lock != id);
        let locks = self.platform.locks.clone();
        let taken = locks.get(usize::from(id)).map_or(0, |lock| lock.taken);
        let is_quiet = self.now >= taken + seconds(QUIET_PERIOD);
        // A status that was restored has not seen the other one.
        let has_forgotten = self.run(process).is_restored;
        let came_soon = |requested: u32| {
            let settled = requested + seconds(LOCK_SETTLES);
            let is_there = |lock: &super::platform::Lock| {
                lock.taken <= settled && lock.gone.is_none_or(|gone| gone > settled)
            };
            (requested..=settled + seconds(SHOWS_WITHIN)).contains(&taken)
                && (has_forgotten || !locks[..usize::from(id)].iter().any(is_there))
        };
        let run = self.run(process);
        let is_idle_lock = was_unproved && is_idle && is_quiet && run.lost.is_some_and(came_soon);
        let is_told = run.unlock == Some(id);
        let who = Who::Run(self.processes[usize::from(process)].run);
        // What came too late under a stranger's lock proves it to be the run's.
        let mut reports = self.platform.reports.iter();
        let is_proved_wrongly = reports.any(|done| done.lock == id && done.by == who && done.is_late);
        if self.platform.holder() == Some(Who::Person) {
            if is_idle_lock {
                operator.reached.note("an idle lock that was a person's");
            } else if is_told {
                operator.reached.note("a lock that a person says is to go");
            } else if is_proved_wrongly {
                operator.reached.note("a dry run that comes too late");
            }
        }
        let violation = self
            .platform
            .release(id, who, is_idle_lock || is_told || is_proved_wrongly);
        // What begins between a look and what is decided by it is nobody's fault.
        let begun_since = violation == Some(Violation::RemovedWhileItRuns) && !was_running;
        self.violates(violation.filter(|_| !begun_since));
    }

    /// Row 25.
    fn verify(&mut self, process: u8, memory: &Memory, fault: Fault, operator: &Operator) {
        let now = self.now;
        let known = &mut self.processes[usize::from(process)].fault;
        match fault {
            Fault::Shown => *known = known.or(Some(now)),
            Fault::ShownRight => *known = None,
            Fault::NotShown => {}
        }
        let since = known.filter(|_| fault == Fault::Shown);
        let spec = PromotionSpec {
            on_failure: operator.on_failure,
            ..SPEC.clone()
        };
        let run = self.run(process);
        if operator.is_fenced && run.memory != *memory {
            return;
        }
        let (stage, stops) = (&memory.0, run.stops);
        let decision = (operator.verify)(&Verification {
            stage,
            spec: &spec,
            is_active: fault == Fault::ShownRight,
            at_fault_for: since.map(|since| Duration::from_secs((now - since).into())),
            stops,
            now: self.now(),
        });
        operator.reached.note(Row::R25);
        let over = |outcome: Option<Outcome>| StageStatus {
            step: Some(Step::Done),
            outcome,
            ..(**stage).clone()
        };
        let next = match decision {
            VerifyDecision::TestAgain => return,
            VerifyDecision::Verified => over(stage.outcome),
            VerifyDecision::Aborted => over(Some(Outcome::Aborted)),
            VerifyDecision::Failed(_) => over(Some(Outcome::Failed)),
            VerifyDecision::RollBack => {
                begin_rollback((**stage).clone(), ReportStatus::default(), String::new())
            }
        };
        self.remember(process, next);
    }

    /// For how long a process has seen this lock idle, this check included.
    fn idle_for(&mut self, process: u8, id: Option<u8>) -> Duration {
        let now = self.now;
        let quiet = &mut self.processes[usize::from(process)].quiet;
        *quiet = id.map(|id| quiet.filter(|(known, _)| *known == id).unwrap_or((id, now)));
        Duration::from_secs(quiet.map_or(0, |(_, since)| (now - since).into()))
    }

    fn remember(&mut self, process: u8, stage: StageStatus) {
        self.processes[usize::from(process)].has_key = stage.may_hold_lock();
        self.run(process).memory = Memory(Arc::new(without_words(stage)));
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

    /// What was answered cannot be recorded for now: a lock is given back, a refusal recorded later.
    pub(super) fn fail_to_record(&mut self, process: u8) {
        let process = &mut self.processes[usize::from(process)];
        if let Flight::Answered(id) = process.flight {
            process.flight = id.map_or(Flight::Refused, Flight::Unrecorded);
            process.is_void = id.is_none();
        }
    }
}
