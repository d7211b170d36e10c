//! Calls to the vendors.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{Metrics, seconds, waits};
use crate::http::{Host, Lane, News, Observer};

pub(super) struct Vendors {
    call_seconds: Family<CallLabels, Histogram>,
    turn_wait_seconds: Family<TurnLabels, Histogram>,
    hosts_down: Family<VendorLabels, Gauge>,
}

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
        let hosts_down = Family::default();
        registry.register(
            "vendor_hosts_down",
            "Hosts that do not answer and are left alone, but for one call now and then",
            hosts_down.clone(),
        );
        Self {
            call_seconds,
            turn_wait_seconds,
            hosts_down,
        }
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
        let labels = VendorLabels { vendor };
        let down = self.metrics.vendors.hosts_down.get_or_create(&labels);
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
            .vendors
            .call_seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }
}
