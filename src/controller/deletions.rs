//! Current deletions, and how much longer each is tried.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// How long a deletion waits for its tenant, from the first try of this process on. Time in which the operator was
/// down does not count, and the clock of `deletionTimestamp` does not matter.
const PATIENCE: Duration = Duration::from_mins(5);
/// The same, while a promotion lock is in the way.
const PATIENCE_WITH_A_LOCK: Duration = Duration::from_mins(30);

/// No deletion takes so long.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(2);

/// The deletions by uid. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Deletions(Arc<Mutex<HashMap<String, Tried>>>);

#[derive(Clone, Copy)]
struct Tried {
    first: Instant,
    /// When a lock was last seen in the way.
    locked: Option<Instant>,
}

impl Deletions {
    /// A try begins.
    pub(super) fn begin(&self, uid: &str, now: Instant) {
        let mut all = self.0.lock();
        // Somebody else may have removed an object's finalizer, and no event names its uid.
        all.retain(|_, tried| now.saturating_duration_since(tried.first) < FORGOTTEN_AFTER);
        all.entry(uid.to_owned()).or_insert(Tried {
            first: now,
            locked: None,
        });
    }

    /// A try has met a lock. When it is gone, the time counts from the beginning.
    pub(super) fn met_a_lock(&self, uid: &str, now: Instant) {
        if let Some(tried) = self.0.lock().get_mut(uid) {
            tried.locked = Some(now);
        }
    }

    /// How much longer it is tried; `None` if it has not begun.
    pub(super) fn remaining(&self, uid: &str, now: Instant) -> Duration {
        let tried = self.0.lock().get(uid).copied();
        tried.map_or(Duration::ZERO, |Tried { first, locked }| {
            let left =
                |patience: Duration, since| patience.saturating_sub(now.saturating_duration_since(since));
            match locked {
                None => left(PATIENCE, first),
                Some(locked) => left(PATIENCE, locked).min(left(PATIENCE_WITH_A_LOCK, first)),
            }
        })
    }

    /// The finalizer is removed.
    pub(super) fn end(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_waited_for_five_minutes_and_a_lock_half_an_hour() {
        let deletions = Deletions::default();
        let start = Instant::now();
        let at = |minutes| start + Duration::from_mins(minutes);
        let left = |minutes| deletions.remaining("u", at(minutes)).as_secs() / 60;
        assert_eq!(left(0), 0, "it has not begun");
        deletions.begin("u", at(0));
        assert_eq!((left(0), left(4), left(5)), (5, 1, 0));
        for minutes in 1..=29 {
            deletions.met_a_lock("u", at(minutes));
            deletions.begin("u", at(minutes));
            assert!(left(minutes) > 0, "{minutes}");
        }
        assert_eq!(left(30), 0, "no longer than half an hour in all");
        deletions.end("u");
        deletions.begin("u", at(60));
        deletions.met_a_lock("u", at(61));
        assert_eq!((left(62), left(66)), (4, 0), "unlocked, and the tenant is away");
    }
}
