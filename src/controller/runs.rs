//! What all runs of this process share: keys of open locks, claims to environments, reports that were read.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::queue::Ref;
use crate::{aic::ServiceAccount, api::RunMark, http::Host};

/// More reports are not kept: they are read anew.
const MOST_REPORTS: usize = 10_000;

/// Clones share everything.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    claims: HashMap<Host, String>,
    reports: HashMap<(Host, String), KnownReport>,
    void: HashSet<String>,
    faults: HashMap<String, Instant>,
}

/// What gives a run's lock back.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) run: Ref,
    pub(super) host: Host,
    pub(super) account: Arc<ServiceAccount>,
    /// The lock, once it is known.
    pub(super) lock_id: Option<String>,
}

/// A report as decisions need it: a report never changes.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownReport {
    pub(super) mark: Option<RunMark>,
    pub(super) is_empty: bool,
    pub(super) missing_esvs: Vec<String>,
}

impl Runs {
    /// Keeps the key of a lock: its Secret may go before the lock does.
    pub(super) fn keep_key(&self, uid: &str, key: Key) {
        self.lock().keys.insert(uid.to_owned(), key);
    }

    pub(super) fn key(&self, uid: &str) -> Option<Key> {
        self.lock().keys.get(uid).cloned()
    }

    /// The keys of locks of runs of this name, with their uids.
    pub(super) fn keys_of(&self, run: &Ref) -> Vec<(String, Key)> {
        let state = self.lock();
        let keys = state.keys.iter().filter(|(_, key)| key.run == *run);
        keys.map(|(uid, key)| (uid.clone(), key.clone())).collect()
    }

    /// Remembers that a request for a lock was refused, never sent, or its lock given back: what is seen later is not its
    /// effect. That is rare, and kept for the life of the process.
    pub(super) fn void(&self, attempt: &str) {
        self.lock().void.insert(attempt.to_owned());
    }

    pub(super) fn is_void(&self, attempt: &str) -> bool {
        self.lock().void.contains(attempt)
    }

    /// Since when a run's stage has been seen at fault, each time that it was looked at.
    pub(super) fn at_fault_since(&self, uid: &str, is_at_fault: bool, now: Instant) -> Option<Instant> {
        let faults = &mut self.lock().faults;
        if !is_at_fault {
            faults.remove(uid);
            return None;
        }
        Some(*faults.entry(uid.to_owned()).or_insert(now))
    }

    /// Claims hosts for a run, all or none: two passes must not begin on one environment at once.
    pub(super) fn claim(&self, uid: &str, hosts: [&Host; 2], is_there: impl Fn(&str) -> bool) -> bool {
        let claims = &mut self.lock().claims;
        let is_free = |host: &Host| {
            claims
                .get(host)
                .is_none_or(|holder| holder == uid || !is_there(holder))
        };
        if !hosts.iter().all(|host| is_free(host)) {
            return false;
        }
        for host in hosts {
            claims.insert(host.clone(), uid.to_owned());
        }
        true
    }

    /// The run holds no lock any more.
    pub(super) fn drop_key(&self, uid: &str) {
        self.lock().keys.remove(uid);
    }

    /// The run holds no lock and no environment any more.
    pub(super) fn forget(&self, uid: &str) {
        let state = &mut *self.lock();
        state.keys.remove(uid);
        state.faults.remove(uid);
        state.claims.retain(|_, holder| holder != uid);
    }

    pub(super) fn report(&self, host: &Host, id: &str) -> Option<KnownReport> {
        self.lock().reports.get(&(host.clone(), id.to_owned())).cloned()
    }

    pub(super) fn remember_report(&self, host: &Host, id: &str, report: KnownReport) {
        let reports = &mut self.lock().reports;
        if reports.len() >= MOST_REPORTS {
            reports.clear();
        }
        reports.insert((host.clone(), id.to_owned()), report);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Maps are whole at every step, so a panic elsewhere does not spoil them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
