//! One run, as the model plays it: what its status remembers, and what the processes that see to it have under way.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::platform::{Deed, Platform, STAGE};
use crate::api::{StageStatus, Step};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    pub memory: Memory,
    /// As it was when the lock was requested.
    pub(super) intent: Option<Memory>,
    /// Its author has stopped it, or deleted it.
    pub stops: bool,
    pub is_deleted: bool,
    /// Its object is gone.
    pub is_gone: bool,
    /// What nobody knows: when a request for a lock was made that was lost, or whose answer was.
    pub(super) lost: Option<u32>,
    /// The lock under which a promotion or a rollback was requested last.
    pub(super) posted: Option<u8>,
    /// Its status was restored from before it began.
    pub(super) is_restored: bool,
    /// Its object went while the answer to its request for a lock was not known, or its key was lost.
    pub(super) is_untold: bool,
    /// A request of its own arrived when nobody could reckon with it any more.
    pub(super) is_late: bool,
    /// The lock that a person says is to go.
    pub(super) unlock: Option<u8>,
    /// What stands in the environment below, as this run left it there or as a person has accepted it since.
    pub(super) accepted: u8,
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            memory: Memory::new(),
            intent: None,
            stops: false,
            is_deleted: false,
            is_gone: false,
            lost: None,
            posted: None,
            is_restored: false,
            is_untold: false,
            is_late: false,
            unlock: None,
            accepted: 0,
        }
    }

    /// Whether a person has to decide what may be promoted.
    pub(super) fn is_held(&self) -> bool {
        let stage = &self.memory.0;
        stage.step.is_none() && stage.held.is_some() && stage.suspect.is_none()
    }

    /// Whether nothing is left to do for it.
    pub(super) fn is_over(&self) -> bool {
        self.is_gone || self.memory.0.step == Some(Step::Done)
    }
}

/// An operator's process, which sees to one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub(super) run: u8,
    /// What it has seen, and has not decided by yet.
    pub(super) look: Option<Box<Look>>,
    pub(super) flight: Flight,
    /// What it knows and status does not: its last request for a lock has no effect.
    pub(super) is_void: bool,
    /// The lock that it sees idle at each of its checks, and since when.
    pub(super) quiet: Option<(u8, u32)>,
    /// Whether it has seen to a run whose lock may be open: it has the key then.
    pub(super) has_key: bool,
    /// What the key remembers, once status has forgotten it or the object is gone.
    pub(super) kept: Option<Memory>,
    /// Since when it knows the promoted configuration to be at fault.
    pub(super) fault: Option<u32>,
}

impl Process {
    pub(super) fn new(run: u8) -> Self {
        Self {
            run,
            look: None,
            flight: Flight::None,
            is_void: false,
            quiet: None,
            has_key: false,
            kept: None,
            fault: None,
        }
    }
}

/// A status and a tenant as they were.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Look {
    pub(super) memory: Memory,
    pub(super) platform: Platform,
}

/// What status remembers: all that outlives a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory(pub Arc<StageStatus>);

impl Memory {
    pub(super) fn new() -> Self {
        Self(Arc::new(StageStatus {
            name: STAGE.to_owned(),
            ..StageStatus::default()
        }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Lock,
    /// A promotion or a rollback.
    Start(Deed),
}

/// What a process has under way, and loses when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Flight {
    None,
    Sent(Request),
    /// The answer to a request for a lock: the id, if it was given.
    Answered(Option<u8>),
    /// A refusal that could not be recorded yet.
    Refused,
    /// A lock of which the process does not know whether it is recorded.
    Unrecorded(u8),
}

impl Flight {
    pub(super) fn is_start(self) -> bool {
        matches!(self, Self::Sent(Request::Start(_)))
    }
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
            action,
            suspect,
            held,
            rollback,
            verifying_since,
            ..
        } = &*self.0;
        (step, outcome, retries, action, held.is_some(), rollback.is_some()).hash(state);
        dry_run.as_ref().map(|found| found.missing_esvs.len()).hash(state);
        verifying_since.as_ref().map(|since| since.0).hash(state);
        suspect
            .as_ref()
            .map(|suspect| (suspect.requested_at.0, suspect.contested))
            .hash(state);
        let lock = lock.as_ref();
        lock.map(|lock| {
            (
                &lock.attempt,
                lock.requested_at.0,
                &lock.id,
                &lock.before,
                lock.unproved,
                lock.contested,
            )
        })
        .hash(state);
        lock.and_then(|lock| lock.seen.as_ref())
            .map(|seen| (&seen.id, seen.since.0, seen.settled))
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
                let idle_since = promote.idle_since.as_ref().map(|idle| idle.0);
                (promote.requested_at.0, idle_since, promote.failed)
            })
            .hash(state);
    }
}

/// The hash of the list that a dry run tells of.
pub(super) const LIST: &str = "list";

/// Sentences decide nothing.
pub(super) fn without_words(mut stage: StageStatus) -> StageStatus {
    stage.message = None;
    stage.reason = None;
    if let Some(held) = &mut stage.held {
        held.message.clear();
        held.since = Time(Timestamp::UNIX_EPOCH);
    }
    // The list is always the same: what changes is what stands below.
    if let Some(dry_run) = &mut stage.dry_run {
        LIST.clone_into(&mut dry_run.report.totals.hash);
    }
    stage
}
