//! Two replicas: what the one that stands by costs, and how soon it acts when the other one ends.

use std::time::{Duration, Instant};

use pingone_aic_harness::{Operator, TestNamespace};
use pingone_aic_simulator::Exchange;
use serde_json::json;

use crate::{
    fleet::{Fleet, Size, is_of_vendor},
    measure::{API_SERVER, Bench, DEFAULT, Process, at_rest, journaled, relay, time_to_active},
    report::{Report, count},
};

const SIZE: Size = Size {
    tenants: 50,
    integrations: 1000,
};
const A_WHILE: Duration = Duration::from_secs(30);
/// The leader renews its Lease every ten seconds; who stands by only reads it.
const MOST_RENEWALS: f64 = 4.0;
const PATIENCE: Duration = Duration::from_mins(2);

pub async fn measure(bench: &Bench, report: &mut Report) {
    let fleet = Fleet::new(SIZE, Duration::ZERO).await;
    let namespace = TestNamespace::create("speed").await;
    relay(&fleet, &namespace);
    let values = journaled(&fleet, bench.values(&fleet, DEFAULT));
    let values = values.set(json!({"replicas": 2, "leaderElect": true}));
    let mut first = Operator::install(&namespace, values).await.unwrap();
    time_to_active(&fleet, &namespace).await;
    let mut second = first.replica(&namespace).await.unwrap();
    second.start().await.unwrap();
    at_rest(&first).await;
    rest(&fleet, &second, report).await;

    let (since, ended) = (fleet.network.position(), Instant::now());
    first.kill();
    let took = until_called(&fleet, since, ended).await;
    let what = "replicas: from SIGKILL to the other one's first call";
    report.figure(what, "s", took, None);

    first.start().await.unwrap();
    // It has checked everything once, and does nothing of its own accord for a while.
    at_rest(&second).await;
    let (since, ended) = (fleet.network.position(), Instant::now());
    assert!(second.terminate().await.unwrap().success());
    let took = until_called(&fleet, since, ended).await;
    let what = "replicas: from SIGTERM to the other one's first call";
    report.figure(what, "s", took, None);
}

/// While nothing happens, and nothing is due. The calls are those of both.
async fn rest(fleet: &Fleet, standby: &Operator, report: &mut Report) {
    let before = at_rest(standby).await;
    let since = fleet.network.position();
    tokio::time::sleep(A_WHILE).await;
    let calls = fleet.network.journal_since(since);
    let after = Process::of(standby.pid().unwrap());
    let mut figure = |what: &str, measure, value, bound| {
        report.figure(&format!("replicas: {what}"), measure, value, bound);
    };
    figure("the one that stands by, resident", "MiB", after.resident, None);
    figure("the one that stands by, at most", "MiB", after.peak, None);
    let cpu = after.cpu - before.cpu;
    figure("the one that stands by, core seconds in 30 s", "s", cpu, None);

    let number = |is_one: fn(&Exchange) -> bool| count(calls.iter().filter(|call| is_one(call)).count());
    let calls_to_vendors = number(is_of_vendor);
    figure("calls to vendors in 30 s", "calls", calls_to_vendors, Some(0.0));
    let writes = number(|call| is_write(call) && !is_of_lease(call));
    figure("writes to objects in 30 s", "calls", writes, Some(0.0));
    let renewals = number(|call| is_write(call) && is_of_lease(call));
    let what = "writes of the Lease in 30 s, by the one that leads";
    figure(what, "calls", renewals, Some(MOST_RENEWALS));
}

fn is_write(call: &Exchange) -> bool {
    call.host == API_SERVER && call.method != "GET"
}

fn is_of_lease(call: &Exchange) -> bool {
    call.path.contains("/leases")
}

/// Seconds from then until somebody calls a vendor.
async fn until_called(fleet: &Fleet, since: usize, then: Instant) -> f64 {
    let is_it = |call: &Exchange| call.sequence >= since && is_of_vendor(call);
    let first = fleet.network.wait_for(PATIENCE, is_it).await;
    let first = first.expect("nobody goes on");
    (first.at - then).as_secs_f64()
}
