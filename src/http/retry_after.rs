//! `Retry-After` in both its forms: seconds, and an HTTP date.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

/// For how long a host refuses calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// The remaining time.
    pub wait: Duration,
    /// The end in whole minutes, for the message. `None` if it is less than a minute, or the host named no time.
    pub until: Option<Timestamp>,
}

/// A header is input. A mistake in it must not stop the operator for days.
const LONGEST: Duration = Duration::from_hours(1);

/// For how long the host refuses calls, up to an hour. `now` is the host's clock, by which it writes a date.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let until = http_date(value)?;
    Some(
        Duration::try_from(until.duration_since(now))
            .unwrap_or(Duration::ZERO)
            .min(LONGEST),
    )
}

/// An HTTP date (RFC 9110 §5.6.7), in each of its three forms. One whose weekday is wrong is none.
pub(super) fn http_date(value: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(value).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_believed_up_to_an_hour() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let beyond_any_clock = u64::MAX.to_string();
        for (value, seconds) in [
            ("0", Some(0)),
            (" 30 ", Some(30)),
            ("3600", Some(3600)),
            ("3601", Some(3600)),
            ("86400", Some(3600)),
            (&beyond_any_clock, Some(3600)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 09:19:37 GMT", Some(1800)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(3600)),
            ("Sunday, 06-Nov-94 09:19:37 GMT", Some(1800)),
            ("Sun Nov  6 09:19:37 1994", Some(1800)),
            ("Mon, 06 Nov 1994 09:19:37 GMT", None),
            ("Sun, 06 Nov 1994 09:19:37 +0000", None),
            ("", None),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
        ] {
            let wait = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(value, now), wait, "{value:?}");
        }
    }
}
