//! Why a call failed, and whether it had an effect.

use std::time::Duration;

use super::{
    Host, RetryAfter,
    closure::WITHOUT_RETRY_AFTER,
    left_alone::{answered, left_alone},
};

/// How long a refusal is cached, unless the credentials change: at most five tries an hour.
pub const REFUSAL_STANDS_FOR: Duration = Duration::from_mins(12);

/// How an authorization server refuses a client (RFC 6749 §5.2). Any other 401 comes from a proxy.
const REFUSALS: [&str; 4] = [
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
];

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The host is not on the allow-list. Nothing was sent.
    #[error(
        "host {host} is not on the allow-list ({allowed}): correct the URL, or add the host to the values of the Helm release"
    )]
    HostNotAllowed {
        /// The host.
        host: Host,
        /// The list.
        allowed: String,
    },
    /// The host refuses calls for now. Nothing was sent.
    #[error("{}", left_alone(.host, .asked.until))]
    Throttled {
        /// The host.
        host: Host,
        /// What it asked for.
        asked: RetryAfter,
    },
    /// The host has not answered for a while. Nothing was sent.
    #[error("{host} does not answer: it is asked again from time to time")]
    Down {
        /// The host.
        host: Host,
        /// When, at the earliest.
        wait: Duration,
    },
    /// The caller's guard did not allow it any more. Nothing was sent.
    #[error("did not {operation}: what allowed it has ended meanwhile")]
    Withheld {
        /// The operation, as a verb phrase.
        operation: &'static str,
    },
    /// No connection was made. Nothing was sent.
    #[error("failed to connect to {host} to {operation}: {cause}")]
    NotConnected {
        /// The host.
        host: Host,
        /// The operation, as a verb phrase.
        operation: &'static str,
        /// Why.
        cause: String,
    },
    /// The call was sent, and no complete answer came in time.
    #[error("failed to get an answer from {host} to {operation}: {cause}")]
    Unanswered {
        /// The host.
        host: Host,
        /// What was tried, as a verb.
        operation: &'static str,
        /// Why.
        cause: String,
        /// Whether it timed out, rather than lost the connection.
        timed_out: bool,
    },
    /// A successful answer that cannot be read.
    #[error("failed to read the answer of {host} to {operation} (HTTP {status}): {cause}")]
    Unreadable {
        /// The host.
        host: Host,
        /// What was tried, as a verb.
        operation: &'static str,
        /// The status.
        status: u16,
        /// Why.
        cause: String,
        /// The vendor's transaction id.
        transaction_id: Option<String>,
    },
    /// An answer other than success.
    #[error("{}", answered(.host, *.status, .operation, .message, .retry_after.as_ref()))]
    Status {
        /// The host.
        host: Host,
        /// What was tried, as a verb.
        operation: &'static str,
        /// The status.
        status: u16,
        /// The vendor's own message, redacted.
        message: String,
        /// The vendor's error code (`code`, or OAuth's `error`), if it is a text.
        code: Option<String>,
        /// For how long the host refuses calls.
        retry_after: Option<RetryAfter>,
        /// The vendor's transaction id, or PingOne's Correlation ID.
        transaction_id: Option<String>,
        /// Whether the call had an effect.
        outcome: Outcome,
        /// Whether the service answered, in JSON, and not the load balancer in front of it.
        by_service: bool,
    },
}

/// Whether a failed call had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had none.
    NotDone,
    /// It may have had one. Only reading tells.
    Unknown,
}

impl Outcome {
    /// What a status other than success says, whoever answered it: the vendor's service, or the load balancer in
    /// front of it, which answers 411 and 403 before the service sees the call. A 404 and a 5xx of a load balancer
    /// may come after the service has acted.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            400 | 401 | 403 | 409 | 411 | 429 => Self::NotDone,
            _ => Self::Unknown,
        }
    }
}

