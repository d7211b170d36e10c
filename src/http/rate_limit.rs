//! The rate limit of one host: a token bucket with priorities, which the host's refusals close. It also has the
//! host's clock.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    Priority, RetryAfter,
    closure::{Closed, Closure},
};
use crate::clock::Clock;

/// How fast a host is called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls a second.
    pub per_second: f64,
    /// Calls that may be made at once after a pause.
    pub burst: f64,
}

/// The state of one host.
#[derive(Debug)]
pub(super) struct RateLimit {
    rate: Rate,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Calls that may be made now.
    tokens: f64,
    counted_at: Instant,
    closure: Closure,
    skew: SignedDuration,
    /// Waiting calls, in order.
    waiting: BTreeMap<Turn, Arc<Notify>>,
    arrivals: u64,
}

/// A place in the order: the priority, then the arrival.
type Turn = (Priority, u64);

impl RateLimit {
    pub(super) fn new(rate: Rate, clock: Clock) -> Self {
        let state = State {
            tokens: rate.burst,
            counted_at: clock.instant(),
            closure: Closure::default(),
            skew: SignedDuration::ZERO,
            waiting: BTreeMap::new(),
            arrivals: 0,
        };
        Self {
            rate,
            clock,
            state: Mutex::new(state),
        }
    }

    /// Waits for the rate limit. A later call with a higher priority goes first.
    pub(super) async fn turn(&self, priority: Priority) -> Result<(), Closed> {
        let waiting = Waiting::begin(self, priority);
        loop {
            let next = match self.take(waiting.turn) {
                Ok(turn) => return turn,
                Err(next) => next,
            };
            let moved_up = waiting.notify.notified();
            match next {
                Some(next) => tokio::select! { () = self.clock.sleep_until(next) => {}, () = moved_up => {} },
                None => moved_up.await,
            }
        }
    }

    /// Takes a call if this one is first and one is free. Otherwise returns when one may be, which only the first in
    /// order knows.
    fn take(&self, turn: Turn) -> Result<Result<(), Closed>, Option<Instant>> {
        let now = self.clock.instant();
        let mut state = self.state.lock();
        if let Some(closed) = state.closure.closed(turn.0, now) {
            return Ok(Err(closed));
        }
        if state
            .waiting
            .first_key_value()
            .is_some_and(|(first, _)| *first != turn)
        {
            return Err(None);
        }
        let passed = now.saturating_duration_since(state.counted_at).as_secs_f64();
        state.tokens = (state.tokens + passed * self.rate.per_second).min(self.rate.burst);
        state.counted_at = now;
        let missing = 1.0 - state.tokens;
        // Ignores a difference that is too small for the clock.
        if missing > 1e-9 {
            return Err(Some(
                now + Duration::from_secs_f64(missing / self.rate.per_second),
            ));
        }
        state.tokens -= 1.0;
        Ok(Ok(()))
    }

    /// The host refuses, and may name a time. Returns what that means for a priority. Waiting calls are told.
    pub(super) fn refused(
        &self,
        status: u16,
        asked: Option<Duration>,
        priority: Priority,
    ) -> Option<RetryAfter> {
        let mut state = self.state.lock();
        let instant = self.clock.instant();
        let now = self.clock.now();
        state.closure.refused(status, asked, priority, (instant, now));
        for waiting in state.waiting.values() {
            waiting.notify_one();
        }
        let closed = state.closure.closed(priority, instant);
        asked.and(closed).map(|closed| closed.asked)
    }

    /// Learns the host's clock from the date of an answer.
    pub(super) fn learn_date(&self, date: Timestamp) {
        self.state.lock().skew = date.duration_since(self.clock.now());
    }

    /// The host's clock, if it is known.
    pub(super) fn host_time(&self) -> Timestamp {
        let now = self.clock.now();
        now.saturating_add(self.state.lock().skew).unwrap_or(now)
    }

    /// The number of waiting calls.
    pub(super) fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Whether the host refuses calls for now.
    pub(super) fn is_closed(&self) -> bool {
        let now = self.clock.instant();
        self.state.lock().closure.closed(Priority::Check, now).is_some()
    }
}

/// A waiting call. When it leaves, the next one checks whether it is first.
struct Waiting<'a> {
    rate_limit: &'a RateLimit,
    turn: Turn,
    notify: Arc<Notify>,
}

