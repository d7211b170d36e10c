//! The tenant as the model plays it, and what everybody knows but the operator: whose a lock is.

use crate::{
    aic::{LockSide, LockState, LockStatus, Progress, RunKind},
    api::{Action, RunMark},
    controller::promotion::lock_protocol::{Content, Fault, SeenReport, Source},
};

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    Run(u8),
    Person,
}

/// What breaks an invariant, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Violation {
    PromotedUnderAStrangersLock,
    RemovedAStrangersLock,
    DoneTwice,
    RolledBackAnothers,
    RolledBackWhatWorks,
    RemovedWhileItRuns,
    PromotedWhatNobodyAccepted,
    PromotedAgainstTheDryRun,
    BegunAfterStop,
}

/// What is done under a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    DryRun,
    Promotion,
    Rollback,
}

impl Deed {
    pub fn of(action: Action) -> Self {
        match action {
            Action::Rollback => Self::Rollback,
            Action::Promotion | Action::Unknown => Self::Promotion,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    pub names: Names,
    pub lock: LockStatus,
    /// Whether the upper environment shows nothing of the lock: it lags behind, or the lock is another pair's.
    pub is_one_sided: bool,
    /// The locks that there were; the last one is the present one.
    pub locks: Vec<Lock>,
    pub running: Option<Done>,
    /// What the last run was, if it failed.
    pub failed: Option<Done>,
    /// The promotions and rollbacks that have failed.
    pub failures: Vec<(Who, Deed)>,
    pub reports: Vec<Done>,
    /// Of a run that is over, and not listed yet.
    pub unfiled: Option<Done>,
    /// What is shown of the promoted configuration.
    pub fault: Fault,
    /// How often somebody has promoted into the environment below.
    pub below: u8,
    /// Whether the environment below cannot be read now.
    pub is_below_away: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    pub by: Who,
    pub taken: u32,
    pub gone: Option<u32>,
}

/// What runs, or is done: then its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    pub lock: u8,
    pub deed: Deed,
    pub by: Who,
    pub is_empty: bool,
    /// Whether its request came when nobody could reckon with it any more.
    pub is_late: bool,
}

impl Platform {
    pub fn new(names: Names, fault: Fault) -> Self {
        Self {
            names,
            lock: LockStatus::Unlocked,
            is_one_sided: false,
            locks: Vec::new(),
            running: None,
            failed: None,
            failures: Vec::new(),
            reports: Vec::new(),
            unfiled: None,
            fault,
            below: 0,
            is_below_away: false,
        }
    }

    pub fn holder(&self) -> Option<Who> {
        (self.lock != LockStatus::Unlocked).then(|| self.taker())?
    }

    fn taker(&self) -> Option<Who> {
        self.locks.last().map(|lock| lock.by)
    }

    /// Whether a report tells of what was done under the present lock.
    pub fn tells_of_its_lock(&self) -> bool {
        let id = self.id();
        self.reports.iter().any(|report| Some(report.lock) == id)
    }

    /// Whether a report proves whose the present lock is: a dry run that may have come late does not.
    pub fn proves_its_lock(&self, may_be_late: bool) -> bool {
        let id = self.id();
        let mut under_it = self.reports.iter().filter(|report| Some(report.lock) == id);
        under_it.any(|report| report.deed != Deed::DryRun || !may_be_late)
    }

    /// Whether a person has promoted under the present lock, whoever took it.
    pub fn is_used_by_a_person(&self) -> bool {
        let id = self.id();
        let mut under_it = self.reports.iter().chain(&self.failed);
        under_it.any(|done| Some(done.lock) == id && done.by == Who::Person)
    }

    /// The id of the last lock.
    pub fn id(&self) -> Option<u8> {
        let id = self.locks.len().checked_sub(1)?;
        u8::try_from(id).ok()
    }

    /// The id of the lock, if it is given.
    pub fn take(&mut self, by: Who, taken: u32) -> Option<u8> {
        if self.lock != LockStatus::Unlocked || self.running.is_some() {
            return None;
        }
        self.locks.push(Lock {
            by,
            taken,
            gone: None,
        });
        self.lock = LockStatus::Locking;
        self.id()
    }

    /// `DELETE`. `may` tells whether the caller may remove this lock although it is a stranger's.
    pub fn release(&mut self, id: u8, who: Who, may: bool) -> Option<Violation> {
        let is_held = matches!(self.lock, LockStatus::Locked | LockStatus::Error) && self.id() == Some(id);
        if !is_held {
            return None;
        }
        // Nobody knows what a tenant would make of it: to ask for it is a violation already.
        if self.running.is_some() {
            return (who != Who::Person).then_some(Violation::RemovedWhileItRuns);
        }
        self.lock = LockStatus::Unlocking;
        let is_strangers = self.taker() != Some(who) && who != Who::Person;
        (is_strangers && !may).then_some(Violation::RemovedAStrangersLock)
    }

