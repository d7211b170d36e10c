//! Ten thousand settled objects: memory, a restart, and rest.

use std::time::{Duration, Instant};

use pingone_aic_harness::{Operator, TestNamespace};
use pingone_aic_simulator::Exchange;

use crate::{
    fleet::{Fleet, Size},
    measure::{Bench, DEFAULT, LIFTED, Process, time_to_active, until_tested},
    report::Report,
};

const SIZE: Size = Size {
    tenants: 50,
    integrations: 10_000,
};
/// Calls that a check of a settled integration makes at its tenant.
const CALLS_OF_A_CHECK: f64 = 5.0;
const API_SERVER: &str = "kubernetes.harness";
const A_WHILE: Duration = Duration::from_mins(1);
const MOST_RESIDENT: f64 = 64.0;

/// Ten thousand integrations in one namespace, whose API server stands behind the journal.
struct Settled<'a> {
    bench: &'a Bench,
    fleet: Fleet,
    namespace: TestNamespace,
}

pub async fn measure(bench: &Bench, report: &mut Report) {
    let fleet = Fleet::new(SIZE, Duration::ZERO).await;
    let namespace = TestNamespace::create("speed").await;
    let control_plane = namespace.control_plane();
    let ca = std::fs::read_to_string(control_plane.ca()).unwrap();
    let address = control_plane.url().replace("https://", "");
    fleet.network.relay(API_SERVER, &address, &ca);
    let settled = Settled {
        bench,
        fleet,
        namespace,
    };
    settled.settle(report).await;
    let operator = settled.restart(report).await;
    settled.rest(&operator, report).await;
    settled.unrelated_secrets(&operator, report).await;
}

impl Settled<'_> {
    async fn operator(&self, per_second: f64) -> Operator {
        let network = &self.fleet.network;
        let server = format!("https://{API_SERVER}");
        let values = self.bench.values(&self.fleet, per_second);
        let values = values.api_server(&server, &network.proxy_url(), &network.ca_pem());
        Operator::install(&self.namespace, values).await.unwrap()
    }

    /// As fast as it goes.
    async fn settle(&self, report: &mut Report) {
        let mut operator = self.operator(LIFTED).await;
        let resident = || Process::of(operator.pid().unwrap()).resident;
        report.figure("memory: nothing to see to", "MiB", resident(), None);
        let took = time_to_active(&self.fleet, &self.namespace).await.as_secs_f64();
        report.figure("memory: 10000 integrations Active, no budget", "s", took, None);
        report.figure("memory: 10000 integrations, once Active", "MiB", resident(), None);
        operator.terminate().await.unwrap();
    }

    async fn restart(&self, report: &mut Report) -> Operator {
        let (fleet, since, started) = (&self.fleet, self.position(), Instant::now());
        let operator = self.operator(DEFAULT).await;
        let mut all = Box::pin(until_tested(fleet, since, SIZE.integrations));
        let is_done = tokio::time::timeout(A_WHILE, &mut all).await.is_ok();
        let (of_vendors, of_kubernetes) = (
            self.count(since, |call| call.host != API_SERVER),
            self.count(since, |call| call.host == API_SERVER),
        );
        report.figure(
            "restart: calls to vendors in the first minute",
            "calls",
            of_vendors,
            None,
        );
        report.figure(
            "restart: calls to Kubernetes in the first minute",
            "calls",
            of_kubernetes,
            None,
        );
        if !is_done {
            all.await;
        }
        let took = started.elapsed().as_secs_f64();
        let each = count(SIZE.integrations / SIZE.tenants) * CALLS_OF_A_CHECK;
        let allowed = each / DEFAULT - 2.0;
        let what = "restart: until all are observed, against what the budget allows";
        report.ratio(what, "s", (took, allowed), Some(1.1));
        report.figure(
            "restart: writes to objects",
            "calls",
            self.writes(since),
            Some(0.0),
        );
        operator
    }

    async fn rest(&self, operator: &Operator, report: &mut Report) {
        let process = Process::of(operator.pid().unwrap());
        report.figure(
            "memory: 10000 integrations, settled",
            "MiB",
            process.resident,
            Some(MOST_RESIDENT),
        );
        report.figure("memory: 10000 integrations, at most", "MiB", process.peak, None);
        let since = self.position();
        tokio::time::sleep(A_WHILE).await;
        report.figure(
            "rest: writes to objects in a minute",
            "calls",
            self.writes(since),
            Some(0.0),
        );
        let cpu = Process::of(operator.pid().unwrap()).cpu - process.cpu;
        report.figure("rest: core seconds in a minute", "s", cpu, None);
    }

    async fn unrelated_secrets(&self, operator: &Operator, report: &mut Report) {
        let before = Process::of(operator.pid().unwrap()).resident;
        let megabyte = "x".repeat(1_000_000);
        for number in 0..300 {
            let name = format!("unrelated-{number}");
            self.namespace
                .secret(&name, &[("data", &megabyte)])
                .await
                .unwrap();
        }
        let grown = Process::of(operator.pid().unwrap()).resident - before;
        report.figure(
            "memory: 300 unrelated Secrets of 1 MB, more",
            "MiB",
            grown,
            Some(1.0),
        );
    }

    fn position(&self) -> usize {
        self.fleet.network.position()
    }

    /// Status writes and events; questions that are asked with a dry run change nothing.
    fn writes(&self, since: usize) -> f64 {
        self.count(since, |call| {
            let is_dry_run = call.query.iter().any(|(name, _)| name == "dryRun");
            call.host == API_SERVER && call.method != "GET" && !is_dry_run
        })
    }

    fn count(&self, since: usize, is_one: impl Fn(&Exchange) -> bool) -> f64 {
        let journal = self.fleet.network.journal_since(since);
        count(journal.iter().filter(|call| is_one(call)).count())
    }
}

#[allow(clippy::cast_precision_loss, reason = "a number of calls")]
fn count(calls: usize) -> f64 {
    calls as f64
}
