//! All that can happen: runs decide and act, answers are lost, processes die, time passes, a person interferes.

use std::{
    hash::{Hash, Hasher},
    time::Duration,
};

use super::platform::{Crime, Platform, Who, key, number, uid};
use crate::{
    aic::LockStatus,
    api::{PromotionMode, StageStatus, Step, Timeouts},
    controller::promotion::protocol::{
        Act, LOCK_SETTLES, QUIET_PERIOD, Rules, Sight, lock_accepted, lock_refused, reads_reports, reads_run,
    },
};
use k8s_openapi::jiff::Timestamp;

/// The function that is checked.
pub type Decide = fn(&StageStatus, &Sight, &Rules<'_>, Timestamp) -> Act;

/// How much of each trouble there is. The model is exhaustive within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Requests or answers that are lost, records that fail, processes that are killed.
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
    /// A request of a process that is dead, on its way still.
    pub(super) orphan: Option<(u8, Request)>,
    pub(super) now: u32,
    pub(super) budget: Budget,
    pub crime: Option<Crime>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    pub memory: Memory,
    pub(super) flight: Flight,
    pub(super) stops: bool,
    /// What the process knows and status does not: its last request for a lock has no effect.
    pub(super) is_void: bool,
    /// What nobody knows: that request, or its answer, was lost.
    pub(super) is_lost: bool,
}

/// What status remembers: all that outlives a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory(pub StageStatus);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Lock,
    Promote,
}

/// What a process has under way, and loses when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Flight {
    None,
    Sent(Request),
    /// The answer to a request for a lock: the id, if it was given.
    Answered(Option<u8>),
    /// A lock that could not be recorded.
    GivingBack(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Decide(u8),
    Deliver(u8),
    LoseRequest(u8),
    Record(u8),
    LoseAnswer(u8),
    FailToRecord(u8),
    Kill(u8),
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

impl Hash for Memory {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let StageStatus {
            step,
            outcome,
            lock,
            dry_run_request,
            dry_run,
            promote,
            retries,
            ..
        } = &self.0;
        (step, outcome, retries, dry_run.is_some()).hash(state);
        let lock = lock.as_ref();
        lock.map(|lock| (lock.requested_at.0, &lock.id, &lock.before, lock.unproved))
            .hash(state);
        lock.and_then(|lock| lock.seen.as_ref())
            .map(|seen| (&seen.id, seen.since.0))
            .hash(state);
        lock.and_then(|lock| lock.releasing_since.as_ref())
            .map(|since| since.0)
            .hash(state);
        dry_run_request
            .as_ref()
            .map(|request| (request.requested_at.0, request.times))
            .hash(state);
        promote
            .as_ref()
            .map(|promote| {
                (
                    promote.requested_at.0,
                    promote.idle_since.as_ref().map(|idle| idle.0),
                )
            })
            .hash(state);
    }
}

