//! An operator as it is shipped, and what is measured of it.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    pin::pin,
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use kube::{
    Api, ResourceExt,
    runtime::{WatchStreamExt, watcher},
};
use pingone_aic_harness::{Operator, TestNamespace, Values, shipped_operator};
use pingone_aic_operator::api::{AICIntegration, conditions::ACTIVE};
use pingone_aic_simulator::Exchange;
use serde_json::json;

use crate::fleet::Fleet;

/// What is shared by all parts.
pub struct Bench {
    binary: PathBuf,
}

/// The most that the chart allows, which nobody reaches here.
pub const LIFTED: f64 = 1000.0;
/// What the chart gives.
pub const DEFAULT: f64 = 10.0;

impl Bench {
    pub fn new() -> Self {
        Self {
            binary: shipped_operator().unwrap(),
        }
    }

    /// An operator in a namespace of its own, for this fleet.
    pub async fn operator(&self, fleet: &Fleet, per_second: f64) -> (TestNamespace, Operator) {
        let namespace = TestNamespace::create("speed").await;
        let values = self.values(fleet, per_second);
        let operator = Operator::install(&namespace, values).await.unwrap();
        (namespace, operator)
    }

    /// The chart's values: alone, within these budgets.
    pub fn values(&self, fleet: &Fleet, per_second: f64) -> Values {
        Values::new(&self.binary)
            .vendors(&fleet.network.proxy_url(), &fleet.network.ca_pem())
            .set(json!({
                "replicas": 1,
                "leaderElect": false,
                "tenantRequestsPerSecond": per_second,
                "pingoneRequestsPerSecond": per_second,
            }))
    }
}

/// Waits until so many integrations are Active.
pub async fn until_active(namespace: &TestNamespace, wanted: usize) {
    let api: Api<AICIntegration> = Api::namespaced(namespace.client(), namespace.name());
    let mut changes = pin!(
        watcher(api, watcher::Config::default())
            .default_backoff()
            .applied_objects()
    );
    let mut active = BTreeSet::new();
    while active.len() < wanted {
        let next = changes.try_next().await.unwrap().unwrap();
        let status = next.status.as_ref();
        if status.is_some_and(|status| status.conditions.is_true(ACTIVE)) {
            active.insert(next.name_any());
        }
    }
}

/// Waits until so many of a fleet's integrations were tested since this place in the journal.
pub async fn until_tested(fleet: &Fleet, since: usize, wanted: usize) {
    let mut tested = BTreeSet::new();
    let is_last = |call: &Exchange| {
        if call.sequence >= since && call.action() == Some("testConnection") && call.status.is_some() {
            tested.insert((call.host.clone(), call.path.clone()));
        }
        tested.len() >= wanted
    };
    let hour = Duration::from_hours(1);
    assert!(
        fleet.network.wait_for(hour, is_last).await.is_some(),
        "not all were tested"
    );
}

/// Applies a fleet's objects; how long it takes until all are Active.
pub async fn time_to_active(fleet: &Fleet, namespace: &TestNamespace) -> Duration {
    fleet.secrets(namespace).await;
    let started = Instant::now();
    tokio::join!(
        fleet.apply(namespace),
        until_active(namespace, fleet.size.integrations)
    );
    started.elapsed()
}

/// What the kernel says of a process.
pub struct Process {
    /// MiB that are resident now, and that were at most.
    pub resident: f64,
    pub peak: f64,
    /// Seconds of a core.
    pub cpu: f64,
}

impl Process {
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mebibytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
            kibibytes / 1024.0
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // After the name, which may hold spaces: utime and stime are the 12th and 13th, in hundredths of a second.
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        Self {
            resident: mebibytes("VmRSS:"),
            peak: mebibytes("VmHWM:"),
            cpu: (ticks(11) + ticks(12)) / 100.0,
        }
    }
}
