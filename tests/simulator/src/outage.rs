//! Hosts that are away: connections to them are cut, and new ones are refused.

use std::collections::BTreeMap;

use tokio::sync::watch;

/// Who is away; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    away: watch::Sender<BTreeMap<String, usize>>,
}

impl Outages {
    pub(crate) fn begin(&self, host: &str) -> Outage {
        self.away
            .send_modify(|away| *away.entry(host.to_owned()).or_default() += 1);
        Outage {
            outages: self.clone(),
            host: host.to_owned(),
        }
    }

    pub(crate) fn is_away(&self, host: &str) -> bool {
        self.away.borrow().contains_key(host)
    }

    /// Waits until the host is away.
    pub(crate) async fn begun(&self, host: &str) {
        // An error means that the network has ended.
        let _ = self
            .away
            .subscribe()
            .wait_for(|away| away.contains_key(host))
            .await;
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
        self.outages.away.send_modify(|away| {
            if let Some(outages) = away.get_mut(&self.host) {
                *outages -= 1;
                if *outages == 0 {
                    away.remove(&self.host);
                }
            }
        });
    }
}
