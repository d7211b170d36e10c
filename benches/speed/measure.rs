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
use pingone_aic_operator::api::{AICIntegration, IntegrationStatus, conditions::ACTIVE};
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
/// How a journaled operator finds the API server.
pub const API_SERVER: &str = "kubernetes.harness";
const HOUR: Duration = Duration::from_hours(1);

impl Bench {
    /// Only the static program tells of the image: another C library has another allocator.
    pub fn new() -> Self {
        let binary = shipped_operator().unwrap();
        let is_static = binary
            .components()
            .any(|part| part.as_os_str().to_string_lossy().ends_with("-musl"));
        assert!(
            is_static,
            "install the target and the compiler of the Dockerfile: rustup target add {}-unknown-linux-musl, musl-tools",
            std::env::consts::ARCH
        );
        Self { binary }
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

/// Puts the API server behind a fleet's network.
pub fn relay(fleet: &Fleet, namespace: &TestNamespace) {
    let control_plane = namespace.control_plane();
    let ca = fs::read_to_string(control_plane.ca()).unwrap();
    let address = control_plane.url().replace("https://", "");
    fleet.network.relay(API_SERVER, &address, &ca);
}

/// Lets an operator reach the API server there only: its calls to it are in the journal, too.
pub fn journaled(fleet: &Fleet, values: Values) -> Values {
    let (url, network) = (format!("https://{API_SERVER}"), &fleet.network);
    values.api_server(&url, &network.proxy_url(), &network.ca_pem())
}

/// Waits until so many integrations have such a status.
pub async fn until(namespace: &TestNamespace, wanted: usize, is_it: impl Fn(&IntegrationStatus) -> bool) {
    let api: Api<AICIntegration> = Api::namespaced(namespace.client(), namespace.name());
    let mut changes = pin!(
        watcher(api, watcher::Config::default())
            .default_backoff()
            .applied_objects()
    );
    let mut found = BTreeSet::new();
    while found.len() < wanted {
        let next = changes.try_next().await.unwrap().unwrap();
        if next.status.as_ref().is_some_and(&is_it) {
            found.insert(next.name_any());
        }
    }
}

/// Waits until so many of a fleet's integrations were tested since this place in the journal.
pub async fn until_tested(fleet: &Fleet, since: usize, wanted: usize) {
    let (mut tested, mut position, started) = (BTreeSet::new(), since, Instant::now());
    while tested.len() < wanted {
        assert!(started.elapsed() < HOUR, "not all were tested");
        // To look at each call anew whenever one more comes would be most of the load on this machine.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let calls = fleet.network.journal_since(position);
        position += calls.len();
        let tests = calls
            .into_iter()
            .filter(|call| call.action() == Some("testConnection"));
        tested.extend(tests.map(|call| (call.host, call.path)));
    }
}

/// Applies a fleet's objects; how long it takes until all are Active.
pub async fn time_to_active(fleet: &Fleet, namespace: &TestNamespace) -> Duration {
    fleet.secrets(namespace).await;
    let started = Instant::now();
    let is_active = |status: &IntegrationStatus| status.conditions.is_true(ACTIVE);
    tokio::join!(
        fleet.apply(namespace),
        until(namespace, fleet.size.integrations, is_active)
    );
    started.elapsed()
}

/// Waits until an operator has nothing to do.
pub async fn until_idle(operator: &Operator) {
    while !operator.is_idle().await {
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
}

/// An operator that has nothing to do, and whose memory has stood still for a second.
pub async fn at_rest(operator: &Operator) -> Process {
    let look = || Process::of(operator.pid().unwrap());
    let mut before = look();
    // Of many objects one is always being checked: what never stands still is taken as it is after a minute.
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = look();
        let stands_still = (now.resident - before.resident).abs() < f64::EPSILON;
        before = now;
        if stands_still && operator.is_idle().await {
            break;
        }
    }
    before
}

/// Of an odd number of runs, the one in the middle: a hiccup of the machine spoils one of three.
pub fn middle<T>(mut runs: Vec<T>, by: impl Fn(&T) -> f64) -> T {
    runs.sort_by(|one, other| by(one).total_cmp(&by(other)));
    runs.swap_remove(runs.len() / 2)
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
