//! Events about an object.

use std::fmt::Debug;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    ResourceExt,
    runtime::events::{Event, EventType, Recorder},
};
use serde::de::DeserializeOwned;

use super::{
    cluster::Cluster,
    requeue::When,
    status::{self, HasStatus, NotWritten},
};
use crate::api::{Condition, Conditions, FIELD_MANAGER, Reason, clip, conditions::READY};

/// In bytes: the API server accepts no more.
const LONGEST_NOTE: usize = 1024;

impl Cluster {
    /// Sends one event if `Ready` has another reason or status than before.
    async fn announce<K>(&self, object: &K, said: Option<&Condition>, after: &Conditions)
    where
        K: HasStatus,
    {
        let Some(ready) = after.get(READY) else { return };
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
        let _turn = self.turn_to_write::<K>().await;
        self.publish(&object.object_ref(&()), type_, &ready.reason, &ready.message)
            .await;
    }

    /// Writes a status that has changed and sends an event about it. Returns `next` if the write succeeded, else
    /// `otherwise`.
    pub(crate) async fn finish<K>(
        &self,
        object: &mut K,
        status: &K::Status,
        next: When,
        otherwise: When,
    ) -> When
    where
        K: HasStatus + Clone + Debug + DeserializeOwned,
    {
        let ready = |status| K::conditions(status).get(READY).cloned();
        let said = object.status().and_then(ready);
        match status::write(self, object, status).await {
            Ok(true) => {
                self.announce(object, said.as_ref(), K::conditions(status)).await;
                next
            }
            Ok(false) => next,
            // The cache is behind. The next version that it shows triggers a reconciliation.
            Err(NotWritten::Conflict) => otherwise,
            Err(error) => {
                tracing::warn!(kind = %K::kind(&()), namespace = object.namespace(), name = object.name_any(), %error, "failed to write a status");
                otherwise
            }
        }
    }

    /// Sends a Warning event.
    pub(crate) async fn warn<K>(&self, object: &K, reason: Reason, message: &str)
    where
        K: HasStatus,
    {
        let _turn = self.turn_to_write::<K>().await;
        self.warn_of(&object.object_ref(&()), reason, message).await;
    }

    /// The same for an object that cannot be decoded.
    pub(crate) async fn warn_of(&self, object: &ObjectReference, reason: Reason, message: &str) {
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
            note: Some(clip(message, LONGEST_NOTE)),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        // A new recorder for each event: a recorder keeps what it has published, and these events form no series.
        let recorder = Recorder::new(self.client.clone(), FIELD_MANAGER.into());
        // A reconciliation does not fail because of an event. A terminating namespace accepts none.
        if let Err(error) = recorder.publish(&event, object).await {
            tracing::warn!(kind = object.kind, namespace = object.namespace, name = object.name, %error, "failed to publish an event");
        }
    }
}
