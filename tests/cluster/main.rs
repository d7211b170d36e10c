//! Everything that a cluster shows: one program, so that its scenarios share one control plane and wait side by side.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]
#![allow(
    clippy::too_many_lines,
    reason = "a table is long, and a scenario is read from its beginning to its end"
)]

mod admission;
mod disaster;
mod endurance;
mod install;
mod integration;
mod promotion;
