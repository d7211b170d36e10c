//! `Retry-After` in both its forms: seconds, and an HTTP date.

use std::time::Duration;

use k8s_openapi::jiff::{Timestamp, fmt::rfc2822};

/// A header is input: a year is for ever, and more would not fit a clock.
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// How long the other side asks to be left alone, in full; a date is taken by its own clock (`now`).
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

/// An HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`), which is a mail date with another name for UTC.
pub(super) fn http_date(value: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(value)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_honoured_in_full() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(retry_after("7200", now), Some(Duration::from_hours(2)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 10:49:37 GMT", now),
            Some(Duration::from_hours(2))
        );
    }

    #[test]
    fn a_date_that_has_passed_is_no_wait_and_nonsense_is_none() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after(&u64::MAX.to_string(), now), Some(LONGEST));
        for nonsense in ["", "soon", "-5", "1.5"] {
            assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
        }
    }
}
