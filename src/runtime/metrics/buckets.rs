//! Histogram buckets.

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Up to 40 seconds: what somebody does.
pub(super) fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 2.0, 13))
}

/// Up to 44 minutes: how long somebody waits.
pub(super) fn waits() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 4.0, 10))
}
