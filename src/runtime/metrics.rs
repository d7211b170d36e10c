//! Prometheus metrics. Labels are bounded: kinds, operations and reasons, never names or messages.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::{
    api::Reason,
    http::{Host, Lane, News, Observer},
};

/// All metrics.
pub struct Metrics {
    registry: Registry,
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_seconds: Family<KindLabels, Histogram>,
    active_reconciles: Gauge,
    queue_depth: Family<LaneLabels, Gauge>,
    queue_wait_seconds: Family<LaneLabels, Histogram>,
    queues: Mutex<Vec<(&'static str, Load)>>,
    call_seconds: Family<CallLabels, Histogram>,
    turn_wait_seconds: Family<TurnLabels, Histogram>,
    hosts_down: Family<VendorLabels, Gauge>,
    left_behind: Counter,
}

/// What a queue has to do.
#[derive(Debug, Default)]
pub struct QueueLoad {
    /// Objects that are due and wait for their turn.
    pub waiting: HashMap<Lane, usize>,
    /// Passes that are under way.
    pub under_way: usize,
}

/// Tells a queue's load, all of it in one moment.
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
struct LaneLabels {
    kind: &'static str,
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TurnLabels {
    vendor: &'static str,
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VendorLabels {
    vendor: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    vendor: &'static str,
    operation: &'static str,
    result: &'static str,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 2.0, 13))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pingone_aic");
        let reconciles = Family::default();
        let reconcile_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        let call_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register(
            "reconciles",
            "Passes over an object, by what they concluded",
            reconciles.clone(),
        );
        registry.register(
            "reconcile_duration_seconds",
            "How long a pass took",
            reconcile_seconds.clone(),
        );
        registry.register(
            "vendor_call_duration_seconds",
            "How long a call to a vendor took, its wait for the budget included",
            call_seconds.clone(),
        );
        let turn_wait_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register(
            "vendor_turn_wait_seconds",
            "How long a call waited for its turn in its host's budget",
            turn_wait_seconds.clone(),
        );
        let hosts_down = Family::default();
        registry.register(
            "vendor_hosts_down",
            "Hosts that do not answer and are left alone, but for one call now and then",
            hosts_down.clone(),
        );
        let active_reconciles = Gauge::default();
        registry.register("active_reconciles", "Passes under way", active_reconciles.clone());
        let queue_depth = Family::default();
        registry.register(
            "queue_depth",
            "Objects that are due and not looked at yet",
            queue_depth.clone(),
        );
        let queue_wait_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register(
            "queue_wait_seconds",
            "How long an object was due before its pass began",
            queue_wait_seconds.clone(),
        );
        let left_behind = Counter::default();
        registry.register(
            "left_behind",
            "Objects that are gone while something of theirs stays in a tenant",
            left_behind.clone(),
        );
        Self {
            registry,
            reconciles,
            reconcile_seconds,
            active_reconciles,
            queue_depth,
            queue_wait_seconds,
            queues: Mutex::default(),
            call_seconds,
            turn_wait_seconds,
            hosts_down,
            left_behind,
        }
    }
}

impl Metrics {
    /// A pass over an object ended.
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
        self.queues().push((kind, Box::new(load)));
    }

    /// A pass over an object begins that was due for so long.
    pub fn begun(&self, kind: &'static str, lane: Lane, waited: Duration) {
        let lane = lane.as_str();
        self.queue_wait_seconds
            .get_or_create(&LaneLabels { kind, lane })
            .observe(waited.as_secs_f64());
    }

    /// An object is gone, and something that it made stays in the tenant.
    pub fn left_behind(&self) {
        self.left_behind.inc();
    }

    /// All metrics as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
        self.look_at_queues();
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn look_at_queues(&self) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (mut under_way, mut depths) = (0, HashMap::new());
        for (kind, load) in &*self.queues() {
            let load = load();
            under_way += load.under_way;
            for lane in Lane::ALL {
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

    fn queues(&self) -> MutexGuard<'_, Vec<(&'static str, Load)>> {
        // A list is whole at every step, so a panic elsewhere does not spoil it.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The metrics of one vendor's calls.
pub struct Vendor {
    /// `aic` or `pingone`.
    pub name: &'static str,
    /// Where they are kept.
    pub metrics: Arc<Metrics>,
}

impl Observer for Vendor {
    fn had_its_turn(&self, lane: Lane, waited: Duration) {
        let (vendor, lane) = (self.name, lane.as_str());
        self.metrics
            .turn_wait_seconds
            .get_or_create(&TurnLabels { vendor, lane })
            .observe(waited.as_secs_f64());
    }

    fn host_changed(&self, host: &Host, news: News) {
        let vendor = self.name;
        let down = self.metrics.hosts_down.get_or_create(&VendorLabels { vendor });
        match news {
            News::WentDown => {
                tracing::warn!(vendor, %host, "the host does not answer, and is left alone for a while");
                down.inc();
            }
            News::CameBack => {
                tracing::info!(vendor, %host, "the host answers again");
                down.dec();
            }
        }
    }

    fn call_ended(&self, operation: &'static str, result: &'static str, took: Duration) {
        let labels = CallLabels {
            vendor: self.name,
            operation,
            result,
        };
        self.metrics
            .call_seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }
}
