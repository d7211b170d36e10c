//! The lock of one environment: while it lasts, nobody changes static configuration there.

use std::fmt;

use http::StatusCode;
use jiff::Timestamp;

use super::super::state::State;

/// [assumed] How a write to static configuration is refused while the environment is locked.
pub(in super::super) const WRITE_REFUSAL: StatusCode = StatusCode::FORBIDDEN;

/// What such a write is told.
pub(in super::super) const WRITE_REFUSED: &str =
    "The environment is locked for a promotion: configuration cannot be changed.";

/// In what state the lock of an environment, or of two, is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockState {
    /// Configuration can be changed.
    #[default]
    Unlocked,
    /// On the way to locked, and frozen already.
    Locking,
    /// A person or a program has it.
    Locked,
    /// On the way to unlocked, and frozen still.
    Unlocking,
    /// Locking or unlocking failed; it stays frozen until it is unlocked.
    Error,
}

impl fmt::Display for LockState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unlocked => "unlocked",
            Self::Locking => "locking",
            Self::Locked => "locked",
            Self::Unlocking => "unlocking",
            Self::Error => "error",
        })
    }
}

/// An environment's own lock.
#[derive(Debug, Default)]
pub(in super::super) struct Lock {
    /// Of the lock, or of the one before it while there is none.
    promotion_id: Option<String>,
    state: LockState,
    /// What it turns into, and when.
    next: Option<(Timestamp, LockState)>,
}

impl Lock {
    pub(super) fn promotion_id(&self) -> Option<&str> {
        self.promotion_id.as_deref()
    }

    /// The state, as of when it was last settled.
    pub(super) fn state(&self) -> LockState {
        self.state
    }

    /// Whether it is taken, in whatever state, under this promotion id.
    pub(super) fn holds(&self, promotion_id: &str) -> bool {
        self.state != LockState::Unlocked && self.promotion_id() == Some(promotion_id)
    }

    /// Begins to lock.
    pub(super) fn begin(&mut self, promotion_id: &str, until: Timestamp, then: LockState) {
        self.promotion_id = Some(promotion_id.to_owned());
        self.state = LockState::Locking;
        self.next = Some((until, then));
    }

    /// Begins to unlock, if it is taken under this promotion id.
    pub(super) fn release(&mut self, promotion_id: &str, until: Timestamp, then: LockState) {
        if self.holds(promotion_id) {
            self.state = LockState::Unlocking;
            self.next = Some((until, then));
        }
    }

    /// Fails as it stands, if it is taken.
    pub(super) fn fail(&mut self) {
        if self.state != LockState::Unlocked {
            self.state = LockState::Error;
            self.next = None;
        }
    }

    /// Locks under this promotion id, at once.
    pub(super) fn take(&mut self, promotion_id: &str) {
        self.promotion_id = Some(promotion_id.to_owned());
        self.state = LockState::Locked;
        self.next = None;
    }

    /// Unlocks at once.
    pub(super) fn free(&mut self) {
        self.state = LockState::Unlocked;
        self.next = None;
    }

    /// Makes the change whose time has come.
    pub(super) fn settle(&mut self, now: Timestamp) {
        if let Some((_, state)) = self.next.take_if(|(at, _)| *at <= now) {
            self.state = state;
        }
    }
}

impl State {
    /// Whether static configuration is frozen.
    pub(in super::super) fn is_frozen(&self) -> bool {
        self.lock.state() != LockState::Unlocked
    }
}
