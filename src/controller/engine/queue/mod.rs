//! The queue of a kind: when each object is reconciled next, and in which order. No object is reconciled twice at a
//! time, only a few objects of a host are, and one that waits holds no resources.
//!
//! kube-runtime's scheduler uses tokio's clock, which a test cannot move. This one uses `Clock`.

mod entry;
mod per_host;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{Stream, stream};
use kube::Resource;
use parking_lot::Mutex;
use tokio::sync::Notify;

use self::{
    entry::{Entry, Pass, Schedule},
    per_host::PerHost,
};
use super::{requeue::When, status::HasStatus};
use crate::{
    api::{REQUESTED_AT_ANNOTATION, conditions::READY},
    clock::Clock,
    http::Priority,
    runtime::QueueLoad,
};

/// An object's namespace and name. It is kept in several places, so clones share the strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ref {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl Ref {
    pub(crate) fn of(object: &impl Resource) -> Self {
        let meta = object.meta();
        Self {
            namespace: meta.namespace.as_deref().unwrap_or_default().into(),
            name: meta.name.as_deref().unwrap_or_default().into(),
        }
    }

    /// Whether an object is in the same namespace.
    pub(crate) fn is_beside(&self, object: &impl Resource) -> bool {
        object.meta().namespace.as_deref() == Some(&*self.namespace)
    }
}

/// An object's priority. A settled object that this process sees for the first time only needs a check.
pub(crate) fn priority_of<K: HasStatus>(object: &K, is_news: bool) -> Priority {
    let Some(conditions) = object.status().map(K::conditions).filter(|all| !all.is_empty()) else {
        return Priority::New;
    };
    let is_settled = conditions
        .get(READY)
        .is_some_and(|ready| ready.status == "True" && ready.observed_generation == object.meta().generation);
    let requested = object
        .meta()
        .annotations
        .as_ref()
        .and_then(|all| all.get(REQUESTED_AT_ANNOTATION));
    let is_asked_for = requested != object.status().and_then(K::last_handled_request);
    if is_settled && !is_news && !is_asked_for {
        Priority::Check
    } else {
        Priority::Change
    }
}

/// The objects of one kind, each with at most one due time.
pub(crate) struct Queue<T> {
    clock: Clock,
    state: Mutex<State<T>>,
    changed: Arc<Notify>,
    random: RandomState,
}

struct State<T> {
    entries: HashMap<T, Entry>,
    /// Objects that are not due yet.
    later: BTreeSet<(Instant, T)>,
    /// Objects that are due.
    per_host: PerHost<T>,
}

/// An object to reconcile now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Due<T> {
    pub(crate) item: T,
    pub(crate) priority: Priority,
    /// How long it was due.
    pub(crate) waited: Duration,
}

impl<T: Clone + Ord + Hash> Queue<T> {
    /// A queue that allows so many reconciliations at a time for each host.
    pub(crate) fn new(clock: Clock, at_once: usize) -> Self {
        let state = State {
            entries: HashMap::new(),
            later: BTreeSet::new(),
            per_host: PerHost::new(at_once),
        };
        Self {
            clock,
            state: Mutex::new(state),
            changed: Arc::default(),
            random: RandomState::new(),
        }
    }

    /// The object has changed. It is due at once, and former failures do not count.
    pub(crate) fn now(&self, item: &T, host_key: &str, priority: Priority) {
        let now = self.clock.instant();
        let mut state = self.state.lock();
        let host_key = state.per_host.key(host_key);
        state.change(item, |entry| {
            entry.host_key = host_key;
            entry.failures = 0;
            let priority = match (entry.pass, entry.schedule) {
                (Pass::None, Schedule::Waiting(_)) | (Pass::Outdated, _) => entry.priority.min(priority),
                _ => priority,
            };
            entry.priority = priority;
            entry.is_news = true;
            if entry.pass != Pass::None {
                entry.pass = Pass::Outdated;
            } else if !matches!(entry.schedule, Schedule::Waiting(_)) {
                entry.schedule = Schedule::Waiting(now);
            }
        });
        drop(state);
        self.changed.notify_one();
    }

    /// The object was deleted.
    pub(crate) fn forget(&self, item: &T) {
        let mut state = self.state.lock();
        state.change(item, |entry| {
            entry.schedule = Schedule::Never;
            if entry.pass != Pass::None {
                entry.pass = Pass::Deleted;
            }
        });
    }

    /// A reconciliation ended and says when the next one is due. A change since then comes first; a deleted object
    /// has none.
    pub(crate) fn done(&self, item: &T, next: When) {
        let now = self.clock.instant();
        // A random part that differs from object to object and from time to time, so that many objects do not stay in
        // step.
        let part = (self.random.hash_one((item, now)) % 1000) as u32;
        let mut state = self.state.lock();
        if let Some(host_key) = state.entries.get_mut(item).and_then(|entry| entry.entered.take()) {
            state.per_host.leave(&host_key);
        }
        state.change(item, |entry| entry.done(next, part, now));
        drop(state);
        self.changed.notify_one();
    }

