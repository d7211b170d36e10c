//! What the tenant shows: the lock, the run, the reports.

use super::content::Content;
use crate::{
    aic::{LockState, Progress, RunKind, RunState},
    api::{Action, RunMark},
};

/// What the tenant shows at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Sight {
    pub(in super::super) lock: LockState,
    pub(in super::super) run: Progress,
    /// Newest first: those under the lock's id, and the real ones up to the newest of our name and stage.
    pub(in super::super) reports: Vec<SeenReport>,
    /// Of the configuration that is about to be rolled back, under the rollback's lock.
    pub(in super::super) fault: Fault,
    /// Of what is about to be promoted.
    pub(in super::super) content: Content,
}

/// What is shown of a configuration that was seen at fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) enum Fault {
    /// Nothing is: it was not asked for, or no answer proves anything.
    #[default]
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

impl Sight {
    /// Whether what was under way last has failed, whatever its state is called.
    pub(super) fn has_failed(&self) -> bool {
        self.run.blocking_error && self.run.state() != RunState::Running
    }

    /// Whether something is under way, or may be.
    pub(super) fn is_running(&self) -> bool {
        self.run.state() != RunState::Idle
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
