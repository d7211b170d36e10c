//! What the tenant shows: the lock, the run, the reports.
//!
//! A decision has the lock, and names what else it needs. What no decision needs is never read.

use std::time::Duration;

use super::content::Content;
use crate::{
    aic::{LockState, Progress, RunKind},
    api::{Action, RunMark},
};

/// What the tenant shows at one moment. Parts may not be read yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Observation {
    pub(in super::super) lock: LockState,
    pub(in super::super) run: Part<Progress>,
    /// Newest first: those under the lock's id, and the real ones up to the newest of this name and stage.
    pub(in super::super) reports: Part<Vec<SeenReport>>,
    /// The fault of the configuration that is about to be rolled back, under the rollback's lock.
    pub(in super::super) fault: Part<Fault>,
    /// The content that is about to be promoted.
    pub(in super::super) content: Part<Content>,
    /// How long the lock that may be ours has been idle in consecutive checks.
    pub(in super::super) idle_for: Part<Duration>,
}

/// A part of an observation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) enum Part<T> {
    #[default]
    NotRead,
    Read(T),
    /// It cannot be read now.
    Unreadable,
}

/// What must be read before a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Missing {
    Run,
    Reports,
    Fault,
    Content,
    IdleTime,
}

impl<T> Part<T> {
    /// The value; `missing` if it was not read or cannot be read.
    pub(super) fn or(&self, missing: Missing) -> Result<&T, Missing> {
        match self {
            Self::Read(part) => Ok(part),
            Self::NotRead | Self::Unreadable => Err(missing),
        }
    }

    /// The value, if it is readable.
    pub(super) fn if_readable(&self, missing: Missing) -> Result<Option<&T>, Missing> {
        match self {
            Self::Read(part) => Ok(Some(part)),
            Self::NotRead => Err(missing),
            Self::Unreadable => Ok(None),
        }
    }

    /// The value, if it was read.
    pub(in super::super) fn known(&self) -> Option<&T> {
        match self {
            Self::Read(part) => Some(part),
            Self::NotRead | Self::Unreadable => None,
        }
    }
}

/// What the tenant shows of a configuration that was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Fault {
    /// No answer shows anything.
    NotShown,
    /// A successful answer shows something missing or wrong.
    Shown,
    /// Successful answers show that all of it is right.
    ShownRight,
}

/// What decisions need of a report.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct SeenReport {
    pub(in super::super) id: String,
    /// Its date, as the platform writes it.
    pub(in super::super) created: String,
    pub(in super::super) lock_id: Option<String>,
    pub(in super::super) is_dry_run: bool,
    pub(in super::super) kind: RunKind,
    /// The run's mark, if it is one of the operator's.
    pub(in super::super) mark: Option<RunMark>,
    /// The content of a dry run.
    pub(in super::super) is_empty: bool,
    pub(in super::super) missing_esvs: Vec<String>,
}

impl Observation {
    /// Nothing but the lock is read.
    pub(in super::super) fn of_lock(lock: LockState) -> Self {
        Self {
            lock,
            run: Part::NotRead,
            reports: Part::NotRead,
            fault: Part::NotRead,
            content: Part::NotRead,
            idle_for: Part::NotRead,
        }
    }
}

impl SeenReport {
    /// Whether it is a real report of this kind.
    pub(super) fn is_real(&self, action: Action) -> bool {
        let kind = match action {
            Action::Rollback => RunKind::Rollback,
            Action::Promotion | Action::Unknown => RunKind::Promotion,
        };
        !self.is_dry_run && self.kind == kind
    }
}
