//! When each object is looked at next: at once when something happened to it, else when its time has come.
//!
//! kube's own scheduler runs on tokio's clock, which a test cannot move; this one runs on ours.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{Stream, stream};
use kube::{Resource, ResourceExt};
use tokio::sync::Notify;

use super::Next;
use crate::clock::Clock;

const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_mins(10);

/// An object, by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ref {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Ref {
    pub(super) fn of(object: &impl Resource) -> Self {
        Self {
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
        }
    }
}

/// The objects of one kind, each with at most one due time.
pub(super) struct Queue<T> {
    clock: Clock,
    state: Arc<Mutex<State<T>>>,
    changed: Arc<Notify>,
    random: RandomState,
}

struct State<T> {
    due: BTreeSet<(Instant, T)>,
    entries: HashMap<T, Entry>,
}

#[derive(Default)]
struct Entry {
    due: Option<Instant>,
    failures: u32,
    /// Counts what happened to the object, so that the end of a pass does not hide what happened during it.
    happened: u64,
}

impl<T: Clone + Ord + Hash> Queue<T> {
    pub(super) fn new(clock: Clock) -> Self {
        let state = State {
            due: BTreeSet::new(),
            entries: HashMap::new(),
        };
        Self {
            clock,
            state: Arc::new(Mutex::new(state)),
            changed: Arc::default(),
            random: RandomState::new(),
        }
    }

    /// Something happened to the object: it is due at once, and former failures do not count.
    pub(super) fn now(&self, item: &T) {
        let now = self.clock.instant();
        self.with(item, |entry| {
            entry.failures = 0;
            entry.happened += 1;
            Some(now)
        });
    }

    /// The object is gone.
    pub(super) fn forget(&self, item: &T) {
        let mut state = self.lock();
        if let Some(due) = state.entries.remove(item).and_then(|entry| entry.due) {
            state.due.remove(&(due, item.clone()));
        }
    }

    /// What has happened to the object so far; a pass takes it along to [`Self::done`].
    pub(super) fn happened(&self, item: &T) -> u64 {
        self.lock().entries.get(item).map_or(0, |entry| entry.happened)
    }

    /// A pass ended that began when `happened` had happened. An object that is gone since is not looked at again.
    pub(super) fn done(&self, item: &T, next: Next, happened: u64) {
        let now = self.clock.instant();
        // A part between 0 and 1 that differs from object to object and from time to time, so that many objects
        // do not stay in step.
        let part = (self.random.hash_one((item, now)) % 1000) as u32;
        if !self.lock().entries.contains_key(item) {
            return;
        }
        self.with(item, |entry| {
            let after = match next {
                Next::Check(interval) => {
                    entry.failures = 0;
                    interval.saturating_sub(interval / 10 * part / 1000)
                }
                Next::Poll(after) => after,
                Next::Retry(at_least) => {
                    let backoff = FIRST_RETRY * 2_u32.pow(entry.failures.min(10));
                    entry.failures += 1;
                    let backoff = backoff.min(LONGEST_RETRY);
                    // Never sooner than the other side allows: the spread is added.
                    let wait = backoff.max(at_least.unwrap_or_default());
                    wait + wait.min(LONGEST_RETRY) / 10 * part / 1000
                }
            };
            if entry.happened == happened {
                Some(now + after)
            } else {
                Some(now)
            }
        });
    }

    /// The objects whose time has come, one after the other.
    pub(super) fn due(self: Arc<Self>) -> impl Stream<Item = T> {
        stream::unfold(self, |queue| async move {
            loop {
                let changed = Arc::clone(&queue.changed).notified_owned();
                let next = {
                    let mut state = queue.lock();
                    match state.due.first().cloned() {
                        Some((due, item)) if due <= queue.clock.instant() => {
                            state.due.remove(&(due, item.clone()));
                            if let Some(entry) = state.entries.get_mut(&item) {
                                entry.due = None;
                            }
                            drop(state);
                            return Some((item, queue));
                        }
                        first => first.map(|(due, _)| due),
                    }
                };
                match next {
                    Some(due) => {
                        tokio::select! { () = queue.clock.sleep_until(due) => {}, () = changed => {} }
                    }
                    None => changed.await,
                }
            }
        })
    }

    fn with(&self, item: &T, change: impl FnOnce(&mut Entry) -> Option<Instant>) {
        let mut state = self.lock();
        let State { due, entries } = &mut *state;
        let entry = entries.entry(item.clone()).or_default();
        if let Some(before) = entry.due.take() {
            due.remove(&(before, item.clone()));
        }
        entry.due = change(entry);
        if let Some(at) = entry.due {
            due.insert((at, item.clone()));
        }
        drop(state);
        self.changed.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};

    use super::*;

    fn first(queue: &Arc<Queue<&'static str>>) -> Option<&'static str> {
        Box::pin(Arc::clone(queue).due()).next().now_or_never().flatten()
    }

    #[tokio::test]
    async fn what_happens_is_due_at_once_and_a_check_only_after_its_interval() {
        let (clock, control) = Clock::controlled();
        let queue = Arc::new(Queue::new(clock));
        queue.now(&"a");
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Next::Check(Duration::from_mins(10)), 1);
        control.advance(Duration::from_mins(8));
        assert_eq!(first(&queue), None);
        control.advance(Duration::from_mins(2));
        assert_eq!(first(&queue), Some("a"));
    }

    #[tokio::test]
    async fn what_happens_during_a_pass_is_not_hidden_by_its_end() {
        let queue = Arc::new(Queue::new(Clock::system()));
        queue.now(&"a");
        assert_eq!(first(&queue), Some("a"));
        let happened = queue.happened(&"a");
        queue.now(&"a");
        queue.done(&"a", Next::Check(Duration::from_mins(10)), happened);
        assert_eq!(first(&queue), Some("a"));
    }

    #[tokio::test]
    async fn retries_come_later_and_later_and_never_before_they_are_allowed() {
        let (clock, control) = Clock::controlled();
        let queue = Arc::new(Queue::new(clock));
        queue.now(&"a");
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Next::Retry(None), 1);
        control.advance(Duration::from_secs(6));
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Next::Retry(None), 1);
        control.advance(Duration::from_secs(9));
        assert_eq!(first(&queue), None);
        control.advance(Duration::from_secs(2));
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Next::Retry(Some(Duration::from_hours(2))), 1);
        control.advance(Duration::from_mins(119));
        assert_eq!(first(&queue), None);
    }
}
