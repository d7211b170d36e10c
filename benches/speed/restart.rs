//! A restart with ten thousand settled objects, and rest after that.

use std::time::Duration;

use pingone_aic_harness::Operator;
use pingone_aic_simulator::Exchange;

use crate::{
    budget,
    fleet::{Fleet, is_of_vendor},
    measure::{API_SERVER, Bench, DEFAULT, Process, at_rest},
    report::{Report, count},
    settled::{Restarted, Settled, TENANTS},
};

const INTEGRATIONS: usize = 10_000;
/// Calls that a check of a settled integration makes at its tenant.
const CALLS_OF_A_CHECK: f64 = 5.0;
const A_WHILE: Duration = Duration::from_mins(1);

pub async fn measure(bench: &Bench, report: &mut Report) {
    let settled = Settled::new(bench, INTEGRATIONS).await;
    let what = "restart: 10000 integrations Active before, no budget";
    report.figure(what, "s", settled.took.as_secs_f64(), None);
    let restarted = settled.restart().await;
    at_rest(&restarted.operator).await;
    restarted.tell(report);
    rest(&settled.fleet, &restarted.operator, report).await;
}

async fn rest(fleet: &Fleet, operator: &Operator, report: &mut Report) {
    let before = Process::of(operator.pid().unwrap()).cpu;
    let since = fleet.network.position();
    tokio::time::sleep(A_WHILE).await;
    let writes = number(&fleet.network.journal_since(since), is_write);
    report.figure("rest: writes to objects in a minute", "calls", writes, Some(0.0));
    let cpu = Process::of(operator.pid().unwrap()).cpu - before;
    report.figure("rest: core seconds in a minute", "s", cpu, None);
}

impl Restarted {
    fn tell(&self, report: &mut Report) {
        let Self {
            started, took, calls, ..
        } = self;
        let is_early = |call: &Exchange| call.at < *started + A_WHILE;
        let of_vendors = number(calls, |call| is_early(call) && is_of_vendor(call));
        let what = "restart: calls to vendors in the first minute";
        report.figure(what, "calls", of_vendors, None);
        let of_kubernetes = number(calls, |call| is_early(call) && call.host == API_SERVER);
        let what = "restart: calls to Kubernetes in the first minute";
        report.figure(what, "calls", of_kubernetes, None);
        // The burst is free.
        let allowed = count(INTEGRATIONS / TENANTS) * CALLS_OF_A_CHECK / DEFAULT - 2.0;
        let what = "restart: until all are observed, against what the budget allows";
        report.ratio(what, "s", (took.as_secs_f64(), allowed), Some(1.1));
        let of_vendors: Vec<_> = calls.iter().filter(|call| is_of_vendor(call)).collect();
        budget::tell(report, &of_vendors, DEFAULT);
        let what = "restart: writes to objects";
        report.figure(what, "calls", number(calls, is_write), Some(0.0));
        for write in calls.iter().filter(|call| is_write(call)) {
            println!("  {} {}", write.method, write.path);
        }
        for line in self
            .operator
            .log()
            .lines()
            .filter(|line| line.contains("object changed"))
        {
            println!("  {line}");
        }
    }
}

/// Status writes and events; questions that are asked with a dry run change nothing.
fn is_write(call: &Exchange) -> bool {
    let is_dry_run = call.query.iter().any(|(name, _)| name == "dryRun");
    call.host == API_SERVER && call.method != "GET" && !is_dry_run
}

fn number(calls: &[Exchange], is_one: impl Fn(&Exchange) -> bool) -> f64 {
    count(calls.iter().filter(|call| is_one(call)).count())
}
