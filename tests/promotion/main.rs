//! `Promotion` on a real API server, against simulated tenants, by an operator whose clock is moved.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]

#[path = "../arena/mod.rs"]
#[allow(dead_code, reason = "shared with other programs")]
mod arena;
mod runs;
