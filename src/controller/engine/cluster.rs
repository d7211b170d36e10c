//! The cluster that passes work in, as this process may use it.

use std::{collections::BTreeSet, sync::Arc};

use kube::Client;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::stale_reads::StaleReads;
use crate::{
    clock::Clock,
    runtime::{Health, Leadership, Metrics},
};

/// Requests to the API server that nothing depends on but their own object: each needs a connection.
const REQUESTS_AT_ONCE: usize = 16;

/// What every pass needs of the cluster, whatever its kind. Clones are the same.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// For reads that decide and for all writes.
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Health,
    /// Whether this process is the one that acts.
    pub(crate) leadership: Leadership,
    pub(crate) stale_reads: StaleReads,
    /// Kinds whose definition in the cluster keeps all of this version's status.
    pub(super) kept_definitions: Arc<Mutex<BTreeSet<String>>>,
    /// Reads of Secrets, statuses and events: after a restart every object wants its own at once.
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

    /// Waits for one of the few turns at the API server, which ends when it is dropped.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.requests.acquire().await.ok()
    }
}
