//! Wall-clock time that a test can move forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Real time plus an offset; clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_millis: Arc<AtomicI64>,
}

impl Clock {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + self.offset()
    }

    /// How far ahead of real time this clock is.
    #[must_use]
    pub fn offset(&self) -> SignedDuration {
        SignedDuration::from_millis(self.offset_millis.load(Ordering::SeqCst))
    }

    /// Moves time forward, for everyone who shares this clock.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).expect("a test advances by less than 290 million years");
        self.offset_millis.fetch_add(millis, Ordering::SeqCst);
    }
}

/// A date as the vendors write it in JSON: UTC, whole seconds.
pub(crate) fn iso_date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A date as the ESV service writes it from its store: microseconds, without trailing zeros.
pub(crate) fn stored_date(time: Timestamp) -> String {
    in_microseconds(time).to_string()
}

/// The time, cut to what a store keeps of it.
pub(crate) fn in_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).expect("a shorter time is in range")
}

/// A date as an HTTP header carries it.
pub(crate) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
