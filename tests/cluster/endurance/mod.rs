//! What takes hours: rest, refusals, outages, caches. The operator's clock is moved, and nobody waits.

mod deletion;
mod faults;
mod locked;
mod metrics;
mod ownership;
mod pace;
mod refusals;
mod rest;
mod rotation;
mod turns;
mod watches;

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_support::Env;

#[ext(Passing)]
pub(crate) impl Env {
    /// Lets time pass, and what is due in it happen.
    async fn pass(&mut self, time: Duration, step: Duration) {
        let mut passed = Duration::ZERO;
        while passed < time {
            self.advance(step).await;
            passed += step;
            self.settle().await;
        }
    }
}