    /// Reconciliations begin. Objects that were due before wait from now on, with the priority that they have now.
    pub(crate) fn begin(&self, priority: impl Fn(&T) -> Option<Priority>) {
        let now = self.clock.instant();
        let mut state = self.state.lock();
        state.ripen(now);
        for item in state.per_host.waiting() {
            let priority = priority(&item);
            state.change(&item, |entry| {
                entry.schedule = Schedule::Waiting(now);
                entry.priority = priority.unwrap_or(entry.priority);
            });
        }
    }

    /// How many objects are due and wait, by priority, and how many are being reconciled.
    pub(crate) fn load(&self) -> QueueLoad {
        let mut state = self.state.lock();
        state.ripen(self.clock.instant());
        QueueLoad {
            waiting: state.per_host.depth(),
            under_way: state.per_host.under_way(),
        }
    }

    /// Changed objects that have waited this long and whose status does not say so yet.
    pub(crate) fn waits_for(&self, long: Duration) -> Vec<T> {
        let now = self.clock.instant();
        let mut state = self.state.lock();
        state.ripen(now);
        let State {
            entries, per_host, ..
        } = &mut *state;
        let mut waiting = per_host.waiting_for(long, now);
        waiting.retain(|item| entries.get(item).is_some_and(|entry| entry.is_news));
        waiting
    }

    /// Takes a waiting object out until it is put back. Returns since when it waits; `None` if it is not waiting any
    /// more.
    pub(crate) fn hold(&self, item: &T) -> Option<Instant> {
        let mut held = None;
        self.state.lock().change(item, |entry| {
            if let (Pass::None, Schedule::Waiting(since)) = (entry.pass, entry.schedule) {
                held = Some(since);
                entry.schedule = Schedule::Never;
                entry.pass = Pass::UnderWay {
                    waited: Duration::ZERO,
                };
            }
        });
        held
    }

    /// Puts an object that was taken out back into its queue.
    pub(crate) fn put_back(&self, item: &T, since: Instant, is_told: bool) {
        self.state.lock().change(item, |entry| {
            let pass = std::mem::replace(&mut entry.pass, Pass::None);
            entry.is_news &= !is_told;
            entry.schedule = match pass {
                Pass::Deleted => Schedule::Never,
                _ => Schedule::Waiting(since),
            };
        });
        self.changed.notify_one();
    }

    /// The objects to reconcile, one after the other. Each reconciliation ends with [`Self::done`].
    pub(crate) fn due(self: Arc<Self>) -> impl Stream<Item = Due<T>> {
        stream::unfold(self, |queue| async move {
            loop {
                let changed = Arc::clone(&queue.changed).notified_owned();
                let next = queue.state.lock().take(queue.clock.instant());
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
}

impl<T: Clone + Ord + Hash> State<T> {
    /// The next object, whose reconciliation begins here; else when the next one is due.
    fn take(&mut self, now: Instant) -> Result<Due<T>, Option<Instant>> {
        self.ripen(now);
        let Some((priority, since, item)) = self.per_host.next() else {
            return Err(self.later.first().map(|(due, _)| *due));
        };
        let waited = now.saturating_duration_since(since);
        self.change(&item, |entry| {
            entry.schedule = Schedule::Never;
            entry.is_news = false;
            entry.pass = Pass::UnderWay { waited };
            entry.entered = Some(Arc::clone(&entry.host_key));
        });
        if let Some(entry) = self.entries.get(&item) {
            self.per_host.enter(&entry.host_key);
        }
        Ok(Due {
            item,
            priority,
            waited,
        })
    }

    /// Moves objects that have become due to their queues.
    fn ripen(&mut self, now: Instant) {
        while let Some((due, item)) = self.later.first().filter(|(due, _)| *due <= now).cloned() {
            self.change(&item, |entry| entry.schedule = Schedule::Waiting(due));
        }
    }

    /// Changes an object's entry and keeps it in the right queue. An entry that has nothing to do is removed.
    fn change(&mut self, item: &T, change: impl FnOnce(&mut Entry)) {
        let Self {
            entries,
            later,
            per_host,
        } = self;
        let entry = entries.entry(item.clone()).or_default();
        match entry.schedule {
            Schedule::Never => {}
            Schedule::Later(due) => drop(later.remove(&(due, item.clone()))),
            Schedule::Waiting(since) => {
                per_host.remove(&entry.host_key, &(entry.priority, since, item.clone()));
            }
        }
        change(entry);
        match entry.schedule {
            Schedule::Never if entry.pass == Pass::None => drop(entries.remove(item)),
            Schedule::Never => {}
            Schedule::Later(due) => drop(later.insert((due, item.clone()))),
            Schedule::Waiting(since) => {
                per_host.insert(&entry.host_key, (entry.priority, since, item.clone()));
            }
        }
    }
}
