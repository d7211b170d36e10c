//! Turns: so many at once and no more, for each of many places. A place that answers nobody holds up nobody else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Passes that one tenant is asked by at once.
const AT_ONCE: usize = 8;

/// Turns by place. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, Arc<Semaphore>>>>);

impl Turns {
    /// Waits for a turn at a place; it ends when what is returned is dropped.
    pub(super) async fn take(&self, place: &str) -> Option<OwnedSemaphorePermit> {
        let semaphore = {
            // A map of Arcs is whole at every step, so a panic elsewhere does not spoil it.
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            places.retain(|known, semaphore| known == place || Arc::strong_count(semaphore) > 1);
            let new = || Arc::new(Semaphore::new(AT_ONCE));
            Arc::clone(places.entry(place.to_owned()).or_insert_with(new))
        };
        // `None` only of a semaphore that is closed, and none ever is.
        semaphore.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_place_that_is_full_holds_up_nobody_elsewhere() {
        let turns = Turns::default();
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(turns.take("dead").await);
        }
        assert!(turns.take("dead").now_or_never().is_none());
        assert!(turns.take("alive").now_or_never().is_some());
        held.pop();
        assert!(turns.take("dead").now_or_never().is_some());
    }
}
