//! The chart's alerts and its dashboard, judged by Prometheus itself: what it would have scraped of scenarios that the
//! operator lives through, minute by minute of its own clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]

mod alerts;
mod dashboard;
mod prometheus;
mod scenarios;
mod tape;
