//! How soon a step is checked again: often at first, because a tenant needs seconds or minutes.

use std::time::Duration;

const AT_FIRST: Duration = Duration::from_secs(1);
pub(super) const POLL: Duration = Duration::from_secs(5);
const LATER: Duration = Duration::from_secs(15);
/// A minute, with what the queue adds so that runs do not stay in step.
pub(super) const LONGEST_POLL: Duration = Duration::from_secs(50);

/// The next check of a step that has taken this long: after one and two seconds, then every five seconds in its first
/// two minutes, every fifteen to ten minutes, then about every minute. Status keeps whole seconds, so two may be
/// three.
pub(super) fn pace(passed: Duration) -> Duration {
    match passed.as_secs() {
        0..=2 => AT_FIRST,
        3..120 => POLL,
        120..600 => LATER,
        _ => LONGEST_POLL,
    }
}

/// The same after a DELETE of a lock, which is not repeated every few seconds.
pub(super) fn pace_of_release(passed: Duration) -> Duration {
    pace(passed).max(passed.min(LATER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_looked_at_often_at_first_and_about_once_a_minute_in_the_end() {
        // Seconds passed, until the next look, and until the next DELETE.
        for (passed, look, release) in [
            (0, 1, 1),
            (1, 1, 1),
            (2, 1, 2),
            (3, 5, 5),
            (6, 5, 6),
            (15, 5, 15),
            (119, 5, 15),
            (120, 15, 15),
            (599, 15, 15),
            (600, 50, 50),
            (86_400, 50, 50),
        ] {
            let passed = Duration::from_secs(passed);
            assert_eq!(pace(passed).as_secs(), look, "{passed:?}");
            assert_eq!(pace_of_release(passed).as_secs(), release, "{passed:?}");
        }
    }
}