    /// `POST` of a dry run, a promotion or a rollback, which names no lock.
    pub fn start(&mut self, by: Who, deed: Deed, is_late: bool) -> Option<Violation> {
        if self.lock != LockStatus::Locked || self.is_one_sided || self.running.is_some() {
            return None;
        }
        let lock = self.id()?;
        self.failed = None;
        self.running = Some(Done {
            lock,
            deed,
            by,
            is_empty: false,
            is_late,
        });
        if deed == Deed::DryRun || by == Who::Person {
            return None;
        }
        if self.taker() != Some(by) {
            return Some(Violation::PromotedUnderAStrangersLock);
        }
        let is_real = |done: &&Done| done.deed != Deed::DryRun;
        let done = || self.reports.iter().chain(&self.unfiled).filter(is_real);
        // Whoever of its name it was.
        let is_namesake = |other: Who| other == by || (other != Who::Person && self.names == Names::TheSame);
        let is_done = done().any(|report| is_namesake(report.by) && report.deed == deed);
        if is_done || self.failures.contains(&(by, deed)) {
            return Some(Violation::DoneTwice);
        }
        if deed == Deed::Promotion {
            let is_shown =
                |report: &Done| report.lock == lock && report.deed == Deed::DryRun && !report.is_empty;
            let is_shown = self.reports.iter().any(is_shown);
            return (!is_shown).then_some(Violation::PromotedAgainstTheDryRun);
        }
        if self.fault != Fault::Shown {
            return Some(Violation::RolledBackWhatWorks);
        }
        let is_anothers = done().next_back().is_none_or(|last| last.by != by);
        is_anothers.then_some(Violation::RolledBackAnothers)
    }

    /// What runs is over.
    pub fn end_run(&mut self, is_empty: bool) {
        let Some(done) = self.running.take() else {
            return;
        };
        self.file();
        self.unfiled = Some(Done { is_empty, ..done });
        if done.deed != Deed::DryRun {
            self.lock = LockStatus::Unlocking;
        }
    }

    /// What runs fails: it leaves no report, and its lock.
    pub fn fail_run(&mut self) {
        self.failed = self.running.take();
        if let Some(Done { deed, by, .. }) = self.failed
            && deed != Deed::DryRun
            && by != Who::Person
        {
            self.failures.push((by, deed));
        }
    }

    /// The report of what is over is listed, a little later.
    pub fn file(&mut self) {
        self.reports.extend(self.unfiled.take());
    }

    /// What takes minutes happens.
    pub fn pass_time(&mut self, now: u32) {
        self.file();
        self.is_below_away = false;
        // Another pair's lock stays one-sided.
        self.is_one_sided &= self.taker() == Some(Who::Person) && self.lock != LockStatus::Unlocking;
        self.lock = match self.lock {
            LockStatus::Locking => LockStatus::Locked,
            LockStatus::Unlocking => {
                if let Some(lock) = self.locks.last_mut() {
                    lock.gone = Some(now);
                }
                LockStatus::Unlocked
            }
            other => other,
        };
    }

    pub fn lock_state(&self) -> LockState {
        let id = self.id().map(name);
        let side = LockSide {
            state: self.lock,
            promotion_id: id.clone(),
        };
        let upper = if self.is_one_sided {
            LockSide {
                state: LockStatus::Unlocked,
                promotion_id: self.id().and_then(|id| id.checked_sub(1)).map(name),
            }
        } else {
            side.clone()
        };
        LockState {
            result: self.lock,
            promotion_id: id,
            lower_env: Some(side),
            upper_env: Some(upper),
        }
    }

    pub fn progress(&self) -> Progress {
        let mut run = Progress::with_status(match (self.running, self.lock) {
            (Some(_), _) => "RUNNING",
            // A word that no document has.
            (None, LockStatus::Locking) => "LOCKING",
            (None, _) => "READY",
        });
        let shown = self.running.or(self.failed);
        run.promotion_id = shown.map(|done| done.lock).or(self.id()).map(name);
        run.blocking_error = self.failed.is_some();
        run
    }

    pub fn seen_reports(&self) -> Vec<SeenReport> {
        let newest_first = self.reports.iter().rev();
        newest_first.map(|done| done.seen(self.names)).collect()
    }

    pub fn content(&self) -> Content {
        Content {
            source: if self.is_below_away {
                Source::Unread {
                    why: String::new(),
                    needs_person: false,
                }
            } else {
                Source::Newest(source(self.below))
            },
            provisional: None,
        }
    }
}

/// The report of what was promoted into the environment below.
pub fn source(below: u8) -> String {
    format!("report-{below}")
}

impl Done {
    fn seen(self, names: Names) -> SeenReport {
        let mark = match self.by {
            Who::Run(run) => Some(RunMark {
                key: names.of(run),
                stage: STAGE.to_owned(),
                run: uid(run),
            }),
            Who::Person => None,
        };
        SeenReport {
            id: String::new(),
            created: String::new(),
            lock_id: Some(name(self.lock)),
            is_dry_run: self.deed == Deed::DryRun,
            kind: match self.deed {
                Deed::Rollback => RunKind::Rollback,
                Deed::DryRun | Deed::Promotion => RunKind::Promotion,
            },
            mark,
            is_empty: self.is_empty,
            missing_esvs: Vec::new(),
        }
    }
}

pub const STAGE: &str = "staging";

/// What runs are called. In one cluster each has a name of its own; those of two clusters may have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Names {
    Different,
    TheSame,
}

impl Names {
    pub fn of(self, run: u8) -> String {
        match self {
            Self::Different => format!("ns/{run}"),
            Self::TheSame => "ns/run".to_owned(),
        }
    }
}

pub fn uid(run: u8) -> String {
    format!("uid-{run}")
}

pub fn name(lock: u8) -> String {
    format!("lock-{lock}")
}

pub fn number(name: &str) -> Option<u8> {
    name.strip_prefix("lock-")?.parse().ok()
}