impl State {
    fn now(&self) -> Timestamp {
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

    fn send(&mut self, run: u8, request: Request) -> Flight {
        match request {
            Request::Lock => Flight::Answered(self.platform.take(Who::Run(run))),
            Request::Promote => {
                let crime = self.platform.start(Who::Run(run), false);
                self.blame(crime);
                Flight::None
            }
        }
    }

    /// A run looks, decides, and acts.
    fn decide(&mut self, run: u8, decide: Decide) {
        let at = usize::from(run);
        if let Flight::GivingBack(id) = self.runs[at].flight {
            let crime = self.platform.release(id, Who::Run(run), false);
            self.blame(crime);
            if self.platform.lock == LockStatus::Unlocked
                || !self.platform.sight().lock.shows(&super::platform::name(id))
            {
                self.runs[at].flight = Flight::None;
                self.runs[at].is_void = true;
            }
        }
        let (name, uid, timeouts) = (key(run), uid(run), Timeouts::default());
        let rules = Rules {
            key: &name,
            run: &uid,
            mode: PromotionMode::Promote,
            ignore_encrypted_secrets: false,
            timeouts: &timeouts,
            is_ready: true,
            is_void: self.runs[at].is_void,
            stops: self.runs[at].stops,
            unlock: None,
        };
        let memory = &self.runs[at].memory.0;
        // What a decision does not read, it is not shown.
        let mut sight = self.platform.sight();
        if !reads_run(memory, &sight.lock) {
            sight = Sight::of_lock(sight.lock);
        } else if !reads_reports(memory, &sight, &rules, self.now()) {
            sight.reports.clear();
        }
        let act = decide(memory, &sight, &rules, self.now());
        let was_unproved = memory.lock.as_ref().is_some_and(|lock| lock.unproved);
        let remember =
            |state: &mut Self, stage: StageStatus| state.runs[at].memory = Memory(without_words(stage));
        match act {
            Act::Remember(stage) => remember(self, stage),
            Act::Lock(stage) => {
                remember(self, stage);
                (self.runs[at].is_void, self.runs[at].is_lost) = (false, false);
                self.runs[at].flight = Flight::Sent(Request::Lock);
            }
            Act::Promote(stage) => {
                remember(self, stage);
                self.runs[at].flight = Flight::Sent(Request::Promote);
            }
            Act::DryRun(stage) => {
                remember(self, stage);
                self.platform.start(Who::Run(run), true);
            }
            Act::Unlock(id, _) => {
                if let Some(id) = number(&id) {
                    // The one exception: a lock under which nobody has done anything, after a lost answer of ours.
                    let is_idle = self.platform.reports.iter().all(|report| report.lock != id);
                    let is_pardoned = was_unproved && is_idle && self.runs[at].is_lost;
                    let crime = self.platform.release(id, Who::Run(run), is_pardoned);
                    self.blame(crime);
                }
            }
            Act::Wait(_) | Act::Leave => {}
        }
    }

    fn pass(&mut self, time: Duration) {
        // A request arrives within its settle time, or never.
        self.orphan = None;
        self.now += u32::try_from(time.as_secs()).unwrap();
        self.platform.pass_time();
    }

    pub(super) fn is_busy(&self) -> bool {
        self.runs
            .iter()
            .any(|run| matches!(run.flight, Flight::Sent(_) | Flight::Answered(_)))
    }

    pub(super) fn apply(&mut self, action: Action, decide: Decide) -> Option<()> {
        match action {
            Action::Decide(run) => self.decide(run, decide),
            Action::Deliver(run) => {
                if let Flight::Sent(request) = self.runs[usize::from(run)].flight {
                    self.runs[usize::from(run)].flight = self.send(run, request);
                }
            }
            Action::LoseRequest(run) | Action::LoseAnswer(run) => {
                self.trouble()?;
                let run = &mut self.runs[usize::from(run)];
                run.is_lost |= run.flight != Flight::Sent(Request::Promote);
                run.flight = Flight::None;
            }
            Action::Record(run) => {
                let run = &mut self.runs[usize::from(run)];
                if let Flight::Answered(id) = run.flight {
                    run.memory = Memory(match id {
                        Some(id) => lock_accepted(&run.memory.0, &super::platform::name(id)),
                        None => lock_refused(&run.memory.0),
                    });
                    run.flight = Flight::None;
                }
            }
            Action::FailToRecord(run) => {
                self.trouble()?;
                let run = &mut self.runs[usize::from(run)];
                if let Flight::Answered(id) = run.flight {
                    run.flight = id.map_or(Flight::None, Flight::GivingBack);
                    run.is_void = id.is_none();
                }
            }
            Action::Kill(run) => {
                self.trouble()?;
                let killed = &mut self.runs[usize::from(run)];
                killed.is_void = false;
                killed.is_lost |= killed.flight != Flight::Sent(Request::Promote);
                let flight = std::mem::replace(&mut killed.flight, Flight::None);
                if let Flight::Sent(request) = flight {
                    self.orphan = Some((run, request));
                }
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

    /// Whether every lock that a run took is gone once nothing goes wrong any more, and time passes. A run that came
    /// back too late to tell its lock from a stranger's waits for a person.
    pub fn recovers(&self, decide: Decide) -> bool {
        if !matches!(self.platform.holder(), Some(Who::Run(_))) {
            return true;
        }
        let mut state = self.clone();
        let started = state.now();
        if let Some((run, request)) = state.orphan.take() {
            state.send(run, request);
        }
        for round in 0..60 {
            for run in 0..u8::try_from(state.runs.len()).unwrap() {
                for action in [
                    Action::Deliver(run),
                    Action::Record(run),
                    Action::Decide(run),
                    Action::Deliver(run),
                    Action::Record(run),
                    Action::Decide(run),
                ] {
                    state.apply(action, decide);
                }
            }
            if round % 3 == 2 {
                state.platform.end_run();
            }
            state.pass(if round % 8 == 7 {
                QUIET_PERIOD
            } else {
                LOCK_SETTLES + Duration::from_mins(1)
            });
        }
        state.runs.iter().enumerate().all(|(run, after)| {
            let run_held = Who::Run(u8::try_from(run).unwrap());
            let came_late = self.runs[run].memory.0.lock.as_ref().is_some_and(|lock| {
                let looked = lock.seen.as_ref().map_or(started, |seen| seen.since.0);
                lock.id.is_none() && looked >= lock.requested_at.0 + Duration::from(Timeouts::default().lock)
            });
            let waits_for_person = after.memory.0.step == Some(Step::LockRequested) && came_late;
            state.platform.holder() != Some(run_held) || waits_for_person
        })
    }
}

/// Sentences decide nothing.
fn without_words(mut stage: StageStatus) -> StageStatus {
    stage.message = None;
    stage.reason = None;
    stage
}
