//! What is known of each host: its budget, and whether it answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Host, Rate, breaker::Breaker, budget::Budget};
use crate::clock::Clock;

/// All hosts that were called.
pub(super) struct Hosts {
    rate: Rate,
    clock: Clock,
    known: Mutex<HashMap<Host, Arc<KnownHost>>>,
}

/// One of them.
pub(super) struct KnownHost {
    pub(super) budget: Budget,
    pub(super) breaker: Breaker,
}

/// How many hosts and calls wait for what, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostsLoad {
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// Hosts that have asked to be left alone for a while.
    pub closed: usize,
    /// Hosts that do not answer.
    pub down: usize,
}

impl Hosts {
    pub(super) fn new(rate: Rate, clock: Clock) -> Self {
        Self {
            rate,
            clock,
            known: Mutex::default(),
        }
    }

    pub(super) fn known(&self, host: &Host) -> Arc<KnownHost> {
        let mut hosts = self.lock();
        if let Some(known) = hosts.get(host) {
            return Arc::clone(known);
        }
        let new = Arc::new(KnownHost {
            budget: Budget::new(self.rate, self.clock.clone()),
            breaker: Breaker::new(self.clock.clone()),
        });
        hosts.insert(host.clone(), Arc::clone(&new));
        new
    }

    pub(super) fn load(&self) -> HostsLoad {
        let mut load = HostsLoad::default();
        for KnownHost { budget, breaker } in self.lock().values().map(|known| &**known) {
            load.waiting += budget.waiting();
            load.closed += usize::from(budget.is_closed());
            load.down += usize::from(breaker.is_down());
        }
        load
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Host, Arc<KnownHost>>> {
        // A map of Arcs is whole at every step, so a panic elsewhere does not spoil it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
