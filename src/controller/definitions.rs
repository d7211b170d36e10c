//! What was found of the definitions in the cluster.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Which definitions in the cluster keep all of this version's status. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Definitions(Arc<Mutex<BTreeSet<String>>>);

impl Definitions {
    pub(super) fn kept(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A set is whole at every step, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
