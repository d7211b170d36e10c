//! An hour in which nothing happens, on a clock that is moved.

use std::time::Duration;

use pingone_aic_harness::{Operator, TestNamespace, Values, optimised_fast_forwarded_operator};

use crate::{
    fleet::{Fleet, Size},
    measure::{API_SERVER, Process, journaled, relay, time_to_active, until_idle},
    report::{Report, count},
};

const SIZE: Size = Size {
    tenants: 50,
    integrations: 1000,
};
const STEP: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_hours(1);

pub async fn measure(report: &mut Report) {
    let binary = tokio::task::spawn_blocking(optimised_fast_forwarded_operator);
    let fleet = Fleet::new(SIZE, Duration::ZERO).await;
    let network = &fleet.network;
    let namespace = TestNamespace::create("speed").await;
    relay(&fleet, &namespace);
    let values = Values::new(binary.await.unwrap().unwrap())
        .fast_forwarded()
        .vendors(&network.proxy_url(), &network.ca_pem());
    let values = journaled(&fleet, values);
    let mut operator = Operator::install(&namespace, values).await.unwrap();
    time_to_active(&fleet, &namespace).await;
    until_idle(&operator).await;

    let (since, before) = (network.position(), Process::of(operator.pid().unwrap()).cpu);
    let mut passed = Duration::ZERO;
    while passed < HOUR {
        network.clock().advance(STEP);
        operator.advance(STEP).await.unwrap();
        passed += STEP;
        until_idle(&operator).await;
    }
    let journal = network.journal_since(since);
    let of_kubernetes = journal.iter().filter(|call| call.host == API_SERVER);
    let (reads, writes): (Vec<_>, Vec<_>) = of_kubernetes.partition(|call| call.method == "GET");
    let vendors = count(journal.len() - reads.len() - writes.len());
    let cpu = Process::of(operator.pid().unwrap()).cpu - before;
    report.figure(
        "rest: writes to Kubernetes in an hour",
        "calls",
        count(writes.len()),
        Some(0.0),
    );
    report.figure(
        "rest: reads of Kubernetes in an hour",
        "calls",
        count(reads.len()),
        None,
    );
    report.figure("rest: calls to vendors in an hour", "calls", vendors, None);
    report.figure("rest: core seconds in an hour", "s", cpu, None);
}
