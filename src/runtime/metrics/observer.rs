//! Observes a vendor's calls for metrics and logs.

use std::{sync::Arc, time::Duration};

use super::Metrics;
use crate::http::{Host, News, Observer, Priority};

/// The metrics of one vendor's calls.
pub struct Vendor {
    /// `aic` or `pingone`.
    pub name: &'static str,
    /// Where they are kept.
    pub metrics: Arc<Metrics>,
}

impl Observer for Vendor {
    fn had_its_turn(&self, priority: Priority, waited: Duration) {
        self.metrics.vendors.had_its_turn(self.name, priority, waited);
    }

    fn host_changed(&self, host: &Host, news: News) {
        let vendor = self.name;
        match news {
            News::WentDown => {
                tracing::warn!(vendor, %host, "the host does not answer, and gets one call now and then");
            }
            News::CameBack => tracing::info!(vendor, %host, "the host answers again"),
        }
    }

    fn call_ended(&self, operation: &'static str, result: &'static str, took: Duration) {
        self.metrics
            .vendors
            .call_ended(self.name, operation, result, took);
    }
}
