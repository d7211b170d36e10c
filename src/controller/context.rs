//! What every reconciliation works with.

use std::sync::Arc;

use kube::{
    Client,
    core::Selector,
    runtime::reflector::{ObjectRef, Store},
};
use tokio_util::task::TaskTracker;

use super::{
    deletions::Deletions,
    engine::{
        cluster::Cluster,
        queue::{Queue, Ref},
        shard::Shard,
        stores::Stores,
    },
    promotion_registry::PromotionRegistry,
};
use crate::{
    aic::Aic,
    api::{AICIntegration, PingOneConnection, Promotion},
    clock::Clock,
    http::{Guard, ONCE_ONLY_TIMEOUT, Priority},
    pingone::PingOne,
    runtime::{Health, Leadership, Metrics},
};

/// What every reconciliation works with. Clones share one state.
#[derive(Clone)]
pub struct Context {
    pub(super) cluster: Cluster,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) aic: Aic,
    pub(super) pingone: PingOne,
    pub(super) deletions: Deletions,
    /// What all runs share.
    pub(super) runs: PromotionRegistry,
    /// Which objects belong to this release.
    pub(super) shard: Shard,
    /// Requests that must not be cut off, together with the recording of their answers.
    pub(super) tasks: TaskTracker,
}

/// The context and the caches of a scope.
pub(super) struct ScopeContext {
    pub(super) context: Context,
    pub(super) connections: Store<PingOneConnection>,
    pub(super) integrations: Store<AICIntegration>,
    /// Of all namespaces.
    pub(super) all_integrations: Stores<AICIntegration>,
    /// Of all namespaces.
    pub(super) all_promotions: Stores<Promotion>,
    pub(super) integration_queue: Arc<Queue<Ref>>,
}

impl ScopeContext {
    /// Triggers a reconciliation of an integration.
    pub(super) fn wake_integration(&self, namespace: &str, name: &str) {
        let known = self.integrations.get(&ObjectRef::new(name).within(namespace));
        if let Some(integration) = known {
            let place = &integration.spec.tenant.url;
            self.integration_queue
                .now(&Ref::of(&*integration), place, Priority::Change);
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
            cluster: Cluster::new(client, clock.clone(), Arc::clone(&metrics), health, leadership),
            aic,
            pingone,
            metrics,
            deletions: Deletions::default(),
            runs: PromotionRegistry::default(),
            shard: Shard::new(&[], None, clock.clone()),
            clock,
            tasks: TaskTracker::new(),
        }
    }

    /// The same context for the objects in these namespaces (if none, in all) with these labels.
    #[must_use]
    pub fn seeing_to(mut self, namespaces: &[String], selector: Option<Selector>) -> Self {
        self.shard = Shard::new(namespaces, selector, self.clock.clone());
        self
    }

    /// Allows a write only if this process leads for at least as long as a request may take.
    pub(super) fn leads(&self) -> Guard {
        let leadership = self.cluster.leadership.clone();
        Guard::new(move || leadership.holds_for(ONCE_ONLY_TIMEOUT))
    }

    /// Allows a request that must not be repeated. This process must lead for as long as the request may take, and
    /// the request must follow soon after its intent was recorded.
    pub(super) fn guard(&self) -> Guard {
        let (clock, leadership) = (self.clock.clone(), self.cluster.leadership.clone());
        // By both clocks: one of them may stop while the process is frozen.
        let (began, began_there) = (clock.instant(), clock.now());
        Guard::new(move || {
            let there = clock.now().duration_since(began_there);
            let passed = clock.instant() - began;
            passed.max(there.try_into().unwrap_or_default()) <= 2 * ONCE_ONLY_TIMEOUT
                && leadership.holds_for(ONCE_ONLY_TIMEOUT)
        })
    }

    /// Waits for the tasks that must not be cut off.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
