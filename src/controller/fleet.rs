//! All integrations that are watched, in whichever namespace.

use std::sync::Arc;

use futures::future::join_all;
use kube::{Resource, runtime::reflector::Store};

use crate::api::AICIntegration;

/// The caches of all watched namespaces. Clones are the same.
#[derive(Clone)]
pub(super) struct Fleet(Arc<[Store<AICIntegration>]>);

impl Fleet {
    pub(super) fn new(stores: impl IntoIterator<Item = Store<AICIntegration>>) -> Self {
        Self(stores.into_iter().collect())
    }

    /// Waits until every integration is known: before that, nobody can say who is the eldest.
    pub(super) async fn known(&self) {
        // An error means that the watch has ended, and so will whoever waits here.
        let _ = join_all(self.0.iter().map(Store::wait_until_ready)).await;
    }

    /// All of them.
    pub(super) fn integrations(&self) -> Vec<Arc<AICIntegration>> {
        self.0.iter().flat_map(Store::state).collect()
    }

    /// Whether the object with this uid is there.
    pub(super) fn has(&self, uid: &str) -> bool {
        self.integrations()
            .iter()
            .any(|integration| integration.meta().uid.as_deref() == Some(uid))
    }
}