impl<'a> Waiting<'a> {
    fn begin(rate_limit: &'a RateLimit, priority: Priority) -> Self {
        let mut state = rate_limit.state.lock();
        let turn = (priority, state.arrivals);
        state.arrivals += 1;
        let notify = Arc::new(Notify::new());
        state.waiting.insert(turn, Arc::clone(&notify));
        Self {
            rate_limit,
            turn,
            notify,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.rate_limit.state.lock();
        state.waiting.remove(&self.turn);
        if let Some((_, next)) = state.waiting.first_key_value() {
            next.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::clock::ClockControl;

    const RATE: Rate = Rate {
        per_second: 10.0,
        burst: 2.0,
    };

    fn rate_limit() -> (RateLimit, ClockControl) {
        let (clock, control) = Clock::controlled();
        (RateLimit::new(RATE, clock), control)
    }

    #[tokio::test]
    async fn a_burst_is_free_what_follows_is_spaced_and_a_pause_earns_no_more_than_the_burst() {
        let (rate_limit, control) = rate_limit();
        let free = || std::iter::from_fn(|| rate_limit.turn(Priority::Change).now_or_never()).count();
        assert_eq!(free(), 2);
        control.advance(Duration::from_millis(110));
        assert_eq!(free(), 1);
        control.advance(Duration::from_hours(1));
        assert_eq!(free(), 2);
    }

    #[tokio::test]
    async fn turns_go_by_priority_and_then_by_arrival() {
        let (rate_limit, control) = rate_limit();
        let rate_limit = Arc::new(rate_limit);
        while rate_limit.turn(Priority::Check).now_or_never().is_some() {}
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (name, priority) in [
            ("check", Priority::Check),
            ("change", Priority::Change),
            ("later", Priority::Change),
            ("lock", Priority::Lock),
            ("new", Priority::New),
        ] {
            let (rate_limit, order) = (Arc::clone(&rate_limit), Arc::clone(&order));
            let waiting = rate_limit.state.lock().waiting.len();
            tasks.push(tokio::spawn({
                let rate_limit = Arc::clone(&rate_limit);
                async move {
                    rate_limit.turn(priority).await.unwrap();
                    order.lock().push(name);
                }
            }));
            while rate_limit.state.lock().waiting.len() == waiting {
                tokio::task::yield_now().await;
            }
        }
        control.advance(Duration::from_secs(1));
        for task in tasks {
            task.await.unwrap();
            control.advance(Duration::from_secs(1));
        }
        assert_eq!(*order.lock(), ["lock", "new", "change", "later", "check"]);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_holds_up_nobody() {
        let (rate_limit, control) = rate_limit();
        while rate_limit.turn(Priority::Check).now_or_never().is_some() {}
        let mut first = Box::pin(rate_limit.turn(Priority::Lock));
        let mut second = Box::pin(rate_limit.turn(Priority::Check));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(first);
        control.advance(Duration::from_millis(110));
        assert_eq!(second.now_or_never(), Some(Ok(())));
    }

    #[tokio::test]
    async fn a_refusal_ends_every_wait_and_work_that_holds_a_lock_goes_again_before_the_others() {
        let (rate_limit, control) = rate_limit();
        while rate_limit.turn(Priority::Check).now_or_never().is_some() {}
        let mut waiting = Box::pin(rate_limit.turn(Priority::Check));
        assert!((&mut waiting).now_or_never().is_none());
        rate_limit.refused(429, Some(Duration::from_hours(1)), Priority::Check);
        let closed = waiting.now_or_never().expect("its wait has ended").unwrap_err();
        let wait = closed.asked.wait;
        assert!(wait > Duration::from_mins(59), "{wait:?}");
        let is_free = |priority| {
            let turn = rate_limit.turn(priority).now_or_never();
            turn.expect("nobody waits for a host that is left alone").is_ok()
        };
        assert_eq!((is_free(Priority::Lock), is_free(Priority::New)), (false, false));
        control.advance(Duration::from_mins(1));
        assert_eq!((is_free(Priority::Lock), is_free(Priority::New)), (true, false));
        // Refused again: another minute.
        let asked = rate_limit.refused(429, Some(Duration::from_hours(1)), Priority::Lock);
        assert_eq!(asked.unwrap().wait, Duration::from_mins(1));
        assert_eq!((is_free(Priority::Lock), is_free(Priority::New)), (false, false));
        control.advance(Duration::from_hours(1));
        assert_eq!((is_free(Priority::Lock), is_free(Priority::New)), (true, true));
    }

    #[tokio::test]
    async fn a_refusal_that_names_no_time_closes_the_host_for_ten_seconds() {
        for status in [429, 503] {
            let (rate_limit, control) = rate_limit();
            assert_eq!(rate_limit.refused(status, None, Priority::Change), None);
            assert!(rate_limit.is_closed());
            let closed = rate_limit.turn(Priority::Change).await.unwrap_err();
            assert_eq!(closed.is_outage, status == 503);
            control.advance(Duration::from_secs(10));
            assert!(!rate_limit.is_closed());
            assert_eq!(rate_limit.turn(Priority::Change).await, Ok(()));
        }
    }
}
