//! What every pass works with.

use std::sync::Arc;

use kube::{
    Client, Resource, ResourceExt,
    runtime::{
        events::{Event, EventType, Recorder, Reporter},
        reflector::Store,
    },
};
use tokio_util::task::TaskTracker;

use super::fleet::Fleet;
use crate::{
    aic::Aic,
    api::{Conditions, FIELD_MANAGER, PingOneConnection, conditions::READY},
    clock::Clock,
    pingone::PingOne,
    runtime::{Health, Metrics},
};

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
    events: Recorder,
    /// Calls that must not be cut off, with the recording of their answers.
    pub(super) tasks: TaskTracker,
}

/// A context, and what is cached.
pub(super) struct ScopeContext {
    pub(super) context: Context,
    pub(super) connections: Store<PingOneConnection>,
    /// Of all namespaces.
    pub(super) fleet: Fleet,
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
    ) -> Self {
        let events = Recorder::new(client.clone(), Reporter::from(FIELD_MANAGER));
        Self {
            client,
            clock,
            aic,
            pingone,
            metrics,
            health,
            events,
            tasks: TaskTracker::new(),
        }
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
        tracing::info!(%kind, %namespace, %name, ready = ready.status, reason = ready.reason, message = ready.message, "object changed");
        let good = ready.status == "True" || !after.is_true("Stalled");
        let event = Event {
            type_: if good {
                EventType::Normal
            } else {
                EventType::Warning
            },
            reason: ready.reason.clone(),
            note: Some(clip(&ready.message)),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        // An event is a courtesy: a pass does not fail for it.
        if let Err(error) = self.events.publish(&event, &object.object_ref(&())).await {
            tracing::warn!(%kind, %namespace, %name, %error, "failed to publish an event");
        }
    }
}

/// An event's note may have 1024 bytes.
fn clip(message: &str) -> String {
    message.chars().take(500).collect()
}
