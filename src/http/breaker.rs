//! A circuit breaker for each host. A host that does not answer gets one call now and then, which finds out whether
//! it is back.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Priority;
use crate::clock::Clock;

/// So many calls in a row without an answer open the breaker.
const ACCIDENTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A host that is down and that nobody has called for this long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(15);

/// What is known of one host.
#[derive(Debug)]
pub(super) struct Breaker {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It answers, or has failed this often since it last did.
    Up { failures: u32 },
    /// It gets no calls.
    Down { until: Instant, pause: Duration },
    /// One call is finding out whether it is back.
    Probed { pause: Duration },
}

/// The host does not answer, and is called again after this time.
#[derive(Debug, PartialEq)]
pub(super) struct Down(pub(super) Duration);

/// A call in progress.
pub(super) struct Attempt<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

/// What a call has changed about its host's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It counts as down from now on.
    WentDown,
    /// It answers again.
    CameBack,
}

impl Breaker {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::new(State::Up { failures: 0 }),
        }
    }

    /// Whether a waiting call would be sent.
    pub(super) fn check(&self, priority: Priority) -> Result<(), Down> {
        let now = self.clock.instant();
        match *self.state.lock() {
            _ if priority == Priority::Lock => Ok(()),
            State::Down { until, .. } if until > now => Err(Down(until - now)),
            State::Probed { .. } => Err(Down(FIRST_PAUSE)),
            State::Up { .. } | State::Down { .. } => Ok(()),
        }
    }

    /// Whether a call may be sent. Work that holds a lock is never held back, because others wait for it.
    pub(super) fn attempt(&self, priority: Priority) -> Result<Attempt<'_>, Down> {
        let mut state = self.state.lock();
        let now = self.clock.instant();
        let is_probe = match *state {
            State::Up { .. } => false,
            State::Down { until, pause } if until <= now => {
                *state = State::Probed { pause };
                true
            }
            _ if priority == Priority::Lock => false,
            State::Down { until, .. } => return Err(Down(until - now)),
            State::Probed { .. } => return Err(Down(FIRST_PAUSE)),
        };
        Ok(Attempt {
            breaker: self,
            is_probe,
        })
    }

    /// Whether the host does not answer, by the latest calls.
    pub(super) fn is_down(&self) -> bool {
        match *self.state.lock() {
            State::Up { .. } => false,
            State::Probed { .. } => true,
            State::Down { until, .. } => self.clock.instant() < until + FORGOTTEN_AFTER,
        }
    }
}

impl Attempt<'_> {
    /// The call ended; whether the host has answered at all.
    pub(super) fn ended(mut self, has_answered: bool) -> Option<News> {
        let is_probe = std::mem::take(&mut self.is_probe);
        let mut state = self.breaker.state.lock();
        let was_up = matches!(*state, State::Up { .. });
        let down_for = |pause| State::Down {
            until: self.breaker.clock.instant() + pause,
            pause,
        };
        *state = match *state {
            _ if has_answered => State::Up { failures: 0 },
            State::Up { failures } if failures + 1 < ACCIDENTS => State::Up {
                failures: failures + 1,
            },
            State::Up { .. } => down_for(FIRST_PAUSE),
            State::Probed { pause } if is_probe => down_for((pause * 2).min(LONGEST_PAUSE)),
            // An older call, which says nothing new.
            state => state,
        };
        match (was_up, matches!(*state, State::Up { .. })) {
            (true, false) => Some(News::WentDown),
            (false, true) => Some(News::CameBack),
            _ => None,
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        // A cancelled probe has found out nothing, so the next call is one.
        let mut state = self.breaker.state.lock();
        if let (true, State::Probed { pause }) = (self.is_probe, *state) {
            *state = State::Down {
                until: self.breaker.clock.instant(),
                pause,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ClockControl;

    fn down() -> (Breaker, ClockControl) {
        let (clock, control) = Clock::controlled();
        let breaker = Breaker::new(clock);
        for _ in 1..ACCIDENTS {
            assert_eq!(fail(&breaker), None);
        }
        assert_eq!(fail(&breaker), Some(News::WentDown));
        (breaker, control)
    }

    fn fail(breaker: &Breaker) -> Option<News> {
        breaker
            .attempt(Priority::Change)
            .unwrap_or_else(|_| panic!())
            .ended(false)
    }

    #[test]
    fn an_answer_forgives_what_failed_before() {
        let breaker = Breaker::new(Clock::system());
        for _ in 0..ACCIDENTS {
            assert_eq!(fail(&breaker), None);
            let attempt = breaker.attempt(Priority::Change).unwrap_or_else(|_| panic!());
            assert_eq!(attempt.ended(true), None);
        }
    }

    #[test]
    fn a_host_that_is_down_is_probed_by_one_call_at_a_time_and_later_and_later() {
        let (breaker, control) = down();
        assert!(breaker.attempt(Priority::New).is_err());
        assert!(
            breaker.attempt(Priority::Lock).is_ok(),
            "a lock is never held back"
        );
        control.advance(FIRST_PAUSE);
        let probe = breaker.attempt(Priority::Check).unwrap_or_else(|_| panic!());
        assert!(breaker.attempt(Priority::New).is_err(), "one at a time");
        assert!(breaker.check(Priority::New).is_err() && breaker.check(Priority::Lock).is_ok());
        assert_eq!(probe.ended(false), None);
        control.advance(FIRST_PAUSE);
        assert!(breaker.attempt(Priority::New).is_err(), "later than before");
        control.advance(FIRST_PAUSE);
        let probe = breaker.attempt(Priority::Check).unwrap_or_else(|_| panic!());
        assert_eq!(probe.ended(true), Some(News::CameBack));
        assert!(breaker.attempt(Priority::Check).is_ok());
    }

    #[test]
    fn a_host_that_nobody_asks_any_more_is_not_told_of() {
        let (breaker, control) = down();
        assert!(breaker.is_down());
        control.advance(FORGOTTEN_AFTER);
        assert!(breaker.is_down());
        control.advance(FIRST_PAUSE);
        assert!(!breaker.is_down());
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_its_place_to_the_next_call() {
        let (breaker, control) = down();
        control.advance(FIRST_PAUSE);
        drop(breaker.attempt(Priority::Check));
        assert!(breaker.attempt(Priority::Check).is_ok());
    }

    #[test]
    fn work_that_holds_a_lock_finds_out_too() {
        let (breaker, _control) = down();
        let attempt = breaker.attempt(Priority::Lock).unwrap_or_else(|_| panic!());
        assert_eq!(attempt.ended(true), Some(News::CameBack));
    }
}
