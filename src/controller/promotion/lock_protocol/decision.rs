//! What is decided about a lock, and by which rules.

use std::time::Duration;

use super::{
    content::Expected,
    observation::{Missing, Observation, Part},
    pace::{LONGEST_POLL, POLL},
    row::Row,
};
use crate::{
    api::{PromotionMode, Reason, StageStatus, Step, Timeouts},
    http::ONCE_ONLY_TIMEOUT,
};

/// A request for a lock can still arrive, or its effect still show, this long after the time that was recorded with it:
/// recording it, sending it and answering it take a timeout each.
pub(in super::super) const LOCK_SETTLES: Duration = Duration::from_secs(3 * ONCE_ONLY_TIMEOUT.as_secs() + 30);
/// The same for a run and its report.
pub(in super::super) const RUN_SETTLES: Duration = Duration::from_mins(2);
/// A lock that may be ours is released after it was seen idle for this long.
pub(in super::super) const QUIET_PERIOD: Duration = Duration::from_mins(10);
/// How often a stage begins anew, and a dry run is asked for.
pub(super) const MOST_TRIES: i32 = 3;
/// A lock that is not gone after this long is a person's affair, too.
pub(super) const LONGEST_RELEASE: Duration = Duration::from_mins(10);

/// What a run is told once.
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Clone, Debug)]
pub(in super::super) struct Rules<'a> {
    /// `namespace/name`: a stage is promoted once under it.
    pub(in super::super) key: &'a str,
    /// The object's uid: what bears it was asked for by this run.
    pub(in super::super) run: &'a str,
    pub(in super::super) mode: PromotionMode,
    pub(in super::super) ignore_encrypted_secrets: bool,
    pub(in super::super) timeouts: &'a Timeouts,
    /// The content that may be promoted.
    pub(in super::super) expected: Expected<'a>,
    /// Whether all that can be checked without a lock is as it should be.
    pub(in super::super) is_ready: bool,
    /// The request for the lock that status remembers is known to have no effect: it was refused, never sent, or its lock
    /// released.
    pub(in super::super) is_void: bool,
    /// The run is to stop where it safely can.
    pub(in super::super) stops: bool,
    /// The lock that a person says is to be removed.
    pub(in super::super) unlock: Option<&'a str>,
}

/// What is decided, or what has to be read first.
pub(in super::super) type Decided = Result<Decision, Missing>;

/// What is decided, and by which row.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Decision {
    pub(in super::super) row: Row,
    pub(in super::super) act: Act,
}

/// What is done next.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Act {
    /// Remember, and decide again.
    Remember(StageStatus),
    /// Remember, then ask for the lock: once.
    Lock(StageStatus),
    /// Remember, then ask for a dry run.
    DryRun(StageStatus),
    /// Remember, then ask for the promotion or the rollback: once under this lock. With what people are warned of.
    Promote(StageStatus, Option<(Reason, String)>),
    /// Give this lock back, and look again after a while.
    Unlock(String, Wait),
    /// Look again after a while.
    Wait(Wait),
    /// Nothing about a lock is left to do: the stage is verified, or over.
    Leave,
}

impl Decision {
    /// What of the observation the next decision may rest on, once this one is recorded: where nothing was sent, and nothing
    /// can be done under a lock that may have changed. What runs is read anew before anything is promoted, and the reports
    /// after a lock was seen to be gone.
    pub(in super::super) fn leaves(&self, observation: Observation) -> Option<Observation> {
        let Act::Remember(next) = &self.act else {
            return None;
        };
        match next.step {
            Some(Step::DryRun) if self.row == Row::R15 => Some(Observation {
                run: Part::NotRead,
                ..observation
            }),
            Some(Step::Unlocking) => {
                let lock = next.lock.as_ref().filter(|lock| !lock.unproved)?;
                let is_gone = observation.lock.is_free_of(lock.id.as_deref()?);
                is_gone.then(|| Observation::of_lock(observation.lock))
            }
            _ => None,
        }
    }

    /// Whether a lock that may be ours was noted, and is watched from then on.
    pub(in super::super) fn notes_lock(&self) -> bool {
        self.row == Row::R8 && matches!(self.act, Act::Remember(_))
    }
}

impl Row {
    /// A decision that rests on this row.
    pub(super) fn decides(self, act: Act) -> Decision {
        Decision { row: self, act }
    }

    pub(super) fn remembers(self, stage: StageStatus) -> Decision {
        self.decides(Act::Remember(stage))
    }
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Wait {
    pub(in super::super) reason: Reason,
    /// A person is needed.
    pub(in super::super) is_stalled: bool,
    pub(in super::super) message: String,
    pub(in super::super) after: Duration,
}

impl Wait {
    /// The lock was there a moment ago.
    pub(in super::super) fn for_the_lock() -> Self {
        Self {
            reason: Reason::Locking,
            is_stalled: false,
            message: "the lock is about to change: the operator checks it again".to_owned(),
            after: POLL,
        }
    }

    /// A request for a lock may still have an effect, and the stage may not begin.
    pub(in super::super) fn for_a_suspect() -> Self {
        Self {
            reason: Reason::LockOwnershipUnknown,
            is_stalled: false,
            message: "the answer to a request for a lock was lost, and the request may still have an effect: the operator looks for it for a few more minutes"
                .to_owned(),
            after: LONGEST_POLL,
        }
    }
}
