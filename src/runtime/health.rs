//! Liveness and readiness. `/readyz` names what is missing.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::clock::Clock;

/// A watch that has failed for this long counts as blind. A single failure may be a restart of the API server.
const BLIND_AFTER: Duration = Duration::from_secs(30);
/// A failed watch is tried again after half a minute at most. In a quiet namespace only the absence of failures shows
/// that it works again.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(2);

/// Reported even if all is well.
const WATCHED: [&str; 4] = ["pingoneconnections", "aicintegrations", "promotions", "secrets"];

/// What the operator needs to be ready.
#[derive(Clone, Debug)]
pub struct Health {
    clock: Clock,
    missing: Arc<Mutex<BTreeMap<Gate, String>>>,
    failing: Arc<Mutex<BTreeMap<Gate, Failing>>>,
}

/// One thing that readiness waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// The CRD of a kind.
    Definition(&'static str),
    /// The cache of a kind in a namespace.
    Cache(&'static str, Option<String>),
    /// A CRD that keeps every status field.
    Status(String),
}

impl fmt::Display for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Definition(kind) => write!(formatter, "the CRD {kind}"),
            Self::Cache(kind, None) => write!(formatter, "{kind}"),
            Self::Cache(kind, Some(namespace)) => write!(formatter, "{kind} in namespace {namespace}"),
            Self::Status(kind) => write!(formatter, "the status of {kind}"),
        }
    }
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    last: Instant,
    why: String,
}

impl Failing {
    fn is_blind(&self, now: Instant) -> bool {
        self.is_recent(now) && self.last.duration_since(self.since) >= BLIND_AFTER
    }

    fn is_recent(&self, now: Instant) -> bool {
        now.duration_since(self.last) < FORGOTTEN_AFTER
    }
}

impl Health {
    /// Nothing is missing yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            missing: Arc::default(),
            failing: Arc::default(),
        }
    }

    /// Something is missing, with a sentence that says what to do.
    pub fn close(&self, gate: Gate, why: impl Into<String>) {
        self.missing.lock().insert(gate, why.into());
    }

    /// It exists now.
    pub fn open(&self, gate: &Gate) {
        self.missing.lock().remove(gate);
    }

    /// A cache's watch has failed, and is tried again.
    pub fn watch_failed(&self, cache: Gate, why: String) {
        let now = self.clock.instant();
        let mut failing = self.failing.lock();
        let before = failing.get(&cache).filter(|failing| failing.is_recent(now));
        let since = before.map_or(now, |failing| failing.since);
        failing.insert(
            cache,
            Failing {
                since,
                last: now,
                why,
            },
        );
    }

    /// A watch has reported something.
    pub fn watch_works(&self, cache: &Gate) {
        self.failing.lock().remove(cache);
    }

    /// The number of blind watches for each resource.
    #[must_use]
    pub fn blind_watches(&self) -> BTreeMap<&'static str, usize> {
        let now = self.clock.instant();
        let mut blind = BTreeMap::from(WATCHED.map(|resource| (resource, 0)));
        for (gate, failing) in &*self.failing.lock() {
            if let Gate::Cache(resource, _) = gate {
                *blind.entry(*resource).or_default() += usize::from(failing.is_blind(now));
            }
        }
        blind
    }

    /// What is missing, a line each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let now = self.clock.instant();
        let failing = self.failing.lock();
        let blind = failing.values().filter(|failing| failing.is_blind(now));
        let blind: Vec<_> = blind.map(|failing| failing.why.clone()).collect();
        self.missing.lock().values().cloned().chain(blind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_blind_while_it_goes_on_failing_and_one_failure_is_none() {
        let (clock, control) = Clock::controlled();
        let health = Health::new(clock);
        let cache = || Gate::Cache("promotions", Some("a".to_owned()));
        let fail = || health.watch_failed(cache(), "failed to watch".to_owned());
        let blind = || health.blind_watches().values().sum::<usize>();
        fail();
        assert_eq!((blind(), health.missing().len()), (0, 0));
        for _ in 0..3 {
            control.advance(Duration::from_secs(20));
            fail();
        }
        assert_eq!((blind(), health.missing().len()), (1, 1));
        health.watch_works(&cache());
        assert_eq!(blind(), 0);

        fail();
        control.advance(Duration::from_secs(40));
        fail();
        assert_eq!(blind(), 1);
        control.advance(FORGOTTEN_AFTER);
        assert_eq!(
            blind(),
            0,
            "nothing tells of a watch that works in a quiet namespace"
        );
        fail();
        assert_eq!(blind(), 0, "a failure long after is a new one");
    }
}
