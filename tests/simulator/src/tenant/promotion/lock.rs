//! The lock of one environment: while it lasts, nobody changes static configuration there.

use std::fmt;

use http::StatusCode;
use uuid::Uuid;

use super::super::state::State;

/// [assumed] How a write to static configuration is refused while the environment is locked.
pub(in super::super) const WRITE_REFUSAL: StatusCode = StatusCode::FORBIDDEN;

/// What such a write is told.
pub(in super::super) const WRITE_REFUSED: &str =
    "The environment is locked for a promotion: configuration cannot be changed.";

/// In what state the lock of an environment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockState {
    /// Configuration can be changed.
    #[default]
    Unlocked,
    /// A person or a promotion has it.
    Locked,
}

impl fmt::Display for LockState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unlocked => "unlocked",
            Self::Locked => "locked",
        })
    }
}

/// An environment's own lock.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Lock {
    /// Of the lock, or of the one before it while there is none.
    promotion_id: Option<String>,
    state: LockState,
}

impl Lock {
    pub(super) fn promotion_id(&self) -> Option<&str> {
        self.promotion_id.as_deref()
    }

    pub(super) fn state(&self) -> LockState {
        self.state
    }

    /// Locks under a new promotion id, and tells it.
    pub(in super::super) fn take(&mut self) -> String {
        let id = Uuid::new_v4().to_string();
        self.promotion_id = Some(id.clone());
        self.state = LockState::Locked;
        id
    }

    pub(in super::super) fn release(&mut self) {
        self.state = LockState::Unlocked;
    }
}

impl State {
    /// Whether static configuration is frozen.
    pub(in super::super) fn is_frozen(&self) -> bool {
        self.lock.state() != LockState::Unlocked
    }
}
