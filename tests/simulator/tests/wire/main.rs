//! What the simulator does, seen over the wire by a plain HTTPS client behind its proxy.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod caller;
mod connection_test;
mod esv;
mod esv_list;
mod esv_versions;
mod faults;
mod front_end;
mod gateway;
mod immutable;
mod mappings;
mod network;
mod peoples_things;
mod pingone;
mod promotion;
mod tenant_token;
mod worker;
