//! Every secret the network ever handed out, so that a test can search logs, events and status for them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Clones share one collection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markers(Arc<Mutex<BTreeSet<String>>>);

impl Markers {
    pub(crate) fn add(&self, secret: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(secret.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
