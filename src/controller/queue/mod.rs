//! When each object is looked at next, and whose turn comes first: at once when something happened to it, else when its
//! time has come, never by two passes at a time, and by a few at a time for one place. Who waits here holds nothing.
//!
//! kube's own scheduler runs on tokio's clock, which a test cannot move; this one runs on ours.

mod entry;
mod rooms;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{Stream, stream};
use kube::Resource;
use tokio::sync::Notify;

use self::{
    entry::{Entry, Pass, When},
    rooms::Rooms,
};
use super::Next;
use crate::{clock::Clock, http::Lane, runtime::QueueLoad};

/// An object, by namespace and name. It is kept in several places: clones share their texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ref {
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
}

impl Ref {
    pub(super) fn of(object: &impl Resource) -> Self {
        let meta = object.meta();
        Self {
            namespace: meta.namespace.as_deref().unwrap_or_default().into(),
            name: meta.name.as_deref().unwrap_or_default().into(),
        }
    }

    /// Whether an object is in the same namespace.
    pub(super) fn is_beside(&self, object: &impl Resource) -> bool {
        object.meta().namespace.as_deref() == Some(&*self.namespace)
    }
}

/// The objects of one kind, each with at most one due time.
pub(super) struct Queue<T> {
    clock: Clock,
    state: Mutex<State<T>>,
    changed: Arc<Notify>,
    random: RandomState,
}

struct State<T> {
    entries: HashMap<T, Entry>,
    /// What is not due yet.
    later: BTreeSet<(Instant, T)>,
    /// What is due.
    rooms: Rooms<T>,
}

/// An object whose turn has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due<T> {
    pub(super) item: T,
    pub(super) lane: Lane,
    /// How long it was due.
    pub(super) waited: Duration,
}

impl<T: Clone + Ord + Hash> Queue<T> {
    /// A queue from which so many passes at a time go to one place.
    pub(super) fn new(clock: Clock, at_once: usize) -> Self {
        let state = State {
            entries: HashMap::new(),
            later: BTreeSet::new(),
            rooms: Rooms::new(at_once),
        };
        Self {
            clock,
            state: Mutex::new(state),
            changed: Arc::default(),
            random: RandomState::new(),
        }
    }

    /// Something happened to the object: it is due at once, and former failures do not count.
    pub(super) fn now(&self, item: &T, place: &str, lane: Lane) {
        let now = self.clock.instant();
        let mut state = self.lock();
        let place = state.rooms.place(place);
        state.change(item, |entry| {
            entry.place = place;
            entry.failures = 0;
            let lane = match (entry.pass, entry.when) {
                (Pass::None, When::Waiting(_)) | (Pass::Outdated, _) => entry.lane.min(lane),
                _ => lane,
            };
            entry.lane = lane;
            entry.is_news = true;
            if entry.pass != Pass::None {
                entry.pass = Pass::Outdated;
            } else if !matches!(entry.when, When::Waiting(_)) {
                entry.when = When::Waiting(now);
            }
        });
        drop(state);
        self.changed.notify_one();
    }

    /// The object is gone.
    pub(super) fn forget(&self, item: &T) {
        let mut state = self.lock();
        state.change(item, |entry| {
            entry.when = When::Never;
            if entry.pass != Pass::None {
                entry.pass = Pass::Bereft;
            }
        });
    }

    /// A pass ended, and tells when the next one comes; none without news of the object, nor for one that is gone.
    pub(super) fn done(&self, item: &T, next: Next) {
        let now = self.clock.instant();
        // A part between 0 and 1 that differs from object to object and from time to time, so that many objects
        // do not stay in step.
        let part = (self.random.hash_one((item, now)) % 1000) as u32;
        let mut state = self.lock();
        if let Some(place) = state.entries.get_mut(item).and_then(|entry| entry.entered.take()) {
            state.rooms.leave(&place);
        }
        state.change(item, |entry| entry.done(next, part, now));
        drop(state);
        self.changed.notify_one();
    }

    /// Passes begin: whoever was due before that waits for its turn from now on, in the lane that it has now.
    pub(super) fn begin(&self, lane: impl Fn(&T) -> Option<Lane>) {
        let now = self.clock.instant();
        let mut state = self.lock();
        state.ripen(now);
        for item in state.rooms.waiting() {
            let lane = lane(&item);
            state.change(&item, |entry| {
                entry.when = When::Waiting(now);
                entry.lane = lane.unwrap_or(entry.lane);
            });
        }
    }

