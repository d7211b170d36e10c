//! What is known of each host: its rate limit, and whether it answers.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::{Host, Rate, breaker::Breaker, rate_limit::RateLimit};
use crate::clock::Clock;

/// All hosts that were called.
pub(super) struct Hosts {
    rate: Rate,
    clock: Clock,
    known: Mutex<HashMap<Host, Arc<KnownHost>>>,
}

/// One of them.
pub(super) struct KnownHost {
    pub(super) rate_limit: RateLimit,
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
        let mut hosts = self.known.lock();
        if let Some(known) = hosts.get(host) {
            return Arc::clone(known);
        }
        let new = Arc::new(KnownHost {
            rate_limit: RateLimit::new(self.rate, self.clock.clone()),
            breaker: Breaker::new(self.clock.clone()),
        });
        hosts.insert(host.clone(), Arc::clone(&new));
        new
    }

    pub(super) fn load(&self) -> HostsLoad {
        let mut load = HostsLoad::default();
        for KnownHost { rate_limit, breaker } in self.known.lock().values().map(|known| &**known) {
            load.waiting += rate_limit.waiting();
            load.closed += usize::from(rate_limit.is_closed());
            load.down += usize::from(breaker.is_down());
        }
        load
    }
}
