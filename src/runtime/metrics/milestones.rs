//! The times that users wait for.

use std::{sync::atomic::AtomicU64, time::Duration};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::api::Step;

/// Observed when the status was written, so that each is counted once.
pub struct Milestones {
    time_to_active_seconds: Histogram,
    rotation_lag_seconds: Histogram,
    step_seconds: Family<StepLabels, Histogram>,
    lock_held_seconds: Histogram,
    oldest_lock_seconds: Gauge<f64, AtomicU64>,
    oldest_lock: Mutex<Option<OldestLock>>,
}

/// Returns the age of the oldest open lock, if there is one.
type OldestLock = Box<dyn Fn() -> Option<Duration> + Send + Sync>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: &'static str,
}

/// The steps that take time.
const TIMED: [Step; 6] = [
    Step::LockRequested,
    Step::Locking,
    Step::DryRun,
    Step::Promoting,
    Step::Unlocking,
    Step::Verifying,
];

/// From a second to nine hours: a tenant serves a new secret after about ten minutes, a promotion takes as long.
fn long() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 16))
}

impl Milestones {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let time_to_active_seconds = long();
        registry.register(
            "time_to_active_seconds",
            "From an integration's creation to the first test that passed",
            time_to_active_seconds.clone(),
        );
        let rotation_lag_seconds = long();
        registry.register(
            "rotation_lag_seconds",
            "From the discovery of a new credential to the connection test that passed with it",
            rotation_lag_seconds.clone(),
        );
        let step_seconds = Family::new_with_constructor(long as fn() -> Histogram);
        for step in TIMED {
            // Prometheus sees no increase in a histogram that begins with its first value.
            drop(step_seconds.get_or_create(&StepLabels { step: step.as_str() }));
        }
        registry.register(
            "promotion_step_duration_seconds",
            "How long a step of a promotion's stage took",
            step_seconds.clone(),
        );
        let lock_held_seconds = long();
        registry.register(
            "promotion_lock_held_seconds",
            "How long a lock was held, from its request to its end",
            lock_held_seconds.clone(),
        );
        let oldest_lock_seconds = Gauge::<f64, AtomicU64>::default();
        registry.register(
            "promotion_oldest_lock_seconds",
            "The age of the oldest lock that may be open; 0 without one",
            oldest_lock_seconds.clone(),
        );
        Self {
            time_to_active_seconds,
            rotation_lag_seconds,
            step_seconds,
            lock_held_seconds,
            oldest_lock_seconds,
            oldest_lock: Mutex::default(),
        }
    }

    /// An integration is Active for the first time, so long after it was created.
    pub fn became_active(&self, after: Duration) {
        self.time_to_active_seconds.observe(after.as_secs_f64());
    }

    /// The tenant works with a new credential, so long after it was found.
    pub fn rotated(&self, after: Duration) {
        self.rotation_lag_seconds.observe(after.as_secs_f64());
    }

    /// A step of a stage has ended.
    pub fn step_ended(&self, step: Step, took: Duration) {
        let step = step.as_str();
        self.step_seconds
            .get_or_create(&StepLabels { step })
            .observe(took.as_secs_f64());
    }

    /// A lock is gone.
    pub fn lock_ended(&self, held: Duration) {
        self.lock_held_seconds.observe(held.as_secs_f64());
    }

    /// The source for the age of the oldest open lock.
    pub fn oldest_lock(&self, tell: impl Fn() -> Option<Duration> + Send + Sync + 'static) {
        *self.oldest_lock.lock() = Some(Box::new(tell));
    }

    pub(super) fn look(&self) {
        let oldest = self.oldest_lock.lock();
        let held = oldest.as_ref().and_then(|tell| tell()).unwrap_or_default();
        self.oldest_lock_seconds.set(held.as_secs_f64());
    }
}
