//! The tenant as the model plays it, and what everybody knows but the operator: whose a lock is.

use crate::{
    aic::{LockSide, LockState, LockStatus, Progress, RunKind},
    api::{Action, RunMark},
    controller::promotion::protocol::{Content, Fault, SeenReport, Sight},
};

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    Run(u8),
    Person,
}

/// What breaks the law, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Crime {
    PromotedUnderAStrangersLock,
    RemovedAStrangersLock,
    DoneTwice,
    RolledBackAnothers,
    RolledBackWhatWorks,
    RemovedWhileItRuns,
    PromotedWhatNobodyAccepted,
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
    /// Of each lock that there was, whose it is, and when it was taken; the last one is the present one.
    pub takers: Vec<(Who, u32)>,
    pub running: Option<Running>,
    pub reports: Vec<Filed>,
    /// Of a run that is over, and not listed yet.
    pub unfiled: Option<Filed>,
    /// What is shown of the configuration that was seen at fault.
    pub fault: Fault,
    /// How often somebody has promoted into the environment below.
    pub below: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Running {
    pub lock: u8,
    pub deed: Deed,
    pub by: Who,
}

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Filed {
    pub lock: u8,
    pub deed: Deed,
    pub by: Who,
}

impl Platform {
    pub fn new(names: Names) -> Self {
        Self {
            names,
            lock: LockStatus::Unlocked,
            takers: Vec::new(),
            running: None,
            reports: Vec::new(),
            unfiled: None,
            fault: Fault::Shown,
            below: 0,
        }
    }

    /// One that a run has promoted into.
    pub fn promoted_by(run: u8) -> Self {
        let by = Who::Run(run);
        Self {
            takers: vec![(by, 0)],
            reports: vec![Filed {
                lock: 0,
                deed: Deed::Promotion,
                by,
            }],
            ..Self::new(Names::Different)
        }
    }

    pub fn holder(&self) -> Option<Who> {
        (self.lock != LockStatus::Unlocked).then(|| self.taker())?
    }

    fn taker(&self) -> Option<Who> {
        self.takers.last().map(|(who, _)| *who)
    }

    /// When a lock was taken.
    pub fn taken_at(&self, id: u8) -> Option<u32> {
        self.takers.get(usize::from(id)).map(|(_, at)| *at)
    }

    /// Whether a report tells of what was done under the present lock.
    pub fn tells_of_its_lock(&self) -> bool {
        let id = self.id();
        self.reports.iter().any(|report| Some(report.lock) == id)
    }

    /// The id of the last lock.
    pub fn id(&self) -> Option<u8> {
        self.takers
            .len()
            .checked_sub(1)
            .and_then(|id| u8::try_from(id).ok())
    }

    /// The id of the lock, if it is given.
    pub fn take(&mut self, who: Who, now: u32) -> Option<u8> {
        if self.lock != LockStatus::Unlocked || self.running.is_some() {
            return None;
        }
        self.takers.push((who, now));
        self.lock = LockStatus::Locking;
        self.id()
    }

    /// `DELETE`. `may` tells whether the caller may remove this lock although it is a stranger's.
    pub fn release(&mut self, id: u8, who: Who, may: bool) -> Option<Crime> {
        let is_held = matches!(self.lock, LockStatus::Locked | LockStatus::Error) && self.id() == Some(id);
        if !is_held {
            return None;
        }
        // Nobody knows what a tenant would make of it: to ask for it is a crime already.
        if self.running.is_some() {
            return (who != Who::Person).then_some(Crime::RemovedWhileItRuns);
        }
        self.lock = LockStatus::Unlocking;
        let is_strangers = self.taker() != Some(who) && who != Who::Person;
        (is_strangers && !may).then_some(Crime::RemovedAStrangersLock)
    }

    /// `POST` of a dry run, a promotion or a rollback, which names no lock.
    pub fn start(&mut self, by: Who, deed: Deed) -> Option<Crime> {
        if self.lock != LockStatus::Locked || self.running.is_some() {
            return None;
        }
        let lock = self.id()?;
        self.running = Some(Running { lock, deed, by });
        if deed == Deed::DryRun || by == Who::Person {
            return None;
        }
        if self.taker() != Some(by) {
            return Some(Crime::PromotedUnderAStrangersLock);
        }
        let done = || {
            let done = self.reports.iter().chain(&self.unfiled);
            done.filter(|report| report.deed != Deed::DryRun)
        };
        // Whoever of its name it was.
        let is_namesake = |other: Who| other == by || (other != Who::Person && self.names == Names::TheSame);
        if done().any(|report| is_namesake(report.by) && report.deed == deed) {
            return Some(Crime::DoneTwice);
        }
        let is_anothers = done().next_back().is_none_or(|last| last.by != by);
        if deed == Deed::Rollback && self.fault != Fault::Shown {
            return Some(Crime::RolledBackWhatWorks);
        }
        (deed == Deed::Rollback && is_anothers).then_some(Crime::RolledBackAnothers)
    }

    /// What runs is over.
    pub fn end_run(&mut self) {
        let Some(Running { lock, deed, by }) = self.running.take() else {
            return;
        };
        self.file();
        self.unfiled = Some(Filed { lock, deed, by });
        if deed != Deed::DryRun {
            self.lock = LockStatus::Unlocking;
        }
    }

    /// The report of what is over is listed, a little later.
    pub fn file(&mut self) {
        self.reports.extend(self.unfiled.take());
    }

    /// What takes minutes happens.
    pub fn pass_time(&mut self) {
        self.file();
        self.lock = match self.lock {
            LockStatus::Locking => LockStatus::Locked,
            LockStatus::Unlocking => LockStatus::Unlocked,
            other => other,
        };
    }

    /// What a run sees.
    pub fn sight(&self) -> Sight {
        let id = self.id().map(name);
        let side = LockSide {
            state: self.lock,
            promotion_id: id.clone(),
        };
        let mut run = Progress::with_status(match (self.running, self.lock) {
            (Some(_), _) => "RUNNING",
            // A word that no document has.
            (None, LockStatus::Locking) => "LOCKING",
            (None, _) => "READY",
        });
        run.promotion_id = self
            .running
            .map(|running| name(running.lock))
            .or_else(|| id.clone());
        Sight {
            lock: LockState {
                result: self.lock,
                promotion_id: id,
                lower_env: Some(side.clone()),
                upper_env: Some(side),
            },
            run,
            reports: self
                .reports
                .iter()
                .rev()
                .map(|filed| filed.seen(self.names))
                .collect(),
            fault: Fault::NotShown,
            content: Content::default(),
        }
    }

    /// The newest report of the environment below.
    pub fn source(&self) -> String {
        source(self.below)
    }
}

/// The report of what was promoted into the environment below.
pub fn source(below: u8) -> String {
    format!("report-{below}")
}

impl Filed {
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
            is_empty: false,
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
