//! All that can happen: runs decide and act, answers are lost, processes die, time passes, a person interferes.

use std::time::Duration;

use super::{
    platform::{Crime, Platform, Who, key, number, uid},
    run::{Flight, Memory, Request, Run, without_words},
};
use crate::{
    aic::LockStatus,
    api::{PromotionMode, StageStatus, Timeouts},
    controller::promotion::protocol::{
        Act, LOCK_SETTLES, QUIET_PERIOD, Reports, Rules, Sight, lock_accepted, lock_refused, reads_reports,
        reads_run,
    },
};
use k8s_openapi::jiff::Timestamp;

/// The function that is checked.
pub type Decide = fn(&StageStatus, &Sight, &Rules<'_>, Timestamp) -> Act;

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
    /// A request of a process that is dead, on its way still.
    pub(super) orphan: Option<(u8, Request)>,
    pub(super) now: u32,
    pub(super) budget: Budget,
    pub crime: Option<Crime>,
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

    fn kill(&mut self, run: u8) {
        let killed = &mut self.runs[usize::from(run)];
        killed.is_void = false;
        killed.is_lost |= killed.flight != Flight::Sent(Request::Promote);
        let flight = std::mem::replace(&mut killed.flight, Flight::None);
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
        } else if reads_reports(memory, &sight, &rules, self.now()) == Reports::NotNeeded {
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

    pub(super) fn pass(&mut self, time: Duration) {
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
                self.kill(run);
            }
            Action::Restore(run) => {
                self.trouble()?;
                self.kill(run);
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
