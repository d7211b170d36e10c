//! How a reconciliation ends.

use std::time::Duration;

use crate::api::conditions::Conclusion;

/// The result of a step, or how it ends the reconciliation.
pub(crate) type Flow<T> = Result<T, Requeue>;

/// What is left to do, and when.
#[derive(Debug)]
pub(crate) struct Requeue {
    pub(crate) conclusion: Conclusion,
    pub(crate) when: When,
}

/// When an object is reconciled again, unless it changes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// After its interval: nothing is left to do.
    Check(Duration),
    /// After this time, plus up to ten seconds if it is long: something is in progress.
    Poll(Duration),
    /// Later with each failure, and not before the host allows it.
    Retry(Option<Duration>),
    /// Only after a change: the object is done, or gone.
    OnChange,
}
