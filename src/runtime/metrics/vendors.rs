//! Calls to the vendors.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{Metrics, seconds, waits};
use crate::http::{Host, HostsLoad, Lane, News, Observer, Rate};

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
type Load = Box<dyn Fn() -> HostsLoad + Send + Sync>;

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
            "How long a call to a vendor took, its wait for the budget included",
            call_seconds.clone(),
        );
        let turn_wait_seconds = Family::new_with_constructor(waits as fn() -> Histogram);
        registry.register(
            "vendor_turn_wait_seconds",
            "How long a call waited for its turn in its host's budget",
            turn_wait_seconds.clone(),
        );
        let calls_waiting = Family::default();
        registry.register(
            "vendor_calls_waiting",
            "Calls that wait for their turn in their host's budget",
            calls_waiting.clone(),
        );
        let hosts_closed = Family::default();
        registry.register(
            "vendor_hosts_closed",
            "Hosts that have asked to be left alone for a while (Retry-After)",
            hosts_closed.clone(),
        );
        let hosts_down = Family::default();
        registry.register(
            "vendor_hosts_down",
            "Hosts that do not answer and are left alone, but for one call now and then",
            hosts_down.clone(),
        );
        let budget = Family::default();
        registry.register(
            "vendor_budget_calls_per_second",
            "Calls a second that each host is asked by at the most, in the long run",
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

    /// Looks at the load of all hosts.
    pub(super) fn look(&self) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (vendor, load) in &*self.loads() {
            let HostsLoad {
                waiting,
                closed,
                down,
            } = load();
            for (gauge, count) in [
                (&self.calls_waiting, waiting),
                (&self.hosts_closed, closed),
                (&self.hosts_down, down),
            ] {
                gauge.get_or_create(&VendorLabels { vendor }).set(number(count));
            }
        }
    }

    fn loads(&self) -> MutexGuard<'_, Vec<(&'static str, Load)>> {
        // A list is whole at every step, so a panic elsewhere does not spoil it.
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Metrics {
    /// The hosts of one more vendor, and how fast each is called.
    pub fn hosts(
        &self,
        vendor: &'static str,
        rate: Rate,
        load: impl Fn() -> HostsLoad + Send + Sync + 'static,
    ) {
        let labels = VendorLabels { vendor };
        self.vendors.budget.get_or_create(&labels).set(rate.per_second);
        self.vendors.loads().push((vendor, Box::new(load)));
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
            .vendors
            .turn_wait_seconds
            .get_or_create(&TurnLabels { vendor, lane })
            .observe(waited.as_secs_f64());
    }

    fn host_changed(&self, host: &Host, news: News) {
        let vendor = self.name;
        match news {
            News::WentDown => {
                tracing::warn!(vendor, %host, "the host does not answer, and is left alone for a while");
            }
            News::CameBack => tracing::info!(vendor, %host, "the host answers again"),
        }
    }

    fn call_ended(&self, operation: &'static str, result: &'static str, took: Duration) {
        let labels = CallLabels {
            vendor: self.name,
            operation,
            result,
        };
        self.metrics
            .vendors
            .call_seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }
}
