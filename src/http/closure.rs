//! A host that refuses calls (429, 503) gets none for a while: until when, for which priorities, and which time the
//! message shows.

use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;

use super::{Priority, RetryAfter};

/// The pause for a host that names no time.
pub(super) const WITHOUT_RETRY_AFTER: Duration = Duration::from_secs(10);
/// Work that holds a lock tries again after this time, because a lock blocks everybody.
const LONGEST_WITH_LOCK: Duration = Duration::from_mins(1);
const MINUTE: i64 = 60;

/// Until when a host gets no calls.
#[derive(Debug, Default)]
pub(super) struct Closure {
    until: Option<Instant>,
    until_with_lock: Option<Instant>,
    /// The minute in the message. It stays until it is over, so that repeated refusals give the same message.
    told: Option<Timestamp>,
    is_outage: bool,
}

/// The host gets no calls for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) asked: RetryAfter,
    /// It answered 503 without a time: it is down rather than busy.
    pub(super) is_outage: bool,
}

impl Closure {
    /// The host refuses a call of this priority with this status, and may name a time. A later end stays. A retry for
    /// a lock makes nobody else wait for longer.
    pub(super) fn refused(
        &mut self,
        status: u16,
        asked: Option<Duration>,
        priority: Priority,
        (instant, now): (Instant, Timestamp),
    ) {
        let is_outage = status == 503 && asked.is_none();
        let is_closed = self.closed(Priority::Check, instant).is_some();
        self.is_outage = is_outage && (self.is_outage || !is_closed);
        let wait = asked.unwrap_or(WITHOUT_RETRY_AFTER);
        let extends = !is_closed || priority != Priority::Lock;
        if extends {
            self.until = self.until.max(Some(instant + wait));
        }
        self.until_with_lock = self
            .until_with_lock
            .max(Some(instant + wait.min(LONGEST_WITH_LOCK)));
        let end = asked.and_then(|wait| whole_minute(now, wait));
        // One more minute would change the message at every refusal.
        let is_later = |told: Timestamp| end.is_some_and(|end| end.as_second() > told.as_second() + MINUTE);
        if self
            .told
            .is_none_or(|told| told <= now || (extends && is_later(told)))
        {
            self.told = end;
        }
    }

    /// Whether calls of a priority are held back.
    pub(super) fn closed(&self, priority: Priority, instant: Instant) -> Option<Closed> {
        let until = if priority == Priority::Lock {
            self.until_with_lock
        } else {
            self.until
        };
        let wait = until?.saturating_duration_since(instant);
        let asked = RetryAfter {
            wait,
            until: self.told,
        };
        let is_outage = self.is_outage;
        (!wait.is_zero()).then_some(Closed { asked, is_outage })
    }
}

/// The first whole minute after the pause. A pause of less than a minute is over before anybody reads the message.
fn whole_minute(now: Timestamp, wait: Duration) -> Option<Timestamp> {
    if wait.as_secs() < MINUTE.unsigned_abs() {
        return None;
    }
    let end = now.saturating_add(wait).ok()?;
    Timestamp::from_second((end.as_second() / MINUTE + 1) * MINUTE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn every_refusal_closes_the_host_and_work_that_holds_a_lock_goes_again_after_a_minute() {
        let minutes = |minutes| Some(at(minutes * MINUTE));
        // Status, Retry-After; seconds for others, for a lock; the minute that is told; whether it is an outage.
        for (status, asked, others, lock, told, is_outage) in [
            (429, None, 10, 10, None, false),
            (503, None, 10, 10, None, true),
            (429, Some(5), 5, 5, None, false),
            (503, Some(30), 30, 30, None, false),
            (429, Some(59), 59, 59, None, false),
            (503, Some(60), 60, 60, minutes(2), false),
            (429, Some(90), 90, 60, minutes(2), false),
            (429, Some(3600), 3600, 60, minutes(61), false),
        ] {
            let (mut closure, now) = (Closure::default(), Instant::now());
            closure.refused(
                status,
                asked.map(Duration::from_secs),
                Priority::New,
                (now, at(1)),
            );
            for (priority, seconds) in [
                (Priority::Lock, lock),
                (Priority::New, others),
                (Priority::Check, others),
            ] {
                let wait = Duration::from_secs(seconds);
                let asked = RetryAfter { wait, until: told };
                let closed = Some(Closed { asked, is_outage });
                assert_eq!(
                    closure.closed(priority, now),
                    closed,
                    "{status} {asked:?} {priority:?}"
                );
                assert_eq!(
                    closure.closed(priority, now + wait),
                    None,
                    "{status} {priority:?}"
                );
            }
        }
    }

    #[test]
    fn tries_for_a_lock_change_nothing_for_others_nor_what_people_are_told() {
        let (mut closure, start) = (Closure::default(), Instant::now());
        let told = |closure: &Closure, instant| closure.closed(Priority::Lock, instant).unwrap().asked.until;
        for minute in 0..60_u32 {
            let passed = MINUTE * i64::from(minute);
            let instant = start + Duration::from_mins(minute.into());
            closure.refused(429, Some(HOUR), Priority::Lock, (instant, at(passed)));
            assert_eq!(told(&closure, instant), Some(at(61 * MINUTE)), "minute {minute}");
        }
        assert_eq!(closure.closed(Priority::New, start + HOUR), None, "in time");
        let later = start + 2 * HOUR;
        closure.refused(429, Some(HOUR), Priority::Lock, (later, at(7200)));
        assert_eq!(
            told(&closure, later),
            Some(at(7200 + 61 * MINUTE)),
            "another wait"
        );
    }

    #[test]
    fn a_much_later_end_is_told_and_one_about_as_late_is_not() {
        let (mut closure, now) = (Closure::default(), Instant::now());
        for (wait, told) in [(60, 2), (90, 2), (3600, 61)] {
            let wait = Some(Duration::from_secs(wait));
            closure.refused(429, wait, Priority::New, (now, at(0)));
            let closed = closure.closed(Priority::New, now).unwrap();
            assert_eq!(closed.asked.until, Some(at(told * MINUTE)), "{wait:?}");
        }
    }

    #[test]
    fn a_later_end_stands_and_an_outage_does_not_hide_what_was_asked() {
        let (mut closure, now) = (Closure::default(), Instant::now());
        closure.refused(429, Some(HOUR), Priority::New, (now, at(0)));
        closure.refused(503, None, Priority::New, (now, at(0)));
        let closed = closure.closed(Priority::Change, now).unwrap();
        assert_eq!((closed.asked.wait, closed.is_outage), (HOUR, false));
        assert_eq!(closed.asked.until, Some(at(61 * MINUTE)));
        let (mut closure, now) = (Closure::default(), Instant::now());
        closure.refused(503, None, Priority::New, (now, at(0)));
        closure.refused(429, Some(HOUR), Priority::New, (now, at(0)));
        assert!(!closure.closed(Priority::Change, now).unwrap().is_outage);
    }
}
