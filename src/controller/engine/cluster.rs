//! The cluster that reconciliations work in.

use std::{collections::BTreeSet, sync::Arc};

use kube::Client;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::stale_reads::StaleReads;
use crate::{
    clock::Clock,
    runtime::{Health, Leadership, Metrics},
};

/// Requests at a time to the API server. Each needs a connection, which costs memory.
const REQUESTS_AT_ONCE: usize = 16;

/// What every reconciliation needs of the cluster. Clones share one state.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// For all writes, and for reads that a decision rests on.
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Health,
    /// Whether this process is the leader.
    pub(crate) leadership: Leadership,
    pub(crate) stale_reads: StaleReads,
    /// Kinds whose CRD in the cluster keeps every status field of this version.
    pub(super) kept_definitions: Arc<Mutex<BTreeSet<String>>>,
    /// Limits reads of Secrets and writes of status and events: after a restart every object needs its own at once.
    requests: Arc<Semaphore>,
}

impl Cluster {
    pub(crate) fn new(
        client: Client,
        clock: Clock,
        metrics: Arc<Metrics>,
        health: Health,
        leadership: Leadership,
    ) -> Self {
        Self {
            client,
            clock,
            metrics,
            health,
            leadership,
            stale_reads: StaleReads::default(),
            kept_definitions: Arc::default(),
            requests: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
        }
    }

    /// Waits for one of the few permits for the API server.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.requests.acquire().await.ok()
    }
}
