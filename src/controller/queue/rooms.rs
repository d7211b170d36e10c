//! Where what is due waits for its turn: a room a place, a few at a time, and the most urgent first. A place that
//! answers nobody holds up nobody elsewhere.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::http::Lane;

/// So many of a place's passes are left to what is more urgent than a check.
const NOT_FOR_CHECKS: usize = 1;

/// What waits, in the order of its turns.
pub(super) type Turn<T> = (Lane, Instant, T);

pub(super) struct Rooms<T> {
    at_once: usize,
    rooms: HashMap<Arc<str>, Room<T>>,
}

struct Room<T> {
    waiting: BTreeSet<Turn<T>>,
    under_way: usize,
}

impl<T: Clone + Ord> Rooms<T> {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once,
            rooms: HashMap::new(),
        }
    }

    /// A place by its name, which all of its objects share.
    pub(super) fn place(&self, name: &str) -> Arc<str> {
        let known = self.rooms.get_key_value(name);
        known.map_or_else(|| name.into(), |(place, _)| Arc::clone(place))
    }

    pub(super) fn insert(&mut self, place: &Arc<str>, turn: Turn<T>) {
        self.room(place).waiting.insert(turn);
    }

    pub(super) fn remove(&mut self, place: &Arc<str>, turn: &Turn<T>) {
        self.room(place).waiting.remove(turn);
        self.close_empty(place);
    }

    /// A pass begins at a place.
    pub(super) fn enter(&mut self, place: &Arc<str>) {
        self.room(place).under_way += 1;
    }

    /// A pass ended at a place.
    pub(super) fn leave(&mut self, place: &Arc<str>) {
        let room = self.room(place);
        room.under_way = room.under_way.saturating_sub(1);
        self.close_empty(place);
    }

    /// Whose turn it is, of all for whom there is room.
    pub(super) fn next(&self) -> Option<Turn<T>> {
        let turns = self.rooms.values().filter_map(|room| {
            let turn = room.waiting.first()?;
            let at_once = match turn.0 {
                Lane::Check => self.at_once.saturating_sub(NOT_FOR_CHECKS).max(1),
                _ => self.at_once,
            };
            (room.under_way < at_once).then_some(turn)
        });
        turns.min().cloned()
    }

    pub(super) fn waiting(&self) -> Vec<T> {
        let waiting = self.rooms.values().flat_map(|room| &room.waiting);
        waiting.map(|(.., item)| item.clone()).collect()
    }

    pub(super) fn under_way(&self) -> usize {
        self.rooms.values().map(|room| room.under_way).sum()
    }

    pub(super) fn depth(&self) -> HashMap<Lane, usize> {
        let mut depth = HashMap::new();
        for (lane, ..) in self.rooms.values().flat_map(|room| &room.waiting) {
            *depth.entry(*lane).or_default() += 1;
        }
        depth
    }

    /// What has waited for this long, checks left out.
    pub(super) fn waiting_for(&self, long: Duration, now: Instant) -> Vec<T> {
        let waiting = self.rooms.values().flat_map(|room| &room.waiting);
        waiting
            .filter(|(lane, since, _)| *lane < Lane::Check && *since + long <= now)
            .map(|(.., item)| item.clone())
            .collect()
    }

    fn room(&mut self, place: &Arc<str>) -> &mut Room<T> {
        let new = || Room {
            waiting: BTreeSet::new(),
            under_way: 0,
        };
        self.rooms.entry(Arc::clone(place)).or_insert_with(new)
    }

    fn close_empty(&mut self, place: &Arc<str>) {
        let is_empty = |room: &Room<T>| room.waiting.is_empty() && room.under_way == 0;
        if self.rooms.get(place).is_some_and(is_empty) {
            self.rooms.remove(place);
        }
    }
}
