//! How fast the operator is, told as ratios to a floor that is measured in the same run: the same vendor calls made by
//! a bare concurrent loop, without Kubernetes and without an operator.
//!
//! `cargo bench` runs everything, on a real API server, with the binary as it is shipped; `cargo bench -- active whole`
//! the parts of these names. The table goes to stdout, and as JSON to `target/speed.json`. A bound that is broken is a
//! failure.

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
mod group;
mod measure;
mod memory;
mod neighbours;
mod plugin;
mod promotion;
mod replicas;
mod report;
mod rest;
mod restart;
mod rotation;
mod scrape;
mod settled;
mod whole;

use std::{cell::LazyCell, process::ExitCode};

use clap::{Parser, ValueEnum};

use self::{measure::Bench, report::Report};

/// Measures the operator.
#[derive(Parser)]
struct Arguments {
    /// Only these parts.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Is the floor: reads what to call from stdin.
    #[arg(long, hide = true)]
    floor: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured, in this order.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Active,
    Thousand,
    Rotation,
    Promotion,
    Whole,
    Neighbours,
    Replicas,
    Rest,
    Restart,
    Memory,
    Scrape,
    Plugin,
}

impl Part {
    async fn measure(self, bench: &LazyCell<Bench>, report: &mut Report) {
        match self {
            Self::Active => active::measure(bench, report).await,
            Self::Thousand => active::thousand(bench, report).await,
            Self::Rotation => rotation::measure(bench, report).await,
            Self::Promotion => promotion::measure(bench, report).await,
            Self::Whole => whole::measure(bench, report).await,
            Self::Neighbours => neighbours::measure(bench, report).await,
            Self::Replicas => replicas::measure(bench, report).await,
            Self::Rest => rest::measure(report).await,
            Self::Restart => restart::measure(bench, report).await,
            Self::Memory => memory::measure(bench, report).await,
            Self::Scrape => scrape::measure(bench, report).await,
            Self::Plugin => plugin::measure(report).await,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.floor {
        floor::run().await;
        return ExitCode::SUCCESS;
    }
    let bench: LazyCell<Bench> = LazyCell::new(Bench::new);
    let mut report = Report::begin();
    let is_wanted = |part: &Part| arguments.parts.is_empty() || arguments.parts.contains(part);
    for part in Part::value_variants().iter().filter(|part| is_wanted(part)) {
        part.measure(&bench, &mut report).await;
    }
    report.finish()
}
