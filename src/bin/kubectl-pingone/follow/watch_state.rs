//! What one watch shows of the API server, and what all of them do. No I/O.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// A server that has just started may refuse what it will allow: it does not know all roles yet.
const REFUSED_FOR_GOOD_AFTER: Duration = Duration::from_secs(10);
/// A watch that works again says nothing. The API server is asked when the watch has been quiet for this long.
const QUIET_FOR: Duration = Duration::from_secs(3);

/// What the API server is doing, from the best to the worst.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiState {
    #[default]
    Answers,
    /// It is away, and why. What it said last stands.
    Away(Failure),
    /// It refuses who asks, for good.
    Refuses(Failure),
}

/// One watch.
#[derive(Default)]
pub struct WatchState {
    has_worked: bool,
    failed: Option<Failed>,
}

struct Failed {
    at: Instant,
    refused_since: Option<Instant>,
    failure: Failure,
}

impl WatchState {
    pub fn works(&self) -> bool {
        self.failed.is_none()
    }

    pub fn works_again(&mut self) {
        self.has_worked = true;
        self.failed = None;
    }

    pub fn failed(&mut self, failure: Failure, at: Instant) {
        let before = self.failed.take().and_then(|before| before.refused_since);
        let refused_since = failure.is_refusal().then(|| before.unwrap_or(at));
        self.failed = Some(Failed {
            at,
            refused_since,
            failure,
        });
    }

    /// Whether it has failed, and not again for a while.
    pub fn may_work_again(&self, now: Instant) -> bool {
        self.failed
            .as_ref()
            .is_some_and(|failed| now - failed.at >= QUIET_FOR)
    }

    pub fn state(&self) -> ApiState {
        let Some(failed) = &self.failed else {
            return ApiState::Answers;
        };
        let lasts = |since: Instant| !self.has_worked || failed.at - since >= REFUSED_FOR_GOOD_AFTER;
        if failed.refused_since.is_some_and(lasts) {
            ApiState::Refuses(failed.failure.clone())
        } else {
            ApiState::Away(failed.failure.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use pingone_aic_operator::clock::Clock;

    use super::*;

    fn refused() -> Failure {
        Failure::Refused("promotions".to_owned(), "no".to_owned(), "")
    }

    fn away() -> Failure {
        Failure::Unreachable("promotions".to_owned(), "gone".to_owned())
    }

    #[test]
    fn a_refusal_is_for_good_at_the_beginning_and_when_it_lasts() {
        let now = Clock::system().instant();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut watch = WatchState::default();
        watch.failed(refused(), now);
        assert_eq!(
            watch.state(),
            ApiState::Refuses(refused()),
            "nothing was seen before"
        );
        watch.works_again();
        assert_eq!(watch.state(), ApiState::Answers);
        for seconds in [0, 9] {
            watch.failed(refused(), after(seconds));
            assert_eq!(watch.state(), ApiState::Away(refused()), "{seconds}");
        }
        watch.failed(refused(), after(10));
        assert_eq!(watch.state(), ApiState::Refuses(refused()));
        watch.failed(away(), after(11));
        watch.failed(refused(), after(12));
        assert_eq!(
            watch.state(),
            ApiState::Away(refused()),
            "it was another failure in between"
        );
    }

    #[test]
    fn the_worst_of_all_watches_counts() {
        assert!(ApiState::Refuses(away()) > ApiState::Away(refused()));
        assert!(ApiState::Away(away()) > ApiState::Answers);
    }

    #[test]
    fn a_watch_is_asked_about_when_it_has_been_quiet() {
        let now = Clock::system().instant();
        let mut watch = WatchState::default();
        assert!(!watch.may_work_again(now), "it works");
        watch.failed(away(), now);
        assert!(!watch.may_work_again(now + Duration::from_secs(2)));
        assert!(watch.may_work_again(now + Duration::from_secs(3)));
    }
}
