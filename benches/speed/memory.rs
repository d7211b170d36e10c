//! What the operator keeps in memory. What an allocator leaves differs from run to run, so the largest of a few counts.

use std::time::Duration;

use pingone_aic_harness::Operator;

use crate::{
    measure::{Bench, Process, at_rest},
    report::Report,
    settled::Settled,
};

const INTEGRATIONS: [usize; 3] = [0, 1000, MOST];
/// At which the bounds are promised.
const MOST: usize = 10_000;
const RUNS: usize = 3;
/// Connections that nobody uses are closed by then.
const SETTLES: Duration = Duration::from_secs(35);
/// In MiB.
const MOST_RESIDENT: f64 = 56.0;
const MOST_FOR_UNRELATED_SECRETS: f64 = 1.0;

pub async fn measure(bench: &Bench, report: &mut Report) {
    for integrations in INTEGRATIONS {
        let settled = Settled::new(bench, integrations).await;
        let mut tell = |when: &str, (resident, peak): (f64, f64), bound| {
            let what = format!("memory: {integrations} integrations, {when}");
            report.figure(&format!("{what}, resident"), "MiB", resident, bound);
            report.figure(&format!("{what}, at most"), "MiB", peak, None);
        };
        let Process { resident, peak, .. } = settled.process;
        tell("once Active", (resident, peak), None);
        let runs = restarts(&settled).await;
        let bound = (integrations == MOST).then_some(MOST_RESIDENT);
        let (resident, peak) = (largest(&runs, |run| run.resident), largest(&runs, |run| run.peak));
        tell("settled, the largest of three", (resident, peak), bound);
        if integrations == MOST {
            unrelated_secrets(&settled, &runs, report).await;
        }
    }
}

/// What an operator is that was started again and has checked everything, a few times over.
async fn restarts(settled: &Settled<'_>) -> Vec<Process> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let mut operator = settled.restart().await.operator;
        runs.push(in_the_long_run(&operator).await);
        operator.terminate().await.unwrap();
    }
    runs
}

async fn in_the_long_run(operator: &Operator) -> Process {
    tokio::time::sleep(SETTLES).await;
    at_rest(operator).await
}

/// When they come, and when they are there at a restart.
async fn unrelated_secrets(settled: &Settled<'_>, without: &[Process], report: &mut Report) {
    let bound = Some(MOST_FOR_UNRELATED_SECRETS);
    let mut operator = settled.restart().await.operator;
    let before = in_the_long_run(&operator).await.resident;
    let megabyte = "x".repeat(1_000_000);
    for number in 0..300 {
        let name = format!("unrelated-{number}");
        let data = [("data", megabyte.as_str())];
        settled.namespace.secret(&name, &data).await.unwrap();
    }
    let more = in_the_long_run(&operator).await.resident - before;
    operator.terminate().await.unwrap();
    let what = "memory: 300 unrelated Secrets of 1 MB, more";
    report.figure(what, "MiB", more, bound);

    let with = restarts(settled).await;
    let more = largest(&with, |run| run.resident) - largest(without, |run| run.resident);
    let what = "memory: 300 unrelated Secrets of 1 MB, more after a restart";
    report.figure(what, "MiB", more, bound);
}

fn largest(runs: &[Process], figure: impl Fn(&Process) -> f64) -> f64 {
    runs.iter().map(figure).fold(0.0, f64::max)
}
