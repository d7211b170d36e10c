//! Secrets, a `PingOneConnection` and an `AICIntegration` on a real API server, against the simulated vendors, with
//! the shipped binary under the chart's own rights.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the message")]
#![allow(
    clippy::too_many_lines,
    reason = "a table is long, and a scenario is read from its beginning to its end"
)]

mod active;
mod credentials;
mod deletion;
mod drift;
mod failures;
mod forged;
mod mark;
mod odd_objects;
mod rotation;
mod runtime;
mod shards;
mod traces;
mod variants;
mod witness;
mod world;
