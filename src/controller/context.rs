//! What every pass works with.

use std::sync::Arc;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client, Resource, ResourceExt,
    core::Selector,
    runtime::{
        events::{Event, EventType, Recorder, Reporter},
        reflector::{ObjectRef, Store},
    },
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
    api::{
        AICIntegration, Conditions, FIELD_MANAGER, PingOneConnection, Promotion, Reason, conditions::READY,
    },
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
    reporter: Reporter,
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
            reporter: Reporter::from(FIELD_MANAGER),
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
        let deadline = clock.instant() + 2 * ONCE_ONLY_TIMEOUT;
        Guard::new(move || clock.instant() <= deadline && leadership.holds_for(ONCE_ONLY_TIMEOUT))
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

    /// Tells people what changed: one event when `Ready` has another reason or status than before.
    pub(super) async fn announce<K>(&self, object: &K, before: Option<&Conditions>, after: &Conditions)
    where
        K: Resource<DynamicType = ()>,
    {
        let Some(ready) = after.get(READY) else { return };
        let said = before.and_then(|conditions| conditions.get(READY));
        if said.is_some_and(|said| said.reason == ready.reason && said.status == ready.status) {
            return;
        }
        let (kind, name, namespace) = (
            K::kind(&()),
            object.name_any(),
            object.namespace().unwrap_or_default(),
        );
        tracing::info!(%kind, %namespace, %name, ready = &*ready.status, reason = &*ready.reason, says = ready.message, "object changed");
        let type_ = if ready.status == "True" || !after.is_true("Stalled") {
            EventType::Normal
        } else {
            EventType::Warning
        };
        self.publish(&object.object_ref(&()), type_, &ready.reason, &ready.message)
            .await;
    }

    /// Warns people of what they have to put right themselves.
    pub(super) async fn warn<K>(&self, object: &K, reason: Reason, message: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        self.warn_of(&object.object_ref(&()), reason, message).await;
    }

    /// The same, of an object that cannot be decoded.
    pub(super) async fn warn_of(&self, object: &ObjectReference, reason: Reason, message: &str) {
        let ObjectReference {
            kind,
            namespace,
            name,
            ..
        } = object;
        tracing::warn!(kind, namespace, name, %reason, message, "a person is needed");
        self.publish(object, EventType::Warning, reason.as_str(), message)
            .await;
    }

    async fn publish(&self, object: &ObjectReference, type_: EventType, reason: &str, message: &str) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(clip(message)),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        // One for each event: a recorder keeps what it has published, for series, and we tell of changes only.
        let recorder = Recorder::new(self.client.clone(), self.reporter.clone());
        let _turn = self.turn().await;
        // An event is a courtesy: a pass does not fail for it, and a namespace that is going takes none.
        if let Err(error) = recorder.publish(&event, object).await {
            tracing::warn!(kind = object.kind, namespace = object.namespace, name = object.name, %error, "failed to publish an event");
        }
    }
}

/// An event's note may have 1024 bytes.
fn clip(message: &str) -> String {
    message.chars().take(500).collect()
}
