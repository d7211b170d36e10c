//! A queue for each host: a few objects at a time, by priority. A host that does not answer delays no other.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::http::Priority;

/// Checks may not use this many of a host's places.
const NOT_FOR_CHECKS: usize = 1;

/// Waiting objects, in order.
pub(super) type Turn<T> = (Priority, Instant, T);

pub(super) struct PerHost<T> {
    at_once: usize,
    queues: HashMap<Arc<str>, HostQueue<T>>,
}

struct HostQueue<T> {
    waiting: BTreeSet<Turn<T>>,
    under_way: usize,
}

impl<T: Clone + Ord> PerHost<T> {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once,
            queues: HashMap::new(),
        }
    }

    /// A host's name. All of its objects share one string.
    pub(super) fn key(&self, name: &str) -> Arc<str> {
        let known = self.queues.get_key_value(name);
        known.map_or_else(|| name.into(), |(host_key, _)| Arc::clone(host_key))
    }

    pub(super) fn insert(&mut self, host_key: &Arc<str>, turn: Turn<T>) {
        self.host(host_key).waiting.insert(turn);
    }

    pub(super) fn remove(&mut self, host_key: &Arc<str>, turn: &Turn<T>) {
        self.host(host_key).waiting.remove(turn);
        self.close_empty(host_key);
    }

    /// A reconciliation begins at a host.
    pub(super) fn enter(&mut self, host_key: &Arc<str>) {
        self.host(host_key).under_way += 1;
    }

    /// A reconciliation ended at a host.
    pub(super) fn leave(&mut self, host_key: &Arc<str>) {
        let host_queue = self.host(host_key);
        host_queue.under_way = host_queue.under_way.saturating_sub(1);
        self.close_empty(host_key);
    }

    /// The next object of all that may begin now.
    pub(super) fn next(&self) -> Option<Turn<T>> {
        let turns = self.queues.values().filter_map(|host_queue| {
            let turn = host_queue.waiting.first()?;
            let at_once = match turn.0 {
                Priority::Check => self.at_once.saturating_sub(NOT_FOR_CHECKS).max(1),
                _ => self.at_once,
            };
            (host_queue.under_way < at_once).then_some(turn)
        });
        turns.min().cloned()
    }

    pub(super) fn waiting(&self) -> Vec<T> {
        let waiting = self.queues.values().flat_map(|host_queue| &host_queue.waiting);
        waiting.map(|(.., item)| item.clone()).collect()
    }

    pub(super) fn under_way(&self) -> usize {
        self.queues.values().map(|host_queue| host_queue.under_way).sum()
    }

    pub(super) fn depth(&self) -> HashMap<Priority, usize> {
        let mut depth = HashMap::new();
        for (priority, ..) in self.queues.values().flat_map(|host_queue| &host_queue.waiting) {
            *depth.entry(*priority).or_default() += 1;
        }
        depth
    }

    /// Objects that have waited this long, without checks.
    pub(super) fn waiting_for(&self, long: Duration, now: Instant) -> Vec<T> {
        let waiting = self.queues.values().flat_map(|host_queue| &host_queue.waiting);
        waiting
            .filter(|(priority, since, _)| *priority < Priority::Check && *since + long <= now)
            .map(|(.., item)| item.clone())
            .collect()
    }

    fn host(&mut self, host_key: &Arc<str>) -> &mut HostQueue<T> {
        let new = || HostQueue {
            waiting: BTreeSet::new(),
            under_way: 0,
        };
        self.queues.entry(Arc::clone(host_key)).or_insert_with(new)
    }

    fn close_empty(&mut self, host_key: &Arc<str>) {
        let is_empty = |host_queue: &HostQueue<T>| host_queue.waiting.is_empty() && host_queue.under_way == 0;
        if self.queues.get(host_key).is_some_and(is_empty) {
            self.queues.remove(host_key);
        }
    }
}
