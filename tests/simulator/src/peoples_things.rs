//! What people have made in tenants' consoles, and which calls have changed it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::journal::Exchange;

/// Everything that people have made, in all tenants.
#[derive(Debug, Default)]
pub(crate) struct PeoplesThings(Mutex<Vec<Thing>>);

#[derive(Debug)]
struct Thing {
    host: String,
    /// The end of its path in the API.
    path: String,
    /// Whether a call below that path changes it, too.
    is_folder: bool,
    made: Instant,
    /// From then on it may be taken over.
    handed_over: Option<Instant>,
}

impl PeoplesThings {
    /// A person makes this.
    pub(crate) fn add(&self, host: &str, path: String, is_folder: bool) {
        self.things().push(Thing {
            host: host.to_owned(),
            path,
            is_folder,
            made: Instant::now(),
            handed_over: None,
        });
    }

    /// Whatever people have made in this tenant may be taken over from now on.
    pub(crate) fn hand_over(&self, host: &str) {
        for thing in self.things().iter_mut().filter(|thing| thing.host == host) {
            thing.handed_over.get_or_insert_with(Instant::now);
        }
    }

    /// The calls that have changed or removed a person's thing. What a call had made before a person made it again may be
    /// put right, and only what was put right may be removed.
    pub(crate) fn touched(&self, journal: &[Exchange]) -> Vec<String> {
        let things = self.things();
        let touches = things.iter().flat_map(|thing| {
            let mut calls = journal.iter().filter(|call| thing.is_changed_by(call)).peekable();
            let mut may_write = false;
            while calls.next_if(|call| call.at < thing.made).is_some() {
                may_write = true;
            }
            let mut may_remove = false;
            calls.filter(move |call| {
                let is_handed_over = thing.handed_over.is_some_and(|at| at <= call.at);
                let is_removal = call.method == "DELETE";
                let may = is_handed_over || if is_removal { may_remove } else { may_write };
                may_remove |= may && !is_removal;
                !may
            })
        });
        touches.map(ToString::to_string).collect()
    }

    fn things(&self) -> MutexGuard<'_, Vec<Thing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Thing {
    fn is_changed_by(&self, call: &Exchange) -> bool {
        let is_of_it = || {
            let end = call.path.split_once(&self.path).map(|(_, end)| end);
            end.is_some_and(|end| end.is_empty() || self.is_folder && end.starts_with('/'))
        };
        let is_write = call.method != "GET" && call.action() != Some("testConnection");
        let is_done = call.status.is_some_and(|status| status < 300);
        call.host == self.host && is_write && is_done && is_of_it()
    }
}
