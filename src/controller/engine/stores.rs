//! All objects of a kind that are watched, in whichever namespace.

use std::sync::Arc;

use futures::future::join_all;
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp};
use kube::{
    Resource,
    runtime::reflector::{ObjectRef, Store},
};
use tokio_util::sync::CancellationToken;

use super::queue::Ref;

/// The caches of all watched namespaces, and for each a token that tells that the API server does not let the operator
/// read the namespace. Clones are the same.
pub(crate) struct Stores<K: Resource<DynamicType = ()> + Clone + 'static>(
    Arc<[(Store<K>, CancellationToken)]>,
);

impl<K: Resource<DynamicType = ()> + Clone + 'static> Clone for Stores<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Resource<DynamicType = ()> + Clone + 'static> Stores<K> {
    pub(crate) fn new(stores: impl IntoIterator<Item = (Store<K>, CancellationToken)>) -> Self {
        Self(stores.into_iter().collect())
    }

    /// Waits until every object is known: before that, nobody can say who is the eldest. A namespace that may not be read
    /// stops nobody else: its objects are not looked after from here.
    pub(crate) async fn known(&self) {
        join_all(self.0.iter().map(|(store, unreadable)| async {
            tokio::select! {
                // An error means that the watch has ended, and so will whoever waits here.
                _ = store.wait_until_ready() => {}
                () = unreadable.cancelled() => {}
            }
        }))
        .await;
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<K>> {
        self.0.iter().flat_map(|(store, _)| store.state()).collect()
    }

    /// One of which this holds. Each pass looks at all: nothing is copied.
    pub(crate) fn find(&self, is: impl Fn(&K) -> bool) -> Option<Arc<K>> {
        self.0.iter().find_map(|(store, _)| store.find(&is))
    }

    /// Whether the object with this uid is there.
    pub(crate) fn has(&self, uid: &str) -> bool {
        self.find(|object| object.meta().uid.as_deref() == Some(uid))
            .is_some()
    }
}

/// The object as it is known.
pub(crate) fn find<K: Resource<DynamicType = ()> + Clone>(store: &Store<K>, item: &Ref) -> Option<Arc<K>> {
    store.get(&ObjectRef::new(&item.name).within(&item.namespace))
}

/// When an object was created; of two that were created in the same second, the one with the smaller uid is the elder.
pub(crate) fn age(meta: &ObjectMeta) -> (Option<Timestamp>, Option<&str>) {
    let created = meta.creation_timestamp.as_ref().map(|time| time.0);
    (created, meta.uid.as_deref())
}
