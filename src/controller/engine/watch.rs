//! Watches that report only relevant changes.

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
};

use futures::{Stream, StreamExt, stream};
use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::ListParams,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, Store, store::Writer},
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::{queue::Ref, stale_reads::StaleReads};
use crate::{
    api::ANNOTATION_PREFIX,
    runtime::{Gate, Health},
};

/// Objects in one page of a list. Decoded with their managed fields, they need ten times the memory of what is kept.
const PAGE: u32 = 100;

/// A change that a watch reports.
pub(crate) enum Change<Fingerprint> {
    /// The object is new, or its fingerprint has changed. The store has it already.
    Applied(Ref, Option<Fingerprint>),
    /// The object was deleted.
    Deleted(Ref),
}

/// A digest of what a user can change in an object. Status is not in it, because the operator writes that itself.
pub(crate) type Asked = u64;

pub(crate) fn asked_for<K: Resource>(object: &K) -> Asked {
    let mut digest = DefaultHasher::new();
    let meta = object.meta();
    let is_going = meta.deletion_timestamp.is_some();
    (&meta.uid, meta.generation, is_going).hash(&mut digest);
    let all = object.annotations().iter();
    for ours in all.filter(|(name, _)| name.starts_with(ANNOTATION_PREFIX)) {
        ours.hash(&mut digest);
    }
    digest.finish()
}

/// Lists the one object with this name. Reading it this way needs no right besides `list`.
pub(crate) fn of_name(name: &str) -> ListParams {
    ListParams::default().fields(&format!("metadata.name={name}"))
}

/// The API of a kind in a namespace, or in all.
pub(crate) fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
{
    namespace.map_or_else(
        || Api::all(client.clone()),
        |namespace| Api::namespaced(client.clone(), namespace),
    )
}

/// Watches a kind into a store. An object that cannot be decoded is reported and left out, and delays no other.
pub(crate) fn objects<K, F>(
    (api, watched): (Api<DeserializeGuard<K>>, watcher::Config),
    mut writer: Writer<K>,
    (health, gate, replaced): (Health, Gate, StaleReads),
    fingerprint: impl Fn(&K) -> F + Send + 'static,
    undecodable: impl Fn(ObjectMeta, String) + Send + 'static,
) -> impl Stream<Item = Change<F>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    F: PartialEq + Send + 'static,
{
    let reader = writer.as_reader();
    let mut seen = Seen::default();
    let watched = watched.page_size(PAGE);
    watcher(api, watched).default_backoff().flat_map(move |event| {
        let changes = match event {
            Ok(event) => decoded(event, &reader, &undecodable).map_or_else(Vec::new, |event| {
                health.watch_works(&gate);
                writer.apply_watcher_event(&event);
                match &event {
                    Event::Apply(object) | Event::InitApply(object) => replaced.shown(object.meta()),
                    Event::Delete(object) => replaced.gone(object.meta()),
                    Event::Init | Event::InitDone => {}
                }
                if matches!(event, Event::InitDone) {
                    health.open(&gate);
                }
                seen.changes(&event, &fingerprint)
            }),
            Err(error) => {
                failed(&health, &gate, &error);
                Vec::new()
            }
        };
        stream::iter(changes)
    })
}

/// Watches Secrets as metadata only, and reports what changes after the first list, which `listed` signals. Keeps
/// nothing but their versions.
pub(crate) fn secrets(
    client: &Client,
    namespace: Option<&str>,
    (health, gate): (Health, Gate),
    listed: CancellationToken,
) -> impl Stream<Item = Ref> + Send + use<> {
    let api: Api<PartialObjectMeta<Secret>> = api(client, namespace);
    let mut seen = Seen::default();
    watcher(api, watcher::Config::default().page_size(PAGE))
        .default_backoff()
        .flat_map(move |event| {
            let changes = match event {
                Ok(event) => {
                    health.watch_works(&gate);
                    let is_news = listed.is_cancelled();
                    if matches!(event, Event::InitDone) {
                        health.open(&gate);
                        listed.cancel();
                    }
                    let changes = seen.changes(&event, &ResourceExt::resource_version);
                    if is_news { changes } else { Vec::new() }
                }
                Err(error) => {
                    failed(&health, &gate, &error);
                    Vec::new()
                }
            };
            stream::iter(changes).map(|change| match change {
                Change::Applied(secret, _) | Change::Deleted(secret) => secret,
            })
        })
}

fn failed(health: &Health, cache: &Gate, error: &watcher::Error) {
    tracing::warn!(?cache, %error, "watch failed and is tried again");
    health.watch_failed(cache.clone(), format!("the watch of {cache} fails: {error}"));
}

/// Removes from an object what nobody here reads, which can be most of its size.
fn trimmed<K: Resource>(mut object: K) -> K {
    let meta = object.meta_mut();
    meta.managed_fields = None;
    meta.owner_references = None;
    // An empty map would keep its memory.
    meta.annotations = meta.annotations.take().and_then(|mut annotations| {
        annotations.retain(|name, _| name.starts_with(ANNOTATION_PREFIX));
        (!annotations.is_empty()).then_some(annotations)
    });
    object
}

