//! Secrets, a `PingOneConnection` and an `AICIntegration` on a real API server, against the simulated vendors, with
//! the shipped binary under the chart's own rights.

mod active;
mod failures;
mod forged;
mod rotation;
mod runtime;
mod variants;
mod world;
