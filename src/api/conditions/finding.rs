//! The findings of a reconciliation, before they become conditions.

use super::super::Reason;

/// What is known of one aspect: the value of one condition, without its bookkeeping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// True, False, or None for Unknown.
    pub status: Option<bool>,
    /// The constant that programs match on.
    pub reason: Reason,
    /// A sentence for people, which says what to do next.
    pub message: String,
}

impl Finding {
    /// It holds.
    pub fn yes(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status: Some(true),
            reason,
            message: message.into(),
        }
    }

    /// It does not hold.
    pub fn no(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status: Some(false),
            reason,
            message: message.into(),
        }
    }

    /// It cannot be told.
    pub fn unknown(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status: None,
            reason,
            message: message.into(),
        }
    }
}

/// What is left to do: the conclusion that becomes `Ready`, `Reconciling` and `Stalled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing.
    Done(Reason, String),
    /// The operator continues by itself: it waits or retries.
    InProgress(Reason, String),
    /// Nothing changes until a person acts.
    Stalled(Reason, String),
}

impl Conclusion {
    /// Something is left to do: for a person, or for the operator.
    pub fn unfinished(needs_person: bool, reason: Reason, message: impl Into<String>) -> Self {
        if needs_person {
            Self::Stalled(reason, message.into())
        } else {
            Self::InProgress(reason, message.into())
        }
    }

    /// The same with other words.
    #[must_use]
    pub fn with_message(self, message: String) -> Self {
        match self {
            Self::Done(reason, _) => Self::Done(reason, message),
            Self::InProgress(reason, _) => Self::InProgress(reason, message),
            Self::Stalled(reason, _) => Self::Stalled(reason, message),
        }
    }

    /// The reason and the message, whichever it is.
    #[must_use]
    pub fn text(&self) -> (Reason, &str) {
        match self {
            Self::Done(reason, message)
            | Self::InProgress(reason, message)
            | Self::Stalled(reason, message) => (*reason, message),
        }
    }
}
