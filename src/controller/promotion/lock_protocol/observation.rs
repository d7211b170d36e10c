//! What the tenant shows: the lock, the run, the reports.
//!
//! A decision reads the lock, and names what else it needs. What no decision needs is never requested.

use std::time::Duration;

use super::content::Content;
use crate::{
    aic::{LockState, Progress, RunKind},
    api::{Action, RunMark},
};

/// What the tenant shows at one moment, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Observation {
    pub(in super::super) lock: LockState,
    pub(in super::super) run: Part<Progress>,
    /// Newest first: those under the lock's id, and the real ones up to the newest of our name and stage.
    pub(in super::super) reports: Part<Vec<SeenReport>>,
    /// Of the configuration that is about to be rolled back, under the rollback's lock.
    pub(in super::super) fault: Part<Fault>,
    /// Of what is about to be promoted.
    pub(in super::super) content: Part<Content>,
    /// For how long the lock that may be ours was seen idle, check after check.
    pub(in super::super) idle_for: Part<Duration>,
}

/// A part of what a tenant shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) enum Part<T> {
    #[default]
    NotRead,
    Read(T),
    /// It was requested, and cannot be read now.
    Unreadable,
}

/// What has to be read before a decision can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Missing {
    Run,
    Reports,
    Fault,
    Content,
    IdleTime,
}

impl<T> Part<T> {
    /// What was read; what was not is `missing`, also after it could not be read.
    pub(super) fn or(&self, missing: Missing) -> Result<&T, Missing> {
        match self {
            Self::Read(part) => Ok(part),
            Self::NotRead | Self::Unreadable => Err(missing),
        }
    }

    /// What was read, if it is readable.
    pub(super) fn if_readable(&self, missing: Missing) -> Result<Option<&T>, Missing> {
        match self {
            Self::Read(part) => Ok(Some(part)),
            Self::NotRead => Err(missing),
            Self::Unreadable => Ok(None),
        }
    }

    /// What was read, if it was needed before.
    pub(in super::super) fn known(&self) -> Option<&T> {
        match self {
            Self::Read(part) => Some(part),
            Self::NotRead | Self::Unreadable => None,
        }
    }
}

/// What is shown of a configuration that was seen at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Fault {
    /// No answer proves anything.
    NotShown,
    /// An answer of success shows something missing or wrong.
    Shown,
    /// Answers of success show that all of it is as it should be.
    ShownRight,
}

/// A report, as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct SeenReport {
    pub(in super::super) id: String,
    /// Its date, as the platform writes it.
    pub(in super::super) created: String,
    pub(in super::super) lock_id: Option<String>,
    pub(in super::super) is_dry_run: bool,
    pub(in super::super) kind: RunKind,
    /// Whose run it was, where it was one of the operator's.
    pub(in super::super) mark: Option<RunMark>,
    /// What is read of a dry run's content.
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
    /// Whether it tells of something that was done, of this kind.
    pub(super) fn is_real(&self, action: Action) -> bool {
        let kind = match action {
            Action::Rollback => RunKind::Rollback,
            Action::Promotion | Action::Unknown => RunKind::Promotion,
        };
        !self.is_dry_run && self.kind == kind
    }
}
