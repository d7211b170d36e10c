//! How fast the operator is, told as ratios to a floor that is measured in the same run: the same vendor calls made by
//! a bare concurrent loop, without Kubernetes and without an operator.
//!
//! `cargo bench` runs everything, on a real API server, with the binary as it is shipped; `cargo bench -- active` the
//! part of that name. The table goes to stdout, and as JSON to `target/speed.json`. A bound that is broken is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what goes wrong in a benchmark ends it, and says where"
)]

mod active;
mod budget;
mod external_secrets;
mod fleet;
mod floor;
mod measure;
mod neighbours;
mod promotion;
mod replicas;
mod report;
mod rest;
mod restart;
mod rotation;

use std::process::ExitCode;

use clap::Parser;

use self::{measure::Bench, report::Report};

/// Measures the operator.
#[derive(Parser)]
struct Arguments {
    /// Only the parts whose names contain this.
    part: Option<String>,
    /// Is the floor: reads what to call from stdin.
    #[arg(long, hide = true)]
    floor: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.floor {
        floor::run().await;
        return ExitCode::SUCCESS;
    }
    let bench = Bench::new();
    let mut report = Report::begin();
    let wanted = |part: &str| arguments.part.as_ref().is_none_or(|wanted| part.contains(wanted));
    if wanted("active") {
        active::measure(&bench, &mut report).await;
    }
    if wanted("thousand") {
        active::thousand(&bench, &mut report).await;
    }
    if wanted("rotation") {
        rotation::measure(&bench, &mut report).await;
    }
    if wanted("promotion") {
        promotion::measure(&bench, &mut report).await;
    }
    if wanted("neighbours") {
        neighbours::measure(&bench, &mut report).await;
    }
    if wanted("replicas") {
        replicas::measure(&bench, &mut report).await;
    }
    if wanted("rest") {
        rest::measure(&mut report).await;
    }
    if wanted("restart, memory") {
        restart::measure(&bench, &mut report).await;
    }
    report.finish()
}
