//! Integrations that an operator has made Active, and the operator that is started again after that.

use std::time::{Duration, Instant};

use pingone_aic_harness::{Operator, TestNamespace};
use pingone_aic_simulator::Exchange;
use serde_json::{Value, json};

use crate::{
    fleet::{Fleet, Size},
    measure::{Bench, DEFAULT, LIFTED, Process, at_rest, journaled, relay, time_to_active, until_tested},
};

pub const TENANTS: usize = 50;

/// Integrations in one namespace, whose API server stands behind the journal.
pub struct Settled<'a> {
    bench: &'a Bench,
    pub fleet: Fleet,
    pub namespace: TestNamespace,
    /// How long it took until all were Active, as fast as it goes.
    pub took: Duration,
    /// The operator that did it, at rest.
    pub process: Process,
}

/// An operator that has found objects settled, and has checked all of them.
pub struct Restarted {
    pub operator: Operator,
    pub started: Instant,
    pub took: Duration,
    /// Until then.
    pub calls: Vec<Exchange>,
}

impl<'a> Settled<'a> {
    pub async fn new(bench: &'a Bench, integrations: usize) -> Self {
        let size = Size {
            tenants: TENANTS.min(integrations),
            integrations,
        };
        let fleet = Fleet::new(size, Duration::ZERO).await;
        let namespace = TestNamespace::create("speed").await;
        relay(&fleet, &namespace);
        let mut operator = prepared(bench, (&fleet, &namespace), LIFTED, json!({})).await;
        operator.start().await.unwrap();
        let took = time_to_active(&fleet, &namespace).await;
        let process = at_rest(&operator).await;
        operator.terminate().await.unwrap();
        Self {
            bench,
            fleet,
            namespace,
            took,
            process,
        }
    }

    /// Within the budgets.
    pub async fn restart(&self) -> Restarted {
        self.restart_with(json!({})).await
    }

    /// With these values, too.
    pub async fn restart_with(&self, more: Value) -> Restarted {
        let mut operator = prepared(self.bench, (&self.fleet, &self.namespace), DEFAULT, more).await;
        let (since, started) = (self.fleet.network.position(), Instant::now());
        operator.start().await.unwrap();
        until_tested(&self.fleet, since, self.fleet.size.integrations).await;
        Restarted {
            operator,
            started,
            took: started.elapsed(),
            calls: self.fleet.network.journal_since(since),
        }
    }
}

async fn prepared(
    bench: &Bench,
    (fleet, namespace): (&Fleet, &TestNamespace),
    per_second: f64,
    more: Value,
) -> Operator {
    let values = journaled(fleet, bench.values(fleet, per_second)).set(more);
    Operator::prepare(namespace, values).await.unwrap()
}
