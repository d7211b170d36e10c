//! What a process of the operator decides by what it has seen, and how it carries that out.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use serde_json::json;

use super::{
    platform::{Deed, Lock, Platform, Violation, Who, name, number, source, uid},
    process::seconds,
    run::{Flight, Look, Memory, Process, Request, without_words},
    world::{Operator, State},
};
use crate::{
    api::{Outcome, PromotionMode, PromotionSpec, ReportStatus, StageStatus, Step, Timeouts},
    controller::promotion::lock_protocol::{
        Act, Expected, Fault, LOCK_SETTLES, Missing, Observation, Part, QUIET_PERIOD, Row, Rules,
        SHOWS_WITHIN, Verification, VerifyDecision, begin_rollback,
    },
};

static SPEC: LazyLock<PromotionSpec> =
    LazyLock::new(|| serde_json::from_value(json!({"order": [], "upTo": ""})).unwrap());
static TIMEOUTS: LazyLock<Timeouts> = LazyLock::new(Timeouts::default);

impl State {
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
        let (memory, stops, act) = self.decide(process, memory, &platform, operator);
        // Nothing counts that is not recorded, and nothing is recorded over what another has written meanwhile.
        let is_current = !operator.is_fenced || self.run(process).memory == memory;
        if !is_current && !matches!(act, Act::Unlock(..)) {
            return;
        }
        if stops && matches!(act, Act::Lock(_) | Act::DryRun(_) | Act::Promote(..)) {
            self.violates(Some(Violation::BegunAfterStop));
        }
        let attempt = process.to_string();
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
                let under = own_lock(&stage).as_deref().and_then(number);
                if std::mem::replace(&mut self.run(process).posted, under) == under {
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

    /// What is decided, with the status that it rests on and whether the run is to stop. What leaves the observation as it
    /// is, is remembered at once.
    fn decide(
        &mut self,
        process: u8,
        mut memory: Memory,
        platform: &Platform,
        operator: &Operator,
    ) -> (Memory, bool, Act) {
        let at = usize::from(process);
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
        let act = loop {
            match (operator.decide)(&memory.0, &seen, &rules, self.now()) {
                Ok(decision) => {
                    operator.reached.note(decision.row);
                    if seen.idle_for.known().is_none() && !decision.notes_lock() {
                        self.processes[at].quiet = None;
                    }
                    let is_current = !operator.is_fenced || self.run(process).memory == memory;
                    match decision.leaves(seen.clone()) {
                        Some(left) if is_current => {
                            let Act::Remember(stage) = decision.act else {
                                break decision.act;
                            };
                            self.remember(process, stage);
                            memory = self.run(process).memory.clone();
                            seen = left;
                        }
                        _ => break decision.act,
                    }
                }
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
        (memory, rules.stops, act)
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
            let is_there = |lock: &Lock| lock.taken <= settled && lock.gone.is_none_or(|gone| gone > settled);
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

    pub(super) fn remember(&mut self, process: u8, stage: StageStatus) {
        self.processes[usize::from(process)].has_key = stage.may_hold_lock();
        self.run(process).memory = Memory(Arc::new(without_words(stage)));
    }
}
