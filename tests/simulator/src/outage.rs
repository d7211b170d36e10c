//! Hosts that are away: connections to them are cut, and new ones are refused.

use std::collections::BTreeMap;

use tokio::sync::watch;

/// Who is away; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    hosts: watch::Sender<BTreeMap<String, Record>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Record {
    under_way: usize,
    /// All there ever were: one that ends before a connection's task runs has cut it all the same.
    begun: usize,
}

impl Outages {
    pub(crate) fn begin(&self, host: &str) -> Outage {
        self.hosts.send_modify(|hosts| {
            let record = hosts.entry(host.to_owned()).or_default();
            record.under_way += 1;
            record.begun += 1;
        });
        Outage {
            outages: self.clone(),
            host: host.to_owned(),
        }
    }

    /// How many outages a host has had; `None` while it is away.
    pub(crate) fn so_far(&self, host: &str) -> Option<usize> {
        let record = self.hosts.borrow().get(host).copied().unwrap_or_default();
        (record.under_way == 0).then_some(record.begun)
    }

    /// Waits until the host has had more outages than that.
    pub(crate) async fn more_than(&self, host: &str, so_far: usize) {
        let is_cut =
            |hosts: &BTreeMap<_, Record>| hosts.get(host).is_some_and(|record| record.begun > so_far);
        // An error means that the network has ended.
        let _ = self.hosts.subscribe().wait_for(is_cut).await;
    }
}

/// A host's outage; it ends when this is dropped.
#[derive(Debug)]
pub struct Outage {
    outages: Outages,
    host: String,
}

impl Drop for Outage {
    fn drop(&mut self) {
        self.outages.hosts.send_modify(|hosts| {
            if let Some(record) = hosts.get_mut(&self.host) {
                record.under_way -= 1;
            }
        });
    }
}
