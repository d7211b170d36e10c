//! What the queue knows of one object.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{controller::engine::requeue::When, http::Priority};

const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_mins(10);
/// Slower polls get up to ten seconds more, so that they do not stay in step.
const QUICK_POLL: Duration = Duration::from_secs(15);
const POLLS_SPREAD: Duration = Duration::from_secs(10);
/// An object that has failed more often in a row has the priority of a check.
const URGENT_RETRIES: u32 = 3;

pub(super) struct Entry {
    pub(super) schedule: Schedule,
    pub(super) priority: Priority,
    pub(super) host_key: Arc<str>,
    pub(super) pass: Pass,
    /// The host of the current reconciliation.
    pub(super) entered: Option<Arc<str>>,
    pub(super) failures: u32,
    /// Whether it waits because of a change, and no status has told that yet.
    pub(super) is_news: bool,
    /// Whether it was reconciled before.
    is_known: bool,
}

/// When the object is reconciled next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// Only after a change.
    Never,
    /// At this time.
    Later(Instant),
    /// As soon as possible; it has been due since this time.
    Waiting(Instant),
}

/// Whether the object is being reconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    None,
    /// It is. It had waited this long.
    UnderWay {
        waited: Duration,
    },
    /// The object has changed since the reconciliation began, so it is reconciled again.
    Outdated,
    /// The object has been deleted since the reconciliation began.
    Deleted,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            schedule: Schedule::Never,
            priority: Priority::Check,
            host_key: Arc::default(),
            pass: Pass::None,
            entered: None,
            failures: 0,
            is_news: false,
            is_known: false,
        }
    }
}

impl Entry {
    /// A reconciliation ended. `part`, of a thousand, spreads the next one.
    pub(super) fn done(&mut self, next: When, part: u32, now: Instant) {
        let pass = std::mem::replace(&mut self.pass, Pass::None);
        let waited = match pass {
            Pass::UnderWay { waited } => waited,
            Pass::None | Pass::Outdated | Pass::Deleted => Duration::ZERO,
        };
        let after = self.after(next, part, waited);
        self.is_known = true;
        self.schedule = match (pass, after) {
            (Pass::Outdated, _) => Schedule::Waiting(now),
            (Pass::Deleted, _) | (_, None) => Schedule::Never,
            (_, Some((after, priority))) => {
                self.priority = priority;
                Schedule::Later(now + after)
            }
        };
    }

    fn after(&mut self, next: When, part: u32, waited: Duration) -> Option<(Duration, Priority)> {
        Some(match next {
            When::Check(interval) => {
                self.failures = 0;
                // Objects that were reconciled together, after a restart or a change, are spread over the whole
                // interval.
                let spread = if self.is_known && self.priority == Priority::Check {
                    interval / 10
                } else {
                    interval / 10 * 9
                };
                // If checks wait, there are too many of them. Each comes later by as much, up to a limit.
                let after = interval.saturating_sub(spread * part / 1000) + waited.min(interval);
                (after, Priority::Check)
            }
            When::Poll(after) => {
                self.failures = 0;
                let spread = if after > QUICK_POLL {
                    POLLS_SPREAD
                } else {
                    Duration::ZERO
                };
                (after + spread * part / 1000, Priority::Change)
            }
            When::Retry(at_least) => {
                let backoff = FIRST_RETRY * 2_u32.pow(self.failures.min(10));
                self.failures += 1;
                let backoff = backoff.min(LONGEST_RETRY);
                // Never sooner than the host allows: the spread is added.
                let wait = backoff.max(at_least.unwrap_or_default());
                let priority = if self.failures > URGENT_RETRIES {
                    Priority::Check
                } else {
                    Priority::Change
                };
                (wait + wait.min(LONGEST_RETRY) / 10 * part / 1000, priority)
            }
            When::OnChange => return None,
        })
    }
}
