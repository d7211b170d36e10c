//! All watched objects of a kind, in all namespaces.

use std::sync::Arc;

use futures::future::join_all;
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp};
use kube::{
    Resource,
    runtime::reflector::{ObjectRef, Store},
};
use tokio_util::sync::CancellationToken;

use super::queue::Ref;

/// The caches of all watched namespaces. Each has a token that is cancelled if the API server does not let the
/// operator read the namespace. Clones share one state.
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

    /// Waits until all caches are filled: before that, nobody knows which object is the oldest. A namespace that the
    /// operator may not read delays no other.
    pub(crate) async fn known(&self) {
        join_all(self.0.iter().map(|(store, unreadable)| async {
            tokio::select! {
                // An error means that the watch has ended. The caller ends with it.
                _ = store.wait_until_ready() => {}
                () = unreadable.cancelled() => {}
            }
        }))
        .await;
    }

    /// All objects.
    pub(crate) fn all(&self) -> Vec<Arc<K>> {
        self.0.iter().flat_map(|(store, _)| store.state()).collect()
    }

    /// The first object that satisfies this. Every reconciliation searches all objects, so nothing is copied.
    pub(crate) fn find(&self, is: impl Fn(&K) -> bool) -> Option<Arc<K>> {
        self.0.iter().find_map(|(store, _)| store.find(&is))
    }

    /// Whether there is an object with this uid.
    pub(crate) fn has(&self, uid: &str) -> bool {
        self.find(|object| object.meta().uid.as_deref() == Some(uid))
            .is_some()
    }
}

/// The object as the cache has it.
pub(crate) fn find<K: Resource<DynamicType = ()> + Clone>(store: &Store<K>, item: &Ref) -> Option<Arc<K>> {
    store.get(&ObjectRef::new(&item.name).within(&item.namespace))
}

/// An object's age. Of two objects that were created in the same second, the one with the smaller uid counts as
/// older.
pub(crate) fn age(meta: &ObjectMeta) -> (Option<Timestamp>, Option<&str>) {
    let created = meta.creation_timestamp.as_ref().map(|time| time.0);
    (created, meta.uid.as_deref())
}
