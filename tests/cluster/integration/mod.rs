//! Secrets, a `PingOneConnection` and an `AICIntegration` on a real API server, against the simulated vendors, with
//! the shipped binary under the chart's own rights.

mod active;
mod credentials;
mod deletion;
mod drift;
mod failures;
mod forged;
mod mark;
mod not_ours;
mod odd_objects;
mod ownership;
mod rotation;
mod runtime;
mod shards;
mod traces;
mod variants;
mod witness;
mod world;
