//! Argo CD itself, kstatus and Flux's alerts: how they judge the operator's objects, and how Argo CD drives a company's
//! environments from a Git repository.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]

mod actions;
mod connections;
mod flux;
mod forms;
mod gate;
mod integrations;
mod judge;
mod reasons;
mod release;
mod repository;
mod runs;
mod states;
mod table;
mod team;
mod waves;
mod world;
