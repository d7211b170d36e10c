//! Settled objects, ten thousand at most: memory, a restart, and rest.

use std::time::{Duration, Instant};

use pingone_aic_harness::{Operator, TestNamespace};
use pingone_aic_simulator::Exchange;

use crate::{
    budget,
    fleet::{Fleet, Size, is_of_vendor},
    measure::{
        API_SERVER, Bench, DEFAULT, LIFTED, Process, at_rest, count, journaled, relay, time_to_active,
        until_tested,
    },
    report::Report,
};

const TENANTS: usize = 50;
/// Memory is told at each of them, all else at the last.
const INTEGRATIONS: [usize; 3] = [0, 1000, MOST];
const MOST: usize = 10_000;
/// Calls that a check of a settled integration makes at its tenant.
const CALLS_OF_A_CHECK: f64 = 5.0;
const A_WHILE: Duration = Duration::from_mins(1);
/// In MiB.
const MOST_RESIDENT: f64 = 64.0;
const MOST_FOR_UNRELATED_SECRETS: f64 = 1.0;

/// Integrations in one namespace, whose API server stands behind the journal.
struct Settled<'a> {
    bench: &'a Bench,
    fleet: Fleet,
    namespace: TestNamespace,
}

/// An operator that has found objects settled, and has looked at all of them.
struct Restarted {
    operator: Operator,
    started: Instant,
    took: Duration,
    /// Until then.
    calls: Vec<Exchange>,
}

pub async fn measure(bench: &Bench, report: &mut Report) {
    for integrations in INTEGRATIONS {
        let settled = Settled::new(bench, integrations).await;
        let took = settled.settle(report).await;
        let restarted = settled.restart().await;
        let operator = &restarted.operator;
        let process = at_rest(operator).await;
        let bound = (integrations == MOST).then_some(MOST_RESIDENT);
        settled.memory(report, "settled", &process, bound);
        if integrations == MOST {
            let what = "restart: 10000 integrations Active before, no budget";
            report.figure(what, "s", took.as_secs_f64(), None);
            restarted.tell(report);
            settled.rest(operator, report).await;
            settled
                .unrelated_secrets(restarted.operator, process.resident, report)
                .await;
        }
    }
}

impl<'a> Settled<'a> {
    async fn new(bench: &'a Bench, integrations: usize) -> Self {
        let size = Size {
            tenants: TENANTS.min(integrations),
            integrations,
        };
        let fleet = Fleet::new(size, Duration::ZERO).await;
        let namespace = TestNamespace::create("speed").await;
        relay(&fleet, &namespace);
        Self {
            bench,
            fleet,
            namespace,
        }
    }

    async fn operator(&self, per_second: f64) -> Operator {
        let values = journaled(&self.fleet, self.bench.values(&self.fleet, per_second));
        Operator::prepare(&self.namespace, values).await.unwrap()
    }

    /// As fast as it goes; how long it takes.
    async fn settle(&self, report: &mut Report) -> Duration {
        let mut operator = self.operator(LIFTED).await;
        operator.start().await.unwrap();
        let took = time_to_active(&self.fleet, &self.namespace).await;
        self.memory(report, "once Active", &at_rest(&operator).await, None);
        operator.terminate().await.unwrap();
        took
    }

    fn memory(&self, report: &mut Report, when: &str, process: &Process, bound: Option<f64>) {
        let what = format!("memory: {} integrations, {when}", self.integrations());
        report.figure(&format!("{what}, resident"), "MiB", process.resident, bound);
        report.figure(&format!("{what}, at most"), "MiB", process.peak, None);
    }

    /// Within the budgets.
    async fn restart(&self) -> Restarted {
        let mut operator = self.operator(DEFAULT).await;
        let (since, started) = (self.fleet.network.position(), Instant::now());
        operator.start().await.unwrap();
        until_tested(&self.fleet, since, self.integrations()).await;
        Restarted {
            operator,
            started,
            took: started.elapsed(),
            calls: self.fleet.network.journal_since(since),
        }
    }

    async fn rest(&self, operator: &Operator, report: &mut Report) {
        let before = Process::of(operator.pid().unwrap()).cpu;
        let since = self.fleet.network.position();
        tokio::time::sleep(A_WHILE).await;
        let writes = number(&self.fleet.network.journal_since(since), is_write);
        report.figure("rest: writes to objects in a minute", "calls", writes, Some(0.0));
        let cpu = Process::of(operator.pid().unwrap()).cpu - before;
        report.figure("rest: core seconds in a minute", "s", cpu, None);
    }

    /// When they come, and when they are there at a restart.
    async fn unrelated_secrets(&self, mut operator: Operator, settled: f64, report: &mut Report) {
        let before = at_rest(&operator).await.resident;
        let megabyte = "x".repeat(1_000_000);
        for number in 0..300 {
            let name = format!("unrelated-{number}");
            self.namespace
                .secret(&name, &[("data", &megabyte)])
                .await
                .unwrap();
        }
        let bound = Some(MOST_FOR_UNRELATED_SECRETS);
        let more = at_rest(&operator).await.resident - before;
        let what = "memory: 300 unrelated Secrets of 1 MB, more";
        report.figure(what, "MiB", more, bound);
        operator.terminate().await.unwrap();
        let Restarted { operator, .. } = self.restart().await;
        let more = at_rest(&operator).await.resident - settled;
        let what = "memory: 300 unrelated Secrets of 1 MB, more after a restart";
        report.figure(what, "MiB", more, bound);
    }

    fn integrations(&self) -> usize {
        self.fleet.size.integrations
    }
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
        let allowed = count(MOST / TENANTS) * CALLS_OF_A_CHECK / DEFAULT - 2.0;
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