    /// How many objects are due and wait for their turn, by lane, and how many passes are under way.
    pub(super) fn load(&self) -> QueueLoad {
        let mut state = self.lock();
        state.ripen(self.clock.instant());
        QueueLoad {
            waiting: state.rooms.depth(),
            under_way: state.rooms.under_way(),
        }
    }

    /// Objects that something happened to, that have waited for their turn for this long since, and that have not been
    /// told so.
    pub(super) fn waits_for(&self, long: Duration) -> Vec<T> {
        let now = self.clock.instant();
        let mut state = self.lock();
        state.ripen(now);
        let State { entries, rooms, .. } = &mut *state;
        let mut waiting = rooms.waiting_for(long, now);
        waiting.retain(|item| entries.get(item).is_some_and(|entry| entry.is_news));
        waiting
    }

    /// Keeps an object that waits from having its turn, until it is put back: since when it waits. `None` if its turn
    /// has come.
    pub(super) fn hold(&self, item: &T) -> Option<Instant> {
        let mut held = None;
        self.lock().change(item, |entry| {
            if let (Pass::None, When::Waiting(since)) = (entry.pass, entry.when) {
                held = Some(since);
                entry.when = When::Never;
                entry.pass = Pass::UnderWay {
                    waited: Duration::ZERO,
                };
            }
        });
        held
    }

    /// Puts an object that was held back into its place.
    pub(super) fn put_back(&self, item: &T, since: Instant, is_told: bool) {
        self.lock().change(item, |entry| {
            let pass = std::mem::replace(&mut entry.pass, Pass::None);
            entry.is_news &= !is_told;
            entry.when = match pass {
                Pass::Bereft => When::Never,
                _ => When::Waiting(since),
            };
        });
        self.changed.notify_one();
    }

    /// The objects whose turn has come, one after the other. Each pass over one ends with [`Self::done`].
    pub(super) fn due(self: Arc<Self>) -> impl Stream<Item = Due<T>> {
        stream::unfold(self, |queue| async move {
            loop {
                let changed = Arc::clone(&queue.changed).notified_owned();
                let next = queue.lock().take(queue.clock.instant());
                match next {
                    Ok(due) => return Some((due, queue)),
                    Err(Some(due)) => {
                        tokio::select! { () = queue.clock.sleep_until(due) => {}, () = changed => {} }
                    }
                    Err(None) => changed.await,
                }
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Every critical section leaves the state whole, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Ord + Hash> State<T> {
    /// The object whose turn it is, whose pass begins with it; else when the next one is due.
    fn take(&mut self, now: Instant) -> Result<Due<T>, Option<Instant>> {
        self.ripen(now);
        let Some((lane, since, item)) = self.rooms.next() else {
            return Err(self.later.first().map(|(due, _)| *due));
        };
        let waited = now.saturating_duration_since(since);
        self.change(&item, |entry| {
            entry.when = When::Never;
            entry.is_news = false;
            entry.pass = Pass::UnderWay { waited };
            entry.entered = Some(Arc::clone(&entry.place));
        });
        if let Some(entry) = self.entries.get(&item) {
            self.rooms.enter(&entry.place);
        }
        Ok(Due { item, lane, waited })
    }

    /// What has become due waits for its turn from then on.
    fn ripen(&mut self, now: Instant) {
        while let Some((due, item)) = self.later.first().filter(|(due, _)| *due <= now).cloned() {
            self.change(&item, |entry| entry.when = When::Waiting(due));
        }
    }

    /// Changes an object's entry, and keeps it where it belongs. One that nothing is to come of is forgotten.
    fn change(&mut self, item: &T, change: impl FnOnce(&mut Entry)) {
        let Self {
            entries,
            later,
            rooms,
        } = self;
        let entry = entries.entry(item.clone()).or_default();
        match entry.when {
            When::Never => {}
            When::Later(due) => drop(later.remove(&(due, item.clone()))),
            When::Waiting(since) => rooms.remove(&entry.place, &(entry.lane, since, item.clone())),
        }
        change(entry);
        match entry.when {
            When::Never if entry.pass == Pass::None => drop(entries.remove(item)),
            When::Never => {}
            When::Later(due) => drop(later.insert((due, item.clone()))),
            When::Waiting(since) => rooms.insert(&entry.place, (entry.lane, since, item.clone())),
        }
    }
}
