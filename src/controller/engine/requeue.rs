//! How a pass ends.

use std::time::Duration;

use crate::api::conditions::Conclusion;

/// What a step found, or how it ends the pass.
pub(crate) type Flow<T> = Result<T, Requeue>;

/// What is left to do, and when.
#[derive(Debug)]
pub(crate) struct Requeue {
    pub(crate) conclusion: Conclusion,
    pub(crate) when: When,
}

/// When an object is looked at again, if nothing happens to it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// After its interval: all is as it can be.
    Check(Duration),
    /// After this long, or up to ten seconds more if that is long: something is on its way.
    Poll(Duration),
    /// Later and later with each failure, but not before the other side allows it.
    Retry(Option<Duration>),
    /// Not at all: it is over, or gone.
    OnChange,
}
