//! Each host's rate limit, and whether it answers.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{Host, Rate, breaker::Breaker, rate_limit::RateLimit};
use crate::clock::Clock;

/// Longer than any host may refuse calls.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(2);

/// All called hosts.
pub(super) struct Hosts {
    rate: Rate,
    clock: Clock,
    known: Mutex<HashMap<Host, Arc<KnownHost>>>,
}

/// One of them.
pub(super) struct KnownHost {
    used: Mutex<Instant>,
    pub(super) rate_limit: RateLimit,
    pub(super) breaker: Breaker,
}

/// What calls to a host wait for, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLoad {
    /// The host.
    pub host: Host,
    /// Calls that wait for its rate limit.
    pub waiting: usize,
    /// It refuses calls for now.
    pub is_closed: bool,
    /// It does not answer.
    pub is_down: bool,
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
        let now = self.clock.instant();
        if let Some(known) = hosts.get(host) {
            *known.used.lock() = now;
            return Arc::clone(known);
        }
        // Hosts change over the years, and nothing is known of an idle host.
        hosts.retain(|_, known| {
            let is_idle = now.saturating_duration_since(*known.used.lock()) > FORGOTTEN_AFTER;
            !is_idle
                || known.rate_limit.waiting() > 0
                || known.rate_limit.is_closed()
                || known.breaker.is_down()
        });
        let new = Arc::new(KnownHost {
            used: Mutex::new(now),
            rate_limit: RateLimit::new(self.rate, self.clock.clone()),
            breaker: Breaker::new(self.clock.clone()),
        });
        hosts.insert(host.clone(), Arc::clone(&new));
        new
    }

    pub(super) fn load(&self) -> Vec<HostLoad> {
        let hosts = self.known.lock();
        let loads = hosts.iter().map(|(host, known)| HostLoad {
            host: host.clone(),
            waiting: known.rate_limit.waiting(),
            is_closed: known.rate_limit.is_closed(),
            is_down: known.breaker.is_down(),
        });
        loads.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_not_called_any_more_is_forgotten_when_another_one_comes() {
        let (clock, control) = Clock::controlled();
        let hosts = Hosts::new(
            Rate {
                per_second: 10.0,
                burst: 20.0,
            },
            clock,
        );
        let known = |hosts: &Hosts| hosts.known.lock().len();
        let host = |name: &str| name.parse::<Host>().unwrap();
        hosts.known(&host("a.example.com"));
        hosts.known(&host("b.example.com"));
        control.advance(FORGOTTEN_AFTER);
        hosts.known(&host("b.example.com"));
        control.advance(Duration::from_secs(1));
        hosts.known(&host("c.example.com"));
        assert_eq!(known(&hosts), 2);
        assert!(!hosts.known.lock().contains_key(&host("a.example.com")));
    }
}
