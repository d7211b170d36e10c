//! What all runs of this process share: keys of open locks, claims to environments, cached reports.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::engine::queue::Ref;
use crate::{
    aic::ServiceAccount,
    api::{RunMark, StageStatus},
    http::Host,
};

/// The longest time between two checks of a lock that count as consecutive.
const LOOKS_FOLLOW_WITHIN: Duration = Duration::from_secs(90);
/// The most reports to cache.
const MOST_REPORTS: usize = 10_000;

/// Clones share everything.
#[derive(Clone, Default)]
pub(super) struct PromotionRegistry(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    claims: HashMap<Host, String>,
    reports: HashMap<(Host, String), KnownReport>,
    void: HashSet<String>,
    /// Since when an integration of a run has had a wrong configuration.
    faults: HashMap<(String, String), Instant>,
    quiet: HashMap<String, Quiet>,
    ignored: HashSet<(String, String)>,
    /// Pairs of environments whose provisional report has shown changes before.
    shown_changes: HashSet<[Host; 2]>,
}

/// What is needed to release a run's lock.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) run: Ref,
    pub(super) host: Host,
    pub(super) account: Arc<ServiceAccount>,
    /// The stage with its lock, or with the request for one, as this process knows it.
    pub(super) stage: StageStatus,
    /// Whether the request for the lock is in flight, and its sender waits for the answer.
    pub(super) is_asking: bool,
}

/// A lock under which consecutive checks have seen nothing happen.
struct Quiet {
    lock_id: String,
    since: Instant,
    looked: Instant,
}

/// What decisions need of a report. A report never changes.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownReport {
    pub(super) mark: Option<RunMark>,
    pub(super) is_empty: bool,
    pub(super) missing_esvs: Vec<String>,
}

impl PromotionRegistry {
    /// Keeps the key of a lock, because its Secret may be deleted before the lock is released.
    pub(super) fn keep_key(&self, uid: &str, key: Key) {
        self.0.lock().keys.insert(uid.to_owned(), key);
    }

    pub(super) fn key(&self, uid: &str) -> Option<Key> {
        self.0.lock().keys.get(uid).cloned()
    }

    /// The keys of locks of runs of this name, with their uids.
    pub(super) fn keys_of(&self, run: &Ref) -> Vec<(String, Key)> {
        let state = self.0.lock();
        let keys = state.keys.iter().filter(|(_, key)| key.run == *run);
        keys.map(|(uid, key)| (uid.clone(), key.clone())).collect()
    }

    /// Remembers that a request for a lock was refused or never sent, or that its lock was released. A lock that is
    /// seen later is not its effect. This is rare, so it is kept as long as the process lives.
    pub(super) fn void(&self, attempt: &str) {
        self.0.lock().void.insert(attempt.to_owned());
    }

    pub(super) fn is_void(&self, attempt: &str) -> bool {
        self.0.lock().void.contains(attempt)
    }

    /// Updates a key, if there is one.
    pub(super) fn learn(&self, uid: &str, learned: impl FnOnce(&mut Key)) {
        if let Some(key) = self.0.lock().keys.get_mut(uid) {
            learned(key);
        }
    }

    /// An integration has a wrong configuration now. Returns since when.
    pub(super) fn at_fault_since(&self, uid: &str, integration: &str, now: Instant) -> Instant {
        let place = (uid.to_owned(), integration.to_owned());
        *self.0.lock().faults.entry(place).or_insert(now)
    }

    /// An integration has the right configuration now.
    pub(super) fn is_right(&self, uid: &str, integration: &str) {
        self.0
            .lock()
            .faults
            .remove(&(uid.to_owned(), integration.to_owned()));
    }

    /// For how long a run has seen a lock idle, this check included. Only the time between consecutive checks of this
    /// process counts. `None` as the lock starts again from zero.
    pub(super) fn quiet_for(&self, uid: &str, idle_lock: Option<&str>, now: Instant) -> Duration {
        let quiet = &mut self.0.lock().quiet;
        let Some(id) = idle_lock else {
            quiet.remove(uid);
            return Duration::ZERO;
        };
        let known = quiet.entry(uid.to_owned()).or_insert_with(|| Quiet {
            lock_id: id.to_owned(),
            since: now,
            looked: now,
        });
        if known.lock_id != id || now.saturating_duration_since(known.looked) > LOOKS_FOLLOW_WITHIN {
            (known.lock_id, known.since) = (id.to_owned(), now);
        }
        known.looked = now;
        now.saturating_duration_since(known.since)
    }

    /// Remembers that a run ignores a report. Returns whether that is new.
    pub(super) fn ignore(&self, uid: &str, report: &str) -> bool {
        self.0.lock().ignored.insert((uid.to_owned(), report.to_owned()))
    }

    /// Whether the provisional report of a pair of environments shows changes, or did before.
    pub(super) fn has_shown_changes(&self, pair: [&Host; 2], now: bool) -> bool {
        let pair = pair.map(Clone::clone);
        let shown = &mut self.0.lock().shown_changes;
        if now {
            shown.insert(pair);
            return true;
        }
        shown.contains(&pair)
    }

    /// Claims hosts for a run, all or none, so that two runs do not begin in one environment at the same time.
    pub(super) fn claim(&self, uid: &str, hosts: [&Host; 2], is_there: impl Fn(&str) -> bool) -> bool {
        let claims = &mut self.0.lock().claims;
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
        self.0.lock().keys.remove(uid);
    }

    /// The run holds no lock and no environment any more.
    pub(super) fn forget(&self, uid: &str) {
        let state = &mut *self.0.lock();
        state.keys.remove(uid);
        state.quiet.remove(uid);
        state.faults.retain(|(of, _), _| of != uid);
        state.claims.retain(|_, holder| holder != uid);
    }

    pub(super) fn report(&self, host: &Host, id: &str) -> Option<KnownReport> {
        self.0.lock().reports.get(&(host.clone(), id.to_owned())).cloned()
    }

    pub(super) fn remember_report(&self, host: &Host, id: &str, report: KnownReport) {
        let reports = &mut self.0.lock().reports;
        if reports.len() >= MOST_REPORTS {
            reports.clear();
        }
        reports.insert((host.clone(), id.to_owned()), report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_looks_that_follow_each_other_soon_make_a_quiet_period() {
        let (runs, start) = (PromotionRegistry::default(), Instant::now());
        // Seconds from the beginning, the lock that is idle, and for how long it has been.
        for (at, idle, quiet) in [
            (0, Some("a"), 0),
            (90, Some("a"), 90),
            (100, Some("a"), 100),
            (191, Some("a"), 0),
            (200, Some("a"), 9),
            (210, Some("b"), 0),
            (220, Some("b"), 10),
            (230, None, 0),
            (240, Some("b"), 0),
        ] {
            let now = start + Duration::from_secs(at);
            let found = runs.quiet_for("uid", idle, now);
            assert_eq!(found.as_secs(), quiet, "after {at} s");
        }
    }

    #[test]
    fn a_fault_is_of_one_integration_and_over_when_it_is_shown_right() {
        let (runs, start) = (PromotionRegistry::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(runs.at_fault_since("uid", "a", at(0)), at(0));
        assert_eq!(runs.at_fault_since("uid", "b", at(50)), at(50));
        assert_eq!(runs.at_fault_since("uid", "a", at(70)), at(0));
        runs.is_right("uid", "a");
        assert_eq!(runs.at_fault_since("uid", "a", at(80)), at(80));
        assert_eq!(runs.at_fault_since("uid", "b", at(80)), at(50));
    }
}
