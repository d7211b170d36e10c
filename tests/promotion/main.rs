//! `Promotion` on a real API server, against simulated tenants, by an operator whose clock is moved.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]

#[allow(dead_code, reason = "other programs do other things there")]
#[path = "../arena/mod.rs"]
mod arena;
mod frozen;
mod leaders;
mod life;
mod look;
mod lost;
mod namesakes;
mod people;
mod platform;
mod preflight;
mod queue;
mod refusals;
mod reports;
mod resorts;
mod restored;
mod rights;
mod runs;
mod standby;
mod stolen;
mod turns;
mod unreadable;
mod unrecorded;
mod verification;
mod woken;
