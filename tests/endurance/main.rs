//! What takes hours: rest, refusals, outages, caches. The operator's clock is moved, and nobody waits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]

#[path = "../arena/mod.rs"]
mod arena;

mod deletion;
mod refusals;
mod rest;
mod rotation;

use std::time::Duration;

use self::arena::Arena;

impl Arena {
    /// Lets time pass, and what is due in it happen.
    pub async fn pass(&mut self, time: Duration, step: Duration) {
        let mut passed = Duration::ZERO;
        while passed < time {
            self.advance(step).await;
            passed += step;
            self.settle().await;
        }
    }

    /// Waits until nothing is going on: nothing is in flight, and nothing new begins for a moment.
    pub async fn settle(&self) {
        loop {
            let before = self.network.journal_since(0).len();
            tokio::time::sleep(Duration::from_millis(5)).await;
            if self.network.in_flight() == 0 && self.network.journal_since(before).is_empty() {
                return;
            }
        }
    }
}
