//! When each object is looked at next: at once when something happened to it, else when its time has come, and never
//! by two passes at a time.
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
    state: Mutex<State<T>>,
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
    pass: Pass,
}

/// Whether a pass over the object is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pass {
    #[default]
    None,
    UnderWay,
    /// Something has happened since it began, which its end must not hide.
    Outdated,
    /// The object is gone since it began.
    Bereft,
}

/// An object whose turn has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due<T> {
    pub(super) item: T,
    /// Since when it was due.
    pub(super) since: Instant,
}

impl<T: Clone + Ord + Hash> Queue<T> {
    pub(super) fn new(clock: Clock) -> Self {
        let state = State {
            due: BTreeSet::new(),
            entries: HashMap::new(),
        };
        Self {
            clock,
            state: Mutex::new(state),
            changed: Arc::default(),
            random: RandomState::new(),
        }
    }

    /// Something happened to the object: it is due at once, and former failures do not count.
    pub(super) fn now(&self, item: &T) {
        let now = self.clock.instant();
        self.lock().change(item, |entry| {
            entry.failures = 0;
            if entry.pass == Pass::None {
                entry.due = entry.due.map_or(Some(now), |due| Some(due.min(now)));
            } else {
                entry.pass = Pass::Outdated;
            }
        });
        self.changed.notify_one();
    }

    /// The object is gone.
    pub(super) fn forget(&self, item: &T) {
        let mut state = self.lock();
        state.change(item, |entry| {
            entry.due = None;
            if entry.pass != Pass::None {
                entry.pass = Pass::Bereft;
            }
        });
        if state
            .entries
            .get(item)
            .is_some_and(|entry| entry.pass == Pass::None)
        {
            state.entries.remove(item);
        }
    }

    /// A pass ended, and tells when the next one comes; none without news of the object, nor for one that is gone.
    pub(super) fn done(&self, item: &T, next: Option<Next>) {
        let now = self.clock.instant();
        // A part between 0 and 1 that differs from object to object and from time to time, so that many objects
        // do not stay in step.
        let part = (self.random.hash_one((item, now)) % 1000) as u32;
        let mut state = self.lock();
        state.change(item, |entry| {
            let after = next.map(|next| entry.after(next, part));
            entry.due = match entry.pass {
                Pass::Outdated => Some(now),
                Pass::Bereft => None,
                Pass::UnderWay | Pass::None => after.map(|after| now + after),
            };
            entry.pass = Pass::None;
        });
        if state.entries.get(item).is_some_and(|entry| entry.due.is_none()) {
            state.entries.remove(item);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// How many objects are due, and not looked at yet.
    pub(super) fn depth(&self) -> usize {
        let now = self.clock.instant();
        self.lock().due.iter().take_while(|(due, _)| *due <= now).count()
    }

    /// The objects whose time has come, one after the other. Each pass over one ends with [`Self::done`].
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

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// How long until the next pass; `part` of a thousand is its spread.
    fn after(&mut self, next: Next, part: u32) -> Duration {
        match next {
            Next::Check(interval) => {
                self.failures = 0;
                interval.saturating_sub(interval / 10 * part / 1000)
            }
            Next::Poll(after) => after,
            Next::Retry(at_least) => {
                let backoff = FIRST_RETRY * 2_u32.pow(self.failures.min(10));
                self.failures += 1;
                let backoff = backoff.min(LONGEST_RETRY);
                // Never sooner than the other side allows: the spread is added.
                let wait = backoff.max(at_least.unwrap_or_default());
                wait + wait.min(LONGEST_RETRY) / 10 * part / 1000
            }
        }
    }
}

impl<T: Clone + Ord + Hash> State<T> {
    /// The first object that is due, whose pass begins with it; else when one will be.
    fn take(&mut self, now: Instant) -> Result<Due<T>, Option<Instant>> {
        let Some((since, item)) = self.due.first().cloned() else {
            return Err(None);
        };
        if since > now {
            return Err(Some(since));
        }
        self.change(&item, |entry| {
            entry.due = None;
            entry.pass = Pass::UnderWay;
        });
        Ok(Due { item, since })
    }

    /// Changes an object's entry, and keeps the order of what is due.
    fn change(&mut self, item: &T, change: impl FnOnce(&mut Entry)) {
        let Self { due, entries } = self;
        let entry = entries.entry(item.clone()).or_default();
        let before = entry.due;
        change(entry);
        if let Some(before) = before {
            due.remove(&(before, item.clone()));
        }
        if let Some(at) = entry.due {
            due.insert((at, item.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};

    use super::*;

    fn first(queue: &Arc<Queue<&'static str>>) -> Option<&'static str> {
        let due = Box::pin(Arc::clone(queue).due()).next().now_or_never();
        due.flatten().map(|due| due.item)
    }

    #[tokio::test]
    async fn what_happens_is_due_at_once_and_a_check_only_after_its_interval() {
        let (clock, control) = Clock::controlled();
        let queue = Arc::new(Queue::new(clock));
        queue.now(&"a");
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Some(Next::Check(Duration::from_mins(10))));
        control.advance(Duration::from_mins(8));
        assert_eq!(first(&queue), None);
        control.advance(Duration::from_mins(2));
        assert_eq!(first(&queue), Some("a"));
    }

    #[tokio::test]
    async fn what_happens_during_a_pass_waits_for_its_end_and_is_not_hidden_by_it() {
        let queue = Arc::new(Queue::new(Clock::system()));
        queue.now(&"a");
        assert_eq!(queue.depth(), 1);
        assert_eq!(first(&queue), Some("a"));
        queue.now(&"a");
        assert_eq!(first(&queue), None, "never two at a time");
        queue.done(&"a", Some(Next::Check(Duration::from_mins(10))));
        assert_eq!(queue.depth(), 1);
        assert_eq!(first(&queue), Some("a"));
    }

    #[tokio::test]
    async fn an_object_that_is_gone_is_looked_at_again_only_if_it_comes_back() {
        let queue = Arc::new(Queue::new(Clock::system()));
        queue.now(&"a");
        assert_eq!(first(&queue), Some("a"));
        queue.forget(&"a");
        queue.done(&"a", Some(Next::Poll(Duration::ZERO)));
        assert_eq!(first(&queue), None);
        queue.now(&"a");
        assert_eq!(first(&queue), Some("a"));
        queue.forget(&"a");
        queue.now(&"a");
        assert_eq!(first(&queue), None, "the pass over its predecessor is under way");
        queue.done(&"a", Some(Next::Check(Duration::from_mins(10))));
        assert_eq!(first(&queue), Some("a"));
    }

    #[tokio::test]
    async fn retries_come_later_and_later_and_never_before_they_are_allowed() {
        let (clock, control) = Clock::controlled();
        let queue = Arc::new(Queue::new(clock));
        queue.now(&"a");
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Some(Next::Retry(None)));
        control.advance(Duration::from_secs(6));
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Some(Next::Retry(None)));
        control.advance(Duration::from_secs(9));
        assert_eq!(first(&queue), None);
        control.advance(Duration::from_secs(2));
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", Some(Next::Retry(Some(Duration::from_hours(2)))));
        control.advance(Duration::from_mins(119));
        assert_eq!(first(&queue), None);
    }
}
