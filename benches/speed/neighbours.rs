//! Fifty healthy tenants, alone and beside three that are not.

use std::time::Duration;

use pingone_aic_harness::{Operator, TestNamespace};
use pingone_aic_simulator::{Fault, FaultHandle, Network, Rule};

use crate::{
    fleet::{Fleet, Size, delay},
    measure::{Bench, DEFAULT, middle, time_to_active},
    report::Report,
};

const HEALTHY: Size = Size {
    tenants: 50,
    integrations: 200,
};
/// Far more a tenant than are looked at at a time.
const SICK: Size = Size {
    tenants: 3,
    integrations: 600,
};
const LATENCY: Duration = Duration::from_millis(20);
const RUNS: usize = 3;
const MINUTE: Duration = Duration::from_mins(1);
/// Passes that a 429 has ended.
const REFUSED: &str = r#"pingone_aic_reconciles_total{kind="AICIntegration",reason="RateLimited"} "#;
/// So many that all integrations of the tenant of 429s have been refused, and some have been tried again.
const MANY_REFUSED: usize = 250;

pub async fn measure(bench: &Bench, report: &mut Report) {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        alone.push(time_alone(bench).await);
        beside.push(time_beside(bench).await);
    }
    let seconds = |runs| middle(runs, Duration::as_secs_f64).as_secs_f64();
    let what = "neighbours: 50 healthy tenants beside a dead one, a slow one and one of 429s";
    report.ratio(what, "s", (seconds(beside), seconds(alone)), Some(1.1));
}

async fn time_alone(bench: &Bench) -> Duration {
    let fleet = Fleet::new(HEALTHY, LATENCY).await;
    let (namespace, _operator) = bench.operator(&fleet, DEFAULT).await;
    time_to_active(&fleet, &namespace).await
}

/// Those that are not healthy are applied before, and keep the operator busy.
async fn time_beside(bench: &Bench) -> Duration {
    let network = Network::start().await;
    let sick = Fleet::on(network.clone(), "sick", SICK);
    let faults = spoil(&sick);
    delay(&network, LATENCY);
    let healthy = Fleet::on(network, "c", HEALTHY);
    let (namespace, operator) = bench.operator(&healthy, DEFAULT).await;
    make_busy(&sick, &faults, &namespace, &operator).await;
    time_to_active(&healthy, &namespace).await
}

/// A dead tenant, one that answers in 30 s, and one that answers only 429.
fn spoil(sick: &Fleet) -> Vec<FaultHandle> {
    let faults = [
        Fault::Hang,
        Fault::Delay(Duration::from_secs(30)),
        Fault::status(429),
    ];
    let spoiled = sick.tenants.iter().zip(faults);
    spoiled
        .map(|(member, fault)| sick.network.fault(Rule::on(member.tenant.host()), fault))
        .collect()
}

/// Returns when each fault is met, and the operator is in the midst of its retries.
async fn make_busy(sick: &Fleet, faults: &[FaultHandle], namespace: &TestNamespace, operator: &Operator) {
    sick.secrets(namespace).await;
    sick.apply(namespace).await;
    let is_busy = async {
        while faults.iter().any(|fault| fault.hits() == 0) || refused(operator).await < MANY_REFUSED {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let busy = tokio::time::timeout(MINUTE, is_busy).await;
    busy.expect("the sick tenants are not asked");
}

async fn refused(operator: &Operator) -> usize {
    let metrics = operator.metrics().await.unwrap();
    let refused = metrics.lines().find_map(|line| line.strip_prefix(REFUSED));
    refused.map_or(0, |count| count.parse().unwrap())
}
