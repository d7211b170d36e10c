//! The messages about a host that refuses calls.

use k8s_openapi::jiff::Timestamp;

use super::{Host, RetryAfter};

/// The message about a host that refuses calls for now.
pub(super) fn left_alone(host: &Host, until: Option<Timestamp>) -> String {
    match until {
        Some(until) => format!("{host} refuses calls until {} UTC", until.strftime("%H:%M")),
        None => format!("{host} refuses calls for now"),
    }
}

/// The message about an unsuccessful answer. A refusal has the same message as the calls that are held back after it,
/// because the call that meets it first differs from try to try.
pub(super) fn answered(
    host: &Host,
    status: u16,
    operation: &str,
    message: &str,
    retry_after: Option<&RetryAfter>,
) -> String {
    match retry_after {
        Some(asked) => left_alone(host, asked.until),
        None if status == 429 => left_alone(host, None),
        None => format!("{host} answered HTTP {status} to {operation}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::{Error, Outcome},
        *,
    };

    #[test]
    fn a_refusal_says_until_when_the_host_is_left_alone_and_callers_wait_for_as_long() {
        let until = "2026-01-01T14:05:00Z".parse().unwrap();
        let minutes = |until| RetryAfter {
            wait: Duration::from_secs(90),
            until,
        };
        let host: Host = "t.id.forgerock.io".parse().unwrap();
        let (alone, later) = ("t.id.forgerock.io refuses calls", Some(minutes(Some(until))));
        // Status, what was asked; seconds of wait, whether it is throttled, the message.
        for (status, retry_after, wait, is_throttled, says) in [
            (429, later, Some(90), true, format!("{alone} until 14:05 UTC")),
            (503, later, Some(90), true, format!("{alone} until 14:05 UTC")),
            (
                429,
                Some(minutes(None)),
                Some(90),
                true,
                format!("{alone} for now"),
            ),
            (429, None, Some(10), true, format!("{alone} for now")),
            (
                503,
                None,
                Some(10),
                false,
                "t.id.forgerock.io answered HTTP 503 to read: m".to_owned(),
            ),
            (
                502,
                None,
                None,
                false,
                "t.id.forgerock.io answered HTTP 502 to read: m".to_owned(),
            ),
        ] {
            let error = Error::Status {
                host: host.clone(),
                operation: "read",
                status,
                message: "m".to_owned(),
                code: None,
                retry_after,
                transaction_id: None,
                outcome: Outcome::of_status(status),
                by_service: true,
            };
            let found = (error.wait(), error.is_throttled(), error.to_string());
            assert_eq!(found, (wait.map(Duration::from_secs), is_throttled, says));
            assert_eq!(error.unsaid().is_some(), is_throttled);
        }
        let asked = minutes(Some(until));
        let held_back = Error::Throttled { host, asked };
        assert_eq!(held_back.to_string(), format!("{alone} until 14:05 UTC"));
    }
}
