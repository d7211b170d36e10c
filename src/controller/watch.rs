//! Watches that tell only of changes that matter.

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
};

use futures::{Stream, StreamExt, stream};
use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, Store, store::Writer},
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
    Deleted { namespace: String, name: String },
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

/// Watches a kind into a store. An object that cannot be decoded is left out and told of, and stops nobody else.
pub(super) fn objects<K, F>(
    (api, watched): (Api<DeserializeGuard<K>>, watcher::Config),
    mut writer: Writer<K>,
    (health, gate): (Health, Gate),
    fingerprint: impl Fn(&K) -> F + Send + 'static,
    undecodable: impl Fn(ObjectMeta, String) + Send + 'static,
) -> impl Stream<Item = Change<K, F>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    F: PartialEq + Send + 'static,
{
    let reader = writer.as_reader();
    let mut seen = Seen::new(fingerprint);
    watcher(api, watched).default_backoff().flat_map(move |event| {
        let changes = match event {
            Ok(event) => decoded(event, &reader, &undecodable).map_or_else(Vec::new, |event| {
                writer.apply_watcher_event(&event);
                if matches!(event, Event::InitDone) {
                    health.open(&gate);
                }
                seen.changes(event)
            }),
            Err(error) => {
                tracing::warn!(kind = %K::kind(&()), %error, "watch failed and is tried again");
                Vec::new()
            }
        };
        stream::iter(changes)
    })
}

/// Watches Secrets as metadata only, by namespace and name, with whether it is news: the first list is none. Nothing of
/// them is kept but their version.
pub(super) fn secrets(
    client: &Client,
    namespace: Option<&str>,
    (health, gate): (Health, Gate),
) -> impl Stream<Item = ((String, String), bool)> + Send + use<> {
    let api: Api<PartialObjectMeta<Secret>> = api(client, namespace);
    let mut seen = Seen::new(|secret: &PartialObjectMeta<Secret>| secret.resource_version());
    let mut is_news = false;
    watcher(api, watcher::Config::default())
        .default_backoff()
        .flat_map(move |event| {
            let was_news = is_news;
            let changes = match event {
                Ok(event) => {
                    if matches!(event, Event::InitDone) {
                        health.open(&gate);
                        is_news = true;
                    }
                    seen.changes(event)
                }
                Err(error) => {
                    tracing::warn!(kind = "Secret", %error, "watch failed and is tried again");
                    Vec::new()
                }
            };
            stream::iter(changes).map(move |change| match change {
                Change::Applied(secret, _) => (id(&secret), was_news),
                Change::Deleted { namespace, name } => ((namespace, name), was_news),
            })
        })
}

fn id(object: &impl ResourceExt) -> (String, String) {
    (object.namespace().unwrap_or_default(), object.name_any())
}

/// An object that cannot be decoded is as good as gone: acting on what it was before would be acting on a lie.
fn decoded<K>(
    event: Event<DeserializeGuard<K>>,
    known: &Store<K>,
    undecodable: &impl Fn(ObjectMeta, String),
) -> Option<Event<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let object = |DeserializeGuard(result): DeserializeGuard<K>| {
        result.map_err(|invalid| {
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

/// Remembers a fingerprint of every object, so that neither a fresh list nor a change of no interest is told, and
/// what vanished between two lists is.
struct Seen<K, Fingerprint, Take> {
    known: HashMap<(String, String), Fingerprint>,
    /// A list under way. Its objects are in the store only when it ends, so only then are they told of.
    listed: Option<Vec<K>>,
    take: Take,
}

impl<K: Resource, Fingerprint: PartialEq, Take: Fn(&K) -> Fingerprint> Seen<K, Fingerprint, Take> {
    fn new(take: Take) -> Self {
        Self {
            known: HashMap::new(),
            listed: None,
            take,
        }
    }

    fn changes(&mut self, event: Event<K>) -> Vec<Change<K, Fingerprint>> {
        match event {
            Event::Init => {
                self.listed = Some(Vec::new());
                Vec::new()
            }
            Event::InitApply(object) => {
                self.listed.get_or_insert_default().push(object);
                Vec::new()
            }
            Event::InitDone => {
                let listed = self.listed.take().unwrap_or_default();
                let there: HashSet<_> = listed.iter().map(id).collect();
                let gone = self.known.extract_if(|id, _| !there.contains(id));
                let mut changes: Vec<_> = gone
                    .map(|((namespace, name), _)| Change::Deleted { namespace, name })
                    .collect();
                changes.extend(listed.into_iter().filter_map(|object| self.applied(object)));
                changes
            }
            Event::Apply(object) => self.applied(object).into_iter().collect(),
            Event::Delete(object) => {
                let (namespace, name) = id(&object);
                self.known.remove(&(namespace.clone(), name.clone()));
                vec![Change::Deleted { namespace, name }]
            }
        }
    }

    fn applied(&mut self, object: K) -> Option<Change<K, Fingerprint>> {
        let before = self.known.insert(id(&object), (self.take)(&object));
        (before.as_ref() != Some(&(self.take)(&object))).then_some(Change::Applied(object, before))
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

    fn told<F>(changes: Vec<Change<Secret, F>>) -> Vec<String> {
        changes
            .into_iter()
            .map(|change| match change {
                Change::Applied(object, _) => format!("+{}", object.name_any()),
                Change::Deleted { name, .. } => format!("-{name}"),
            })
            .collect()
    }

    #[test]
    fn a_fresh_list_tells_only_what_differs_and_what_is_gone() {
        let mut seen = Seen::new(|secret: &Secret| secret.data.clone());
        let mut list = |objects: Vec<Secret>| {
            let mut changes = seen.changes(Event::Init);
            for object in objects {
                changes.extend(seen.changes(Event::InitApply(object)));
            }
            assert!(changes.is_empty(), "nothing is told before the list has ended");
            told(seen.changes(Event::InitDone))
        };
        assert_eq!(list(vec![secret("a", "1"), secret("b", "1")]), ["+a", "+b"]);
        assert_eq!(list(vec![secret("a", "1"), secret("b", "2")]), ["+b"]);
        assert_eq!(list(vec![secret("b", "2")]), ["-a"]);
        assert!(told(seen.changes(Event::Apply(secret("b", "2")))).is_empty());
        assert_eq!(told(seen.changes(Event::Delete(secret("b", "2")))), ["-b"]);
    }
}