/// Treats an object that cannot be decoded as deleted. Its former version is not true any more.
fn decoded<K>(
    event: Event<DeserializeGuard<K>>,
    known: &Store<K>,
    undecodable: &impl Fn(ObjectMeta, String),
) -> Option<Event<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let object = |DeserializeGuard(result): DeserializeGuard<K>| {
        result.map(trimmed).map_err(|invalid| {
            let namespace = invalid.metadata.namespace.clone().unwrap_or_default();
            let name = invalid.metadata.name.clone().unwrap_or_default();
            undecodable(invalid.metadata, invalid.error);
            known
                .get(&ObjectRef::new(&name).within(&namespace))
                .map(|before| (*before).clone())
        })
    };
    Some(match event {
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
        Event::InitApply(guarded) => Event::InitApply(object(guarded).ok()?),
        Event::Apply(guarded) => match object(guarded) {
            Ok(object) => Event::Apply(object),
            Err(before) => Event::Delete(before?),
        },
        Event::Delete(DeserializeGuard(Ok(object))) => Event::Delete(object),
        Event::Delete(DeserializeGuard(Err(invalid))) => {
            let name = ObjectRef::new(&invalid.metadata.name?).within(&invalid.metadata.namespace?);
            Event::Delete((*known.get(&name)?).clone())
        }
    })
}

/// Remembers a fingerprint of every object. So a new list or an irrelevant change is not reported, and an object that
/// vanished between two lists is.
struct Seen<Fingerprint> {
    known: HashMap<Ref, Fingerprint>,
    /// The current list. Its objects are in the store only when it ends, so they are reported only then.
    listed: Vec<(Ref, Fingerprint)>,
}

impl<Fingerprint> Default for Seen<Fingerprint> {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            listed: Vec::new(),
        }
    }
}

impl<Fingerprint: PartialEq> Seen<Fingerprint> {
    fn changes<K: Resource>(
        &mut self,
        event: &Event<K>,
        take: &impl Fn(&K) -> Fingerprint,
    ) -> Vec<Change<Fingerprint>> {
        match event {
            Event::Init => {
                self.listed = Vec::new();
                Vec::new()
            }
            Event::InitApply(object) => {
                self.listed.push((Ref::of(object), take(object)));
                Vec::new()
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                let there: HashSet<_> = listed.iter().map(|(object, _)| object).collect();
                let gone = self.known.extract_if(|object, _| !there.contains(object));
                let mut changes: Vec<_> = gone.map(|(object, _)| Change::Deleted(object)).collect();
                changes.extend(
                    listed
                        .into_iter()
                        .filter_map(|(object, fingerprint)| self.applied(object, fingerprint)),
                );
                changes
            }
            Event::Apply(object) => self.applied(Ref::of(object), take(object)).into_iter().collect(),
            Event::Delete(object) => {
                let object = Ref::of(object);
                self.known.remove(&object);
                vec![Change::Deleted(object)]
            }
        }
    }

    fn applied(&mut self, object: Ref, fingerprint: Fingerprint) -> Option<Change<Fingerprint>> {
        let before = self.known.get(&object);
        if before == Some(&fingerprint) {
            return None;
        }
        let before = self.known.insert(object.clone(), fingerprint);
        Some(Change::Applied(object, before))
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;

    fn secret(name: &str, value: &str) -> Secret {
        let data = [("k".to_owned(), ByteString(value.into()))].into();
        let mut secret = Secret {
            data: Some(data),
            ..Secret::default()
        };
        secret.metadata.name = Some(name.to_owned());
        secret
    }

    fn told<F>(changes: Vec<Change<F>>) -> Vec<String> {
        changes
            .into_iter()
            .map(|change| match change {
                Change::Applied(object, _) => format!("+{}", object.name),
                Change::Deleted(object) => format!("-{}", object.name),
            })
            .collect()
    }

    #[test]
    fn a_fresh_list_tells_only_what_differs_and_what_is_gone() {
        let mut seen = Seen::default();
        let mut changes = |event| seen.changes(&event, &|secret: &Secret| secret.data.clone());
        let mut list = |objects: Vec<Secret>| {
            let mut before = changes(Event::Init);
            for object in objects {
                before.extend(changes(Event::InitApply(object)));
            }
            assert!(before.is_empty(), "nothing is told before the list has ended");
            told(changes(Event::InitDone))
        };
        assert_eq!(list(vec![secret("a", "1"), secret("b", "1")]), ["+a", "+b"]);
        assert_eq!(list(vec![secret("a", "1"), secret("b", "2")]), ["+b"]);
        assert_eq!(list(vec![secret("b", "2")]), ["-a"]);
        assert!(told(changes(Event::Apply(secret("b", "2")))).is_empty());
        assert_eq!(told(changes(Event::Delete(secret("b", "2")))), ["-b"]);
    }

    #[test]
    fn what_nobody_reads_is_not_kept() {
        let mut object = secret("a", "1");
        object.metadata.managed_fields = Some(vec![]);
        let of_kubectl = "kubectl.kubernetes.io/last-applied-configuration";
        let annotations = [(of_kubectl, "{}"), ("pingone-aic.io/requestedAt", "now")];
        object.metadata.annotations = Some(annotations.map(|(key, value)| (key.into(), value.into())).into());
        let mut object = trimmed(object);
        assert_eq!(object.metadata.managed_fields, None);
        assert_eq!(
            object.annotations().keys().collect::<Vec<_>>(),
            ["pingone-aic.io/requestedAt"]
        );
        object.metadata.annotations = Some([(of_kubectl.into(), "{}".into())].into());
        assert_eq!(trimmed(object).metadata.annotations, None);
    }
}
