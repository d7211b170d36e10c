//! What may be sent to one host: a token bucket, a tap that the host's `Retry-After` closes, and the host's clock.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// How fast a host is called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls a second in the long run.
    pub per_second: f64,
    /// Calls that may be made at once after a pause.
    pub burst: f64,
}

/// The state of one host.
#[derive(Debug)]
pub(super) struct Budget {
    rate: Rate,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Calls that are free now; negative while some have been promised a turn to come.
    tokens: f64,
    counted_at: Instant,
    closed_until: Option<Instant>,
    skew: SignedDuration,
}

/// The answer to who wants to call.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// The turn is yours at this time.
    At(Instant),
    /// The host has asked to be left alone for this long.
    Closed(Duration),
}

impl Budget {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        let state = State {
            tokens: rate.burst,
            counted_at: now,
            closed_until: None,
            skew: SignedDuration::ZERO,
        };
        Self {
            rate,
            state: Mutex::new(state),
        }
    }

    /// Takes the next free turn.
    pub(super) fn take(&self, now: Instant) -> Turn {
        let mut state = self.lock();
        if let Some(wait) = state.closed(now) {
            return Turn::Closed(wait);
        }
        let passed = now.saturating_duration_since(state.counted_at).as_secs_f64();
        state.tokens = (state.tokens + passed * self.rate.per_second).min(self.rate.burst);
        state.counted_at = now;
        state.tokens -= 1.0;
        let debt = (-state.tokens).max(0.0);
        Turn::At(now + Duration::from_secs_f64(debt / self.rate.per_second))
    }

    /// Closes the tap; a later end stands.
    pub(super) fn close_for(&self, wait: Duration, now: Instant) {
        let mut state = self.lock();
        let until = now + wait;
        state.closed_until = Some(state.closed_until.map_or(until, |before| before.max(until)));
    }

    /// How long the tap is still closed.
    pub(super) fn closed(&self, now: Instant) -> Option<Duration> {
        self.lock().closed(now)
    }

    /// Learns the host's clock from the date of its answer.
    pub(super) fn learn_date(&self, date: Timestamp, now: Timestamp) {
        self.lock().skew = date.duration_since(now);
    }

    /// The host's clock, as far as it is known.
    pub(super) fn host_time(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.lock().skew).unwrap_or(now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Every critical section leaves the state whole, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn closed(&mut self, now: Instant) -> Option<Duration> {
        let wait = self.closed_until?.saturating_duration_since(now);
        if wait.is_zero() {
            self.closed_until = None;
            return None;
        }
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 10.0,
        burst: 2.0,
    };

    #[test]
    fn a_burst_is_free_and_what_follows_is_spaced() {
        let now = Instant::now();
        let budget = Budget::new(RATE, now);
        let turns: Vec<_> = (0..4).map(|_| budget.take(now)).collect();
        let at = |millis| Turn::At(now + Duration::from_millis(millis));
        assert_eq!(turns, [at(0), at(0), at(100), at(200)]);
    }

    #[test]
    fn a_pause_earns_no_more_than_the_burst() {
        let now = Instant::now();
        let budget = Budget::new(RATE, now);
        let later = now + Duration::from_hours(1);
        let turns: Vec<_> = (0..3).map(|_| budget.take(later)).collect();
        assert_eq!(turns[2], Turn::At(later + Duration::from_millis(100)));
    }

    #[test]
    fn a_closed_tap_opens_when_the_longest_wait_is_over() {
        let now = Instant::now();
        let budget = Budget::new(RATE, now);
        budget.close_for(Duration::from_mins(1), now);
        budget.close_for(Duration::from_secs(10), now);
        assert_eq!(budget.take(now), Turn::Closed(Duration::from_mins(1)));
        let later = now + Duration::from_mins(1);
        assert_eq!(budget.take(later), Turn::At(later));
    }
}
