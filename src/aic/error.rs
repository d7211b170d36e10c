//! Why a tenant did not do what it was asked for.

use std::time::Duration;

use crate::http::{self, Outcome, REFUSAL_STANDS_FOR};

/// Why a call to a tenant failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No access token was given; nothing else was sent.
    #[error(transparent)]
    Token(http::Error),
    /// The assertion could not be signed; nothing was sent.
    #[error("failed to sign the service account's assertion: {0}")]
    Assertion(String),
    /// The access token lacks scopes; nothing else was sent.
    #[error("the service account lacks the scopes {0}: add them in the tenant's console")]
    ScopeMissing(String),
    /// The call itself failed.
    #[error(transparent)]
    Call(#[from] http::Error),
}

impl Error {
    /// Whether the call had an effect.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Call(error) => error.outcome(),
            Self::Token(_) | Self::Assertion(_) | Self::ScopeMissing(_) => Outcome::NotDone,
        }
    }

    /// Whether a refusal may be that of a lock, which blocks ESVs and static configuration alike. Its status is assumed to
    /// be 403; any other refusal of the tenant's will do, but for those that have a meaning of their own.
    #[must_use]
    pub fn may_be_a_lock(&self) -> bool {
        matches!(self, Self::Call(error) if matches!(error.status(), Some(status @ 400..=499) if ![401, 408, 429].contains(&status)))
    }

    /// For how long not to try again.
    pub(super) fn stands_for(&self) -> Duration {
        match self {
            Self::Call(error) | Self::Token(error) => error.stands_for(),
            Self::ScopeMissing(_) => REFUSAL_STANDS_FOR,
            Self::Assertion(_) => Duration::ZERO,
        }
    }

    /// Whether nothing was sent, because the tenant did not answer before.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Call(error) | Self::Token(error) if error.is_down())
    }

    /// For how long the tenant gets no calls.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Call(error) | Self::Token(error) => error.wait(),
            Self::Assertion(_) | Self::ScopeMissing(_) => None,
        }
    }
}
