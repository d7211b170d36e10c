//! Watches that tell only of changes that matter.

use std::{collections::HashMap, fmt::Debug, hash::Hash};

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        reflector::store::Writer,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;

use crate::runtime::{Gate, Health};

/// What a watch tells.
pub(super) enum Change<K, Fingerprint> {
    /// The object is new, or differs in what its fingerprint covers from the one before.
    Applied(K, Option<Fingerprint>),
    /// The object is gone.
    Deleted(K),
}

/// The API of a kind in a namespace, or in all.
pub(super) fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
{
    namespace.map_or_else(
        || Api::all(client.clone()),
        |namespace| Api::namespaced(client.clone(), namespace),
    )
}

/// Watches a kind into a store. An object that cannot be decoded is left out, and stops nobody else.
pub(super) fn objects<K, F>(
    api: Api<DeserializeGuard<K>>,
    mut writer: Writer<K>,
    health: Health,
    gate: Gate,
    fingerprint: impl Fn(&K) -> F + Send + 'static,
) -> impl Stream<Item = Change<K, F>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    F: PartialEq + Send + 'static,
{
    let mut seen = Seen::new(
        move |object: &K| (object.namespace(), object.name_any()),
        fingerprint,
    );
    watcher(api, watcher::Config::default())
        .default_backoff()
        .filter_map(move |event| {
            let change = match event {
                Ok(event) => decoded(event).and_then(|event| {
                    writer.apply_watcher_event(&event);
                    if matches!(event, Event::InitDone) {
                        health.open(&gate);
                    }
                    seen.change(event)
                }),
                Err(error) => {
                    tracing::warn!(kind = %K::kind(&()), %error, "watch failed and is tried again");
                    None
                }
            };
            futures::future::ready(change)
        })
}

/// Watches Secrets as metadata only, by namespace and name. Nothing of them is kept but their version.
pub(super) fn secrets(
    client: &Client,
    namespace: Option<&str>,
) -> impl Stream<Item = (String, String)> + Send + use<> {
    let api: Api<PartialObjectMeta<Secret>> = api(client, namespace);
    let mut seen = Seen::new(
        |secret: &PartialObjectMeta<Secret>| (secret.namespace(), secret.name_any()),
        |secret: &PartialObjectMeta<Secret>| secret.resource_version(),
    );
    watcher(api, watcher::Config::default())
        .default_backoff()
        .filter_map(move |event| {
            let change = match event {
                Ok(event) => seen.change(event),
                Err(error) => {
                    tracing::warn!(kind = "Secret", %error, "watch failed and is tried again");
                    None
                }
            };
            let name = change.map(|(Change::Applied(secret, _) | Change::Deleted(secret))| {
                (secret.namespace().unwrap_or_default(), secret.name_any())
            });
            futures::future::ready(name)
        })
}

fn decoded<K: Resource>(event: Event<DeserializeGuard<K>>) -> Option<Event<K>> {
    let object = |DeserializeGuard(result): DeserializeGuard<K>| match result {
        Ok(object) => Some(object),
        Err(invalid) => {
            let (namespace, name) = (invalid.metadata.namespace, invalid.metadata.name);
            tracing::warn!(
                ?namespace,
                ?name,
                "object cannot be decoded by this version of the operator"
            );
            None
        }
    };
    Some(match event {
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
        Event::InitApply(guarded) => Event::InitApply(object(guarded)?),
        Event::Apply(guarded) => Event::Apply(object(guarded)?),
        Event::Delete(guarded) => Event::Delete(object(guarded)?),
    })
}

/// Remembers a fingerprint of every object, so that neither a fresh list nor a change of no interest is told.
struct Seen<Id, Fingerprint, Identify, Take> {
    known: HashMap<Id, Fingerprint>,
    identify: Identify,
    take: Take,
}

impl<Id: Eq + Hash, Fingerprint: PartialEq, Identify, Take> Seen<Id, Fingerprint, Identify, Take> {
    fn new<K>(identify: Identify, take: Take) -> Self
    where
        Identify: Fn(&K) -> Id,
        Take: Fn(&K) -> Fingerprint,
    {
        Self {
            known: HashMap::new(),
            identify,
            take,
        }
    }

    fn change<K>(&mut self, event: Event<K>) -> Option<Change<K, Fingerprint>>
    where
        Identify: Fn(&K) -> Id,
        Take: Fn(&K) -> Fingerprint,
    {
        match event {
            Event::Init | Event::InitDone => None,
            Event::InitApply(object) | Event::Apply(object) => {
                let fingerprint = (self.take)(&object);
                let before = self.known.insert((self.identify)(&object), (self.take)(&object));
                (before.as_ref() != Some(&fingerprint)).then_some(Change::Applied(object, before))
            }
            Event::Delete(object) => {
                self.known.remove(&(self.identify)(&object));
                Some(Change::Deleted(object))
            }
        }
    }
}
