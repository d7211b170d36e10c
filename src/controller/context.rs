//! What every pass works with.

use std::sync::Arc;

use kube::{
    Client,
    core::Selector,
    runtime::reflector::{ObjectRef, Store},
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::task::TaskTracker;

use super::{
    definitions::Definitions,
    deletions::Deletions,
    fleet::Fleet,
    queue::{Queue, Ref},
    replaced::Replaced,
    runs::Runs,
    shard::Shard,
};
use crate::{
    aic::Aic,
    api::{AICIntegration, PingOneConnection, Promotion},
    clock::Clock,
    http::{Guard, Lane, ONCE_ONLY_TIMEOUT},
    pingone::PingOne,
    runtime::{Health, Leadership, Metrics},
};

/// Requests to the API server that nothing depends on but their own object: each wants a connection.
const REQUESTS_AT_ONCE: usize = 16;

/// What every pass works with.
#[derive(Clone)]
pub struct Context {
    /// For reads that decide and for all writes.
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) aic: Aic,
    pub(super) pingone: PingOne,
    pub(super) metrics: Arc<Metrics>,
    pub(super) health: Health,
    pub(super) definitions: Definitions,
    pub(super) deletions: Deletions,
    pub(super) replaced: Replaced,
    /// Reads of Secrets, statuses and events: after a restart every object wants its own at once.
    requests: Arc<Semaphore>,
    /// What all runs share.
    pub(super) runs: Runs,
    /// Which objects are this installation's.
    pub(super) shard: Shard,
    /// Whether this process is the one that acts.
    pub(super) leadership: Leadership,
    /// Calls that must not be cut off, with the recording of their answers.
    pub(super) tasks: TaskTracker,
}

/// A context, and what is cached.
pub(super) struct ScopeContext {
    pub(super) context: Context,
    pub(super) connections: Store<PingOneConnection>,
    pub(super) integrations: Store<AICIntegration>,
    /// Of all namespaces.
    pub(super) fleet: Fleet<AICIntegration>,
    /// Of all namespaces.
    pub(super) promotions: Fleet<Promotion>,
    pub(super) integration_queue: Arc<Queue<Ref>>,
}

impl ScopeContext {
    /// Has an integration look for itself now.
    pub(super) fn wake_integration(&self, namespace: &str, name: &str) {
        let known = self.integrations.get(&ObjectRef::new(name).within(namespace));
        if let Some(integration) = known {
            let place = &integration.spec.tenant.url;
            self.integration_queue
                .now(&Ref::of(&*integration), place, Lane::Change);
        }
    }
}

impl Context {
    /// A context.
    #[must_use]
    pub fn new(
        client: Client,
        clock: Clock,
        aic: Aic,
        pingone: PingOne,
        metrics: Arc<Metrics>,
        health: Health,
        leadership: Leadership,
    ) -> Self {
        Self {
            client,
            aic,
            pingone,
            metrics,
            health,
            definitions: Definitions::default(),
            deletions: Deletions::default(),
            replaced: Replaced::default(),
            requests: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
            runs: Runs::default(),
            shard: Shard::new(&[], None, clock.clone()),
            clock,
            leadership,
            tasks: TaskTracker::new(),
        }
    }

    /// The same context, for the objects in these namespaces (without any, in all) that have these labels.
    #[must_use]
    pub fn seeing_to(mut self, namespaces: &[String], selector: Option<Selector>) -> Self {
        self.shard = Shard::new(namespaces, selector, self.clock.clone());
        self
    }

    /// Allows a request that must not be repeated: only while this process leads for as long as the request may take,
    /// and only soon: within the time that recording it may take, and once more that time.
    pub(super) fn guard(&self) -> Guard {
        let (clock, leadership) = (self.clock.clone(), self.leadership.clone());
        // By both clocks: one of them may stand still while the process does.
        let (began, began_there) = (clock.instant(), clock.now());
        Guard::new(move || {
            let there = clock.now().duration_since(began_there);
            let passed = clock.instant() - began;
            passed.max(there.try_into().unwrap_or_default()) <= 2 * ONCE_ONLY_TIMEOUT
                && leadership.holds_for(ONCE_ONLY_TIMEOUT)
        })
    }

    /// Waits for one of the few turns at the API server, which ends when it is dropped.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.requests.acquire().await.ok()
    }

    /// Waits for what must not be cut off.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
