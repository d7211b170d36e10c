//! A run that is to stop, at each step: row 26.

use super::*;

#[test]
fn row_26_a_run_that_is_to_stop_begins_nothing_and_leaves_nothing() {
    let locked = || shows(Shown::Locked, "ours");
    let gone = || shows(Shown::Unlocked, "ours");
    let rows = vec![
        (
            "6",
            asked(Step::LockRequested, None, 90),
            shows(Shown::Unlocked, "old"),
            ANEW,
        ),
        (
            "8",
            settled(seen(asked(Step::LockRequested, None, 90), "new", 60)),
            shows(Shown::Locked, "new"),
            Done::Wait(Reason::LockOwnershipUnknown, false),
        ),
        (
            "11",
            asked(Step::Locking, Some("ours"), 90),
            locked(),
            to(Step::Unlocking, Outcome::Aborted),
        ),
        (
            "14",
            dry_running(121, 1),
            locked(),
            to(Step::Unlocking, Outcome::Aborted),
        ),
        (
            "16",
            dry_run_is_read(&[], &[]),
            reported(&[dry()], locked()),
            to(Step::Unlocking, Outcome::Aborted),
        ),
        (
            "19, it was promoted",
            promoting(60, None),
            reported(&[real(Some("uid"))], locked()),
            to(Step::Unlocking, Outcome::Promoted),
        ),
        (
            "20, it is waited for",
            promoting(60, None),
            running("RUNNING", "ours", locked()),
            Done::Wait(Reason::Running, false),
        ),
        (
            "24, it begins no more",
            unlocking(Outcome::Retry),
            gone(),
            to(Step::Done, Outcome::Aborted),
        ),
        (
            "24, it was promoted",
            unlocking(Outcome::Aborted),
            reported(&[real(Some("uid"))], gone()),
            to(Step::Verifying, Outcome::Promoted),
        ),
        (
            "27, no rollback begins",
            rolling_back(new()),
            reported(
                &[report("past", false, RunKind::Promotion, Some("uid"))],
                shows(Shown::Unlocked, "old"),
            ),
            to(Step::Done, Outcome::Aborted),
        ),
        (
            "27, nothing is rolled back",
            rolling_back(asked(Step::Locking, Some("ours"), 90)),
            reported(
                &[report("past", false, RunKind::Promotion, Some("uid"))],
                locked(),
            ),
            to(Step::Unlocking, Outcome::Aborted),
        ),
    ];
    for (row, stage, observation, expected) in rows {
        let done = done(&stage, &observation, |rules| rules.stops = true);
        assert_eq!(done, expected, "row {row}");
    }
}
