//! A decision about a lock, and the rules for it.

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

/// How long after its recorded time a request for a lock can still have an effect. Recording it, sending it and
/// answering it each have a timeout.
pub(in super::super) const LOCK_SETTLES: Duration = Duration::from_secs(3 * ONCE_ONLY_TIMEOUT.as_secs() + 30);
/// The same for a run and its report.
pub(in super::super) const RUN_SETTLES: Duration = Duration::from_mins(2);
/// How long a lock that may be ours must be idle before it is released.
pub(in super::super) const QUIET_PERIOD: Duration = Duration::from_mins(10);
/// How often a stage begins again, and a dry run is requested.
pub(super) const MOST_TRIES: i32 = 3;
/// After this time a person is told that a lock is not released.
pub(super) const LONGEST_RELEASE: Duration = Duration::from_mins(10);

/// The rules of one reconciliation.
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Clone, Debug)]
pub(in super::super) struct Rules<'a> {
    /// `namespace/name`: a stage is promoted once under it.
    pub(in super::super) key: &'a str,
    /// The object's uid. A report with it is of this run.
    pub(in super::super) run: &'a str,
    pub(in super::super) mode: PromotionMode,
    pub(in super::super) ignore_encrypted_secrets: bool,
    pub(in super::super) timeouts: &'a Timeouts,
    /// The content that may be promoted.
    pub(in super::super) expected: Expected<'a>,
    /// Whether the preflight has found nothing.
    pub(in super::super) is_ready: bool,
    /// Whether the request for the lock in status is known to have no effect: it was refused, never sent, or its lock
    /// was released.
    pub(in super::super) is_void: bool,
    /// Whether the run is to stop where it safely can.
    pub(in super::super) stops: bool,
    /// The lock that a person wants released.
    pub(in super::super) unlock: Option<&'a str>,
}

/// The decision, or what must be read first.
pub(in super::super) type Decided = Result<Decision, Missing>;

/// A decision and its row.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Decision {
    pub(in super::super) row: Row,
    pub(in super::super) act: Act,
}

/// The next act.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Act {
    /// Record, and decide again.
    Remember(StageStatus),
    /// Record, then request the lock, once.
    Lock(StageStatus),
    /// Record, then request a dry run.
    DryRun(StageStatus),
    /// Record, then request the promotion or the rollback, once under this lock. With a warning to send.
    Promote(StageStatus, Option<(Reason, String)>),
    /// Release this lock, and check again later.
    Unlock(String, Wait),
    /// Check again later.
    Wait(Wait),
    /// No lock is left to handle: the stage is being verified, or has ended.
    Leave,
}

impl Decision {
    /// The part of the observation that the next decision may use when this one is recorded. Nothing was sent, and
    /// nothing may be done under a lock that may have changed. The run is read again before a promotion, and the
    /// reports after a lock is gone.
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

    /// Whether this records a lock that may be ours, whose idle time counts from now on.
    pub(in super::super) fn notes_lock(&self) -> bool {
        self.row == Row::R8 && matches!(self.act, Act::Remember(_))
    }
}

impl Row {
    /// A decision by this row.
    pub(super) fn decides(self, act: Act) -> Decision {
        Decision { row: self, act }
    }

    pub(super) fn remembers(self, stage: StageStatus) -> Decision {
        self.decides(Act::Remember(stage))
    }
}

/// A wait, with its reason and message.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Wait {
    pub(in super::super) reason: Reason,
    /// A person has to act.
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