impl Error {
    /// Whether the call had an effect.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::HostNotAllowed { .. }
            | Self::Throttled { .. }
            | Self::Down { .. }
            | Self::Withheld { .. }
            | Self::NotConnected { .. } => Outcome::NotDone,
            Self::Unanswered { .. } | Self::Unreadable { .. } => Outcome::Unknown,
            Self::Status { outcome, .. } => *outcome,
        }
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } | Self::Unreadable { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The vendor's error code, where it is a text.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Status { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// The vendor's name for the transaction, or PingOne's Correlation ID. It differs from try to try, so that it stands in logs and not in the
    /// message, which would make every try a change of status.
    #[must_use]
    pub fn transaction_id(&self) -> Option<&str> {
        match self {
            Self::Status { transaction_id, .. } | Self::Unreadable { transaction_id, .. } => {
                transaction_id.as_deref()
            }
            _ => None,
        }
    }

    /// For how long the host gets no calls, whether it asked for that or not.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Throttled { asked, .. }
            | Self::Status {
                retry_after: Some(asked),
                ..
            } => Some(asked.wait),
            Self::Down { wait, .. } => Some(*wait),
            Self::Status {
                status: 429 | 503, ..
            } => Some(WITHOUT_RETRY_AFTER),
            _ => None,
        }
    }

    /// The vendor's words that are not in the message.
    pub(super) fn unsaid(&self) -> Option<&str> {
        match self {
            Self::Status { message, .. } if self.is_throttled() => Some(message),
            _ => None,
        }
    }

    /// Whether nothing was sent, because the host did not answer before.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Down { .. })
    }

    /// Whether the connection was lost before an answer came. The usual cause is a kept connection that the host has
    /// closed, so one more try is enough.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        matches!(self, Self::Unanswered { timed_out: false, .. })
    }

    /// Whether the service has answered otherwise than with success, and not the load balancer in front of it, which
    /// knows nothing of what is there.
    #[must_use]
    pub fn is_by_service(&self) -> bool {
        matches!(self, Self::Status { by_service: true, .. })
    }

    /// Whether the host itself refuses calls for now.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        match self {
            Self::Throttled { .. } => true,
            Self::Status {
                status, retry_after, ..
            } => *status == 429 || (*status == 503 && retry_after.is_some()),
            _ => false,
        }
    }

    /// Whether the host is up: it has answered, and not for a service behind it that does not.
    pub(super) fn is_answer(&self) -> bool {
        !matches!(
            self,
            Self::NotConnected { .. }
                | Self::Unanswered { .. }
                | Self::Status {
                    status: 502..=504,
                    retry_after: None,
                    ..
                }
        )
    }

    /// Whether the same call may succeed later without a change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::HostNotAllowed { .. } => false,
            // A load balancer knows neither accounts nor objects, so its refusal may pass a moment later.
            Self::Status {
                by_service: false, ..
            } => true,
            Self::Status { status, .. } => {
                *status == 408 || *status == 429 || *status >= 500 || *status < 400
            }
            _ => true,
        }
    }

    /// For how long not to try again. A refused client is not accepted a moment later, and trying again uses up the
    /// rate limit of everybody else.
    #[must_use]
    pub fn stands_for(&self) -> Duration {
        match self {
            Self::Status {
                status: 400 | 401,
                code: Some(code),
                ..
            } if REFUSALS.contains(&code.as_str()) => REFUSAL_STANDS_FOR,
            _ => Duration::ZERO,
        }
    }

    /// One word for metrics.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::HostNotAllowed { .. } => "not_allowed",
            Self::Throttled { .. } => "throttled",
            Self::Down { .. } => "down",
            Self::Withheld { .. } => "withheld",
            Self::NotConnected { .. } => "not_connected",
            Self::Unanswered { .. } => "unanswered",
            Self::Unreadable { .. } => "unreadable",
            Self::Status { status: 429, .. } => "rate_limited",
            Self::Status { status, .. } if *status >= 500 => "server_error",
            Self::Status { .. } => "refused",
        }
    }
}
