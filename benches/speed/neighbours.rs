//! Fifty healthy tenants, alone and beside three that are not.

use std::time::Duration;

use pingone_aic_harness::TestNamespace;
use pingone_aic_simulator::{Fault, Network, Rule};

use crate::{
    fleet::{Fleet, Size},
    measure::{Bench, DEFAULT, until_active},
    report::Report,
};

const HEALTHY: usize = 50;
const EACH: usize = 4;
const LATENCY: Duration = Duration::from_millis(20);

pub async fn measure(bench: &Bench, report: &mut Report) {
    let alone = time(bench, 0).await;
    let beside = time(bench, 3).await;
    let what = "neighbours: 50 healthy tenants beside a dead one, a slow one and one of 429s";
    report.ratio(what, "s", (beside.as_secs_f64(), alone.as_secs_f64()), Some(1.1));
}

/// How long the healthy ones take; those of the others are applied before, and keep the operator busy.
async fn time(bench: &Bench, others: usize) -> Duration {
    let size = |tenants| Size {
        tenants,
        integrations: tenants * EACH,
    };
    let mut fleet = Fleet::new(size(HEALTHY + others), LATENCY).await;
    let (namespace, _operator) = bench.operator(&fleet, DEFAULT).await;
    let others = fleet.tenants.split_off(HEALTHY);
    for (other, fault) in others.iter().zip([
        Fault::Hang,
        Fault::Delay(Duration::from_secs(30)),
        Fault::status(429),
    ]) {
        fleet.network.fault(Rule::on(other.tenant.host()), fault);
    }
    let network: Network = fleet.network.clone();
    let rest = Fleet {
        network,
        tenants: others,
        size: size(0),
    };
    apply(&rest, &namespace).await;
    fleet.size = size(HEALTHY);
    fleet.secrets(&namespace).await;
    let started = std::time::Instant::now();
    tokio::join!(
        fleet.apply(&namespace),
        until_active(&namespace, fleet.size.integrations)
    );
    started.elapsed()
}

async fn apply(fleet: &Fleet, namespace: &TestNamespace) {
    fleet.secrets(namespace).await;
    fleet.apply(namespace).await;
}
