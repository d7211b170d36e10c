//! Deletions under way, and since when each is tried.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// When each object's deletion was first tried, by uid. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Deletions(Arc<Mutex<HashMap<String, Instant>>>);

impl Deletions {
    /// How long the deletion has been tried; nothing at the first time.
    pub(super) fn tried_for(&self, uid: &str, now: Instant) -> Duration {
        let first = *self.lock().entry(uid.to_owned()).or_insert(now);
        now.saturating_duration_since(first)
    }

    /// The object is let go.
    pub(super) fn end(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        // A map of values is whole at every step, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
