//! Prometheus metrics. Labels are bounded: kinds, operations and reasons, and no names or messages. The exceptions are
//! a lock that no object records, because people have to find it, and what `--metrics-per-object` asks for.

mod buckets;
mod fleet;
mod milestones;
mod named;
mod observer;
mod vendors;

use std::{
    collections::HashMap,
    iter,
    sync::{Arc, OnceLock},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use parking_lot::Mutex;
use prometheus_client::{
    encoding::{
        EncodeLabelSet,
        text::{encode_eof, encode_registry},
    },
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

use self::{
    buckets::{seconds, waits},
    fleet::FleetHealth,
    named::PassedTests,
    vendors::Vendors,
};
pub use self::{fleet::Fleet, milestones::Milestones, observer::Vendor};
use super::Health;
use crate::{
    api::Reason,
    http::{HostLoad, Priority, Rate},
};

const PREFIX: &str = "pingone_aic";

/// All metrics.
pub struct Metrics {
    registry: Registry,
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_seconds: Family<KindLabels, Histogram>,
    active_reconciles: Gauge,
    queue_depth: Family<LaneLabels, Gauge>,
    queue_wait_seconds: Family<LaneLabels, Histogram>,
    queues: Mutex<Vec<(&'static str, Load)>>,
    left_behind: Counter,
    unrecorded_locks: Family<LockLabels, Gauge>,
    blind_watches: Family<ResourceLabels, Gauge>,
    health: OnceLock<Health>,
    leader: Gauge,
    objects: OnceLock<Objects>,
    /// Kept if metrics are to name objects.
    passed_tests: OnceLock<Arc<PassedTests>>,
    /// The times that users wait for.
    pub milestones: Milestones,
    vendors: Vendors,
}

/// Tells of all objects; of none while another process acts.
type Objects = Box<dyn Fn() -> Option<Fleet> + Send + Sync>;

/// The load of a queue.
#[derive(Debug, Default)]
pub struct QueueLoad {
    /// Objects that are due and wait.
    pub waiting: HashMap<Priority, usize>,
    /// Objects that are being reconciled.
    pub under_way: usize,
}

/// Returns a queue's load at one moment.
type Load = Box<dyn Fn() -> QueueLoad + Send + Sync>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReconcileLabels {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResourceLabels {
    resource: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabels {
    kind: &'static str,
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LockLabels {
    host: String,
    promotion_id: String,
}

fn lock_labels(host: &str, promotion_id: &str) -> LockLabels {
    LockLabels {
        host: host.to_owned(),
        promotion_id: promotion_id.to_owned(),
    }
}

impl Metrics {
    /// The hosts of one more vendor, and how fast each is called.
    pub fn hosts(
        &self,
        vendor: &'static str,
        rate: Rate,
        load: impl Fn() -> Vec<HostLoad> + Send + Sync + 'static,
    ) {
        self.vendors.hosts(vendor, rate, Box::new(load));
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let reconciles = Family::default();
        let reconcile_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register(
            "reconciles",
            "Reconciliations, by the reason that Ready had at their end",
            reconciles.clone(),
        );
        registry.register(
            "reconcile_duration_seconds",
            "How long a reconciliation took",
            reconcile_seconds.clone(),
        );
        let active_reconciles = Gauge::default();
        registry.register(
            "active_reconciles",
            "Reconciliations in progress",
            active_reconciles.clone(),
        );
        let queue_depth = Family::default();
        registry.register(
            "queue_depth",
            "Objects that are due and wait in the queue",
            queue_depth.clone(),
        );
        let queue_wait_seconds = Family::new_with_constructor(waits as fn() -> Histogram);
        registry.register(
            "queue_wait_seconds",
            "How long an object was due before its reconciliation began",
            queue_wait_seconds.clone(),
        );
        let left_behind = Counter::default();
        registry.register(
            "left_behind",
            "Deleted integrations that left something in a tenant, and abandoned locks",
            left_behind.clone(),
        );
        let unrecorded_locks = Family::default();
        registry.register(
            "unrecorded_lock_timestamp_seconds",
            "When a lock was requested that may be open and that no object records",
            unrecorded_locks.clone(),
        );
        let blind_watches = Family::default();
        registry.register(
            "blind_watches",
            "Watches that have failed for at least half a minute or are forbidden, by resource",
            blind_watches.clone(),
        );
        let leader = Gauge::default();
        registry.register(
            "leader",
            "Whether this process acts: 1, or 0 while it stands by",
            leader.clone(),
        );
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The operator's version", Info::new(version));
        let (milestones, vendors) = (
            Milestones::register(&mut registry),
            Vendors::register(&mut registry),
        );
        Self {
            registry,
            reconciles,
            reconcile_seconds,
            active_reconciles,
            queue_depth,
            queue_wait_seconds,
            queues: Mutex::default(),
            left_behind,
            unrecorded_locks,
            blind_watches,
            health: OnceLock::new(),
            leader,
            objects: OnceLock::new(),
            passed_tests: OnceLock::new(),
            milestones,
            vendors,
        }
    }
}

impl Metrics {
    /// Tells from now on which watches fail.
    pub fn watches(&self, health: Health) {
        // It is told once, at the start.
        let _ = self.health.set(health);
    }

    /// Tells from now on of all objects: nothing while another process acts.
    pub fn fleet(&self, tell: impl Fn() -> Option<Fleet> + Send + Sync + 'static) {
        // It is told once, at the start.
        let _ = self.objects.set(Box::new(tell));
    }

    /// Names objects from now on.
    pub fn name_objects(&self) {
        self.passed_tests.get_or_init(Arc::default);
    }

    /// The connection test of the integration with this uid has passed.
    pub fn test_passed(&self, uid: &str, at: Timestamp) {
        if let Some(tests) = self.passed_tests.get() {
            tests.passed(uid, at);
        }
    }

    /// A reconciliation ended.
    pub fn reconciled(&self, kind: &'static str, reason: Reason, took: Duration) {
        self.reconciles
            .get_or_create(&ReconcileLabels {
                kind,
                reason: reason.as_str(),
            })
            .inc();
        self.reconcile_seconds
            .get_or_create(&KindLabels { kind })
            .observe(took.as_secs_f64());
    }

    /// One more queue.
    pub fn queue(&self, kind: &'static str, load: impl Fn() -> QueueLoad + Send + Sync + 'static) {
        self.queues.lock().push((kind, Box::new(load)));
    }

    /// A reconciliation begins, of an object that was due for this long.
    pub fn begun(&self, kind: &'static str, lane: Priority, waited: Duration) {
        let lane = lane.as_str();
        self.queue_wait_seconds
            .get_or_create(&LaneLabels { kind, lane })
            .observe(waited.as_secs_f64());
    }

    /// An object is gone, and something that it created stays in the tenant.
    pub fn left_behind(&self) {
        self.left_behind.inc();
    }

    /// A lock may be open in an environment, and no object records it. With its id, if that is known.
    pub fn lock_is_unrecorded(&self, host: &str, promotion_id: &str, requested_at: Timestamp) {
        let gauge = self
            .unrecorded_locks
            .get_or_create(&lock_labels(host, promotion_id));
        gauge.set(requested_at.as_second());
    }

    /// When such a lock was requested, if it is told of.
    pub fn unrecorded_since(&self, host: &str, promotion_id: &str) -> Option<Timestamp> {
        let gauge = self.unrecorded_locks.get(&lock_labels(host, promotion_id))?;
        Timestamp::from_second(gauge.get()).ok()
    }

    /// The lock is recorded, or gone.
    pub fn lock_is_recorded(&self, host: &str, promotion_id: &str) {
        self.unrecorded_locks.remove(&lock_labels(host, promotion_id));
    }

    /// All metrics in the text format of `OpenMetrics`, piece by piece: what names objects is made as it is read.
    pub fn pieces(&self) -> impl Iterator<Item = String> + Send + use<> {
        self.look_at_queues();
        self.milestones.look();
        let hosts = self.vendors.look();
        for (resource, blind) in self.health.get().map(Health::blind_watches).unwrap_or_default() {
            let gauge = self.blind_watches.get_or_create(&ResourceLabels { resource });
            gauge.set(i64::try_from(blind).unwrap_or(i64::MAX));
        }
        let fleet = self.objects.get().and_then(|tell| tell());
        self.leader.set(i64::from(fleet.is_some()));
        let (mut aggregates, mut end) = (String::new(), String::new());
        // Writing to a String cannot fail.
        let _ = encode_registry(&mut aggregates, &self.registry);
        if let Some(fleet) = &fleet {
            let mut registry = Registry::with_prefix(PREFIX);
            registry.register_collector(Box::new(FleetHealth::of(fleet)));
            let _ = encode_registry(&mut aggregates, &registry);
        }
        let _ = encode_eof(&mut end);
        let named = fleet.zip(self.passed_tests.get().cloned());
        let named = named.map(|(fleet, tests)| named::pieces(fleet, tests, hosts));
        iter::once(aggregates)
            .chain(named.into_iter().flatten())
            .chain(iter::once(end))
    }

    /// Whether no object is due or being reconciled.
    pub fn is_idle(&self) -> bool {
        self.queues.lock().iter().all(|(_, load)| {
            let QueueLoad { waiting, under_way } = load();
            under_way == 0 && waiting.values().all(|&waiting| waiting == 0)
        })
    }

    fn look_at_queues(&self) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (mut under_way, mut depths) = (0, HashMap::new());
        for (kind, load) in &*self.queues.lock() {
            let load = load();
            under_way += load.under_way;
            for lane in Priority::ALL {
                let waiting = load.waiting.get(&lane).copied().unwrap_or_default();
                let lane = lane.as_str();
                *depths.entry(LaneLabels { kind, lane }).or_default() += waiting;
            }
        }
        self.active_reconciles.set(number(under_way));
        for (labels, depth) in depths {
            self.queue_depth.get_or_create(&labels).set(number(depth));
        }
    }
}
