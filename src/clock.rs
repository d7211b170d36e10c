//! Time, passed in: wall clock, monotonic clock and sleep, which tests can move forward.

use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use tokio::sync::watch;

/// The system's time plus an offset, which is zero and stays zero outside tests.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: watch::Receiver<Duration>,
}

/// Moves a [`Clock`] and all its clones forward.
#[derive(Debug)]
pub struct ClockControl {
    offset: watch::Sender<Duration>,
}

impl Clock {
    /// The system's time.
    #[must_use]
    pub fn system() -> Self {
        Self::controlled().0
    }

    /// The system's time, and the hand that moves it.
    #[must_use]
    pub fn controlled() -> (Self, ClockControl) {
        let (sender, receiver) = watch::channel(Duration::ZERO);
        (Self { offset: receiver }, ClockControl { offset: sender })
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
            .saturating_add(*self.offset.borrow())
            .unwrap_or(Timestamp::MAX)
    }

    /// The monotonic clock.
    #[must_use]
    pub fn instant(&self) -> Instant {
        Instant::now() + *self.offset.borrow()
    }

    /// Sleeps until the monotonic clock shows `deadline`.
    pub async fn sleep_until(&self, deadline: Instant) {
        let mut offset = self.offset.clone();
        loop {
            // Marked as seen before the clock is read, so that a move in between is not missed.
            offset.borrow_and_update();
            let remaining = deadline.saturating_duration_since(self.instant());
            if remaining.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(remaining) => {}
                Ok(()) = offset.changed() => {}
            }
        }
    }

    /// Sleeps for a while.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.instant() + duration).await;
    }
}

impl ClockControl {
    /// Moves the clock forward, and wakes everything that sleeps until a time that has come.
    pub fn advance(&self, by: Duration) {
        self.offset.send_modify(|offset| *offset += by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_past_its_deadline() {
        let (clock, control) = Clock::controlled();
        let before = clock.now();
        let deadline = clock.instant() + Duration::from_hours(24);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(deadline).await }
        });
        control.advance(Duration::from_hours(25));
        sleeper.await.unwrap();
        assert!(clock.now().duration_since(before).as_hours() >= 25);
    }
}
