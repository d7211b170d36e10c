//! The admin APIs of `PingOne` and of `PingOne` Advanced Identity Cloud, simulated as real HTTPS servers.
//!
//! A [`Network`] is an HTTP CONNECT proxy behind which the vendors' real host names answer, so that a program
//! run with `HTTPS_PROXY` and the network's CA talks to them unchanged. Everything that it sends is in the
//! [journal](Network::journal), every answer can be [spoiled](Network::fault), and time is a [`Clock`] that a
//! test moves. What a tenant would refuse is refused.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this is test support: a broken set-up has nobody to report to but the test"
)]

mod clock;
mod fault;
mod front_end;
mod jose;
mod journal;
mod markers;
mod message;
mod network;
mod openapi;
mod outage;
mod peoples_things;
pub mod pingone;
mod proxy;
mod relay;
mod service;
pub mod tenant;
mod tls;

pub use clock::Clock;
pub use fault::{Fault, FaultHandle, Rule};
pub use journal::Exchange;
pub use network::Network;
pub use openapi::{Side, Violation};
pub use outage::Outage;
pub use pingone::{CredentialKind, PingOne, Region};
pub use tenant::{Mutability, Realm, Tenant};
