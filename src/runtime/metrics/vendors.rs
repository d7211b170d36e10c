//! Calls to the vendors.

use std::{sync::atomic::AtomicU64, time::Duration};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::buckets::{seconds, waits};
use crate::http::{HostLoad, Priority, Rate};

pub(super) struct Vendors {
    call_seconds: Family<CallLabels, Histogram>,
    turn_wait_seconds: Family<TurnLabels, Histogram>,
    calls_waiting: Family<VendorLabels, Gauge>,
    hosts_closed: Family<VendorLabels, Gauge>,
    hosts_down: Family<VendorLabels, Gauge>,
    budget: Family<VendorLabels, Gauge<f64, AtomicU64>>,
    loads: Mutex<Vec<(&'static str, Load)>>,
}

/// Tells the load of a vendor's hosts, all of it in one moment.
pub(super) type Load = Box<dyn Fn() -> Vec<HostLoad> + Send + Sync>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    vendor: &'static str,
    operation: &'static str,
    result: &'static str,
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

impl Vendors {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let call_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register(
            "vendor_call_duration_seconds",
            "How long a call to a vendor took, including its wait for the rate limit",
            call_seconds.clone(),
        );
        let turn_wait_seconds = Family::new_with_constructor(waits as fn() -> Histogram);
        registry.register(
            "vendor_turn_wait_seconds",
            "How long a call waited for its host's rate limit",
            turn_wait_seconds.clone(),
        );
        let calls_waiting = Family::default();
        registry.register(
            "vendor_calls_waiting",
            "Calls that wait for their host's rate limit",
            calls_waiting.clone(),
        );
        let hosts_closed = Family::default();
        registry.register(
            "vendor_hosts_closed",
            "Hosts that refuse calls for now (Retry-After)",
            hosts_closed.clone(),
        );
        let hosts_down = Family::default();
        registry.register(
            "vendor_hosts_down",
            "Hosts that do not answer and get one call now and then",
            hosts_down.clone(),
        );
        let budget = Family::default();
        registry.register(
            "vendor_budget_calls_per_second",
            "The rate limit of each host, in calls a second",
            budget.clone(),
        );
        Self {
            call_seconds,
            turn_wait_seconds,
            calls_waiting,
            hosts_closed,
            hosts_down,
            budget,
            loads: Mutex::default(),
        }
    }

    /// The hosts of one more vendor, and how fast each is called.
    pub(super) fn hosts(&self, vendor: &'static str, rate: Rate, load: Load) {
        self.budget
            .get_or_create(&VendorLabels { vendor })
            .set(rate.per_second);
        self.loads.lock().push((vendor, load));
    }

    /// A call had its turn.
    pub(super) fn had_its_turn(&self, vendor: &'static str, lane: Priority, waited: Duration) {
        let lane = lane.as_str();
        self.turn_wait_seconds
            .get_or_create(&TurnLabels { vendor, lane })
            .observe(waited.as_secs_f64());
    }

    /// A call ended.
    pub(super) fn call_ended(
        &self,
        vendor: &'static str,
        operation: &'static str,
        result: &'static str,
        took: Duration,
    ) {
        let labels = CallLabels {
            vendor,
            operation,
            result,
        };
        self.call_seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// Looks at the load of all hosts, and tells of each, by vendor.
    pub(super) fn look(&self) -> Vec<(&'static str, Vec<HostLoad>)> {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let loads = self.loads.lock();
        let looked = loads.iter().map(|(vendor, load)| {
            let (vendor, hosts) = (*vendor, load());
            for (gauge, count) in [
                (&self.calls_waiting, hosts.iter().map(|it| it.waiting).sum()),
                (&self.hosts_closed, hosts.iter().filter(|it| it.is_closed).count()),
                (&self.hosts_down, hosts.iter().filter(|it| it.is_down).count()),
            ] {
                gauge.get_or_create(&VendorLabels { vendor }).set(number(count));
            }
            (vendor, hosts)
        });
        looked.collect()
    }
}
