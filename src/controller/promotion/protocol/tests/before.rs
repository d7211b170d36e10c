//! Before the lock is known to be ours: rows 1 to 10.

use super::*;

#[test]
fn rows_1_to_3_before_a_lock_is_asked_for() {
    let free = || sight(Shown::Unlocked, "old");
    let promoted = |run| report("old", false, RunKind::Promotion, run);
    let rolled_back = || report("older", false, RunKind::Rollback, Some("former"));
    check(vec![
        (
            "1",
            new(),
            reported(&[promoted(Some("former"))], free()),
            to(Step::Verifying, Outcome::AlreadyPromoted),
        ),
        (
            "1",
            new(),
            reported(&[rolled_back(), promoted(Some("former"))], free()),
            to(Step::Done, Outcome::RolledBack),
        ),
        (
            "1, the lock is ours",
            new(),
            reported(&[real(Some("uid"))], sight(Shown::Locked, "ours")),
            to(Step::Unlocking, Outcome::AlreadyPromoted),
        ),
        (
            "2",
            new(),
            reported(&[dry()], sight(Shown::Locked, "ours")),
            to(Step::Unlocking, Outcome::Retry),
        ),
        ("3", new(), free(), Done::Lock),
        (
            "3, a stranger's promotion before",
            new(),
            reported(&[promoted(None)], free()),
            Done::Lock,
        ),
        (
            "3b",
            new(),
            sight(Shown::Locked, "theirs"),
            Done::Wait(Reason::EnvironmentLocked, false),
        ),
        (
            "3b, one side",
            new(),
            sides((Shown::Locked, "theirs"), (Shown::Unlocked, "old"), Shown::Locked),
            Done::Wait(Reason::EnvironmentLocked, false),
        ),
        (
            "3b, running",
            new(),
            running("RUNNING", "old", free()),
            Done::Wait(Reason::EnvironmentLocked, false),
        ),
        (
            "3b, unknown",
            new(),
            running("SOMETHING", "old", free()),
            Done::Wait(Reason::EnvironmentLocked, false),
        ),
    ]);
    let stopped = done(&new(), &free(), |rules| rules.stops = true);
    assert_eq!(stopped, to(Step::Done, Outcome::Aborted));
    let forgotten = reported(&[dry()], sight(Shown::Locked, "ours"));
    let stopped = done(&new(), &forgotten, |rules| rules.stops = true);
    assert_eq!(stopped, to(Step::Unlocking, Outcome::Retry), "row 2, and stopped");
}

#[test]
fn rows_4_and_5_are_answers() {
    let stage = asked(Step::LockRequested, None, 1);
    let accepted = lock_accepted(&stage, "ours");
    assert_eq!(
        (accepted.step, accepted.lock.unwrap().id.as_deref()),
        (Some(Step::Locking), Some("ours"))
    );
    let refused = lock_refused(&stage);
    assert_eq!((refused.step, refused.lock), (None, None));
}

#[test]
fn rows_6_to_10_the_answer_is_unknown() {
    let lost = |seconds| asked(Step::LockRequested, None, seconds);
    let theirs = || sight(Shown::Locked, "new");
    let unknown = |is_stalled| Done::Wait(Reason::LockOwnershipUnknown, is_stalled);
    let seen_only = Done::Step(Some(Step::LockRequested), None);
    check(vec![
        (
            "6, too soon",
            lost(20),
            sight(Shown::Unlocked, "old"),
            unknown(false),
        ),
        ("6", lost(76), sight(Shown::Unlocked, "old"), ANEW),
        ("7, before", lost(76), sight(Shown::Locked, "old"), ANEW),
        (
            "7, another's run",
            lost(76),
            running("RUNNING", "new", theirs()),
            ANEW,
        ),
        (
            "7, another's report",
            lost(76),
            reported(&[report("new", true, RunKind::Promotion, None)], theirs()),
            ANEW,
        ),
        (
            "ours by a report",
            lost(76),
            reported(&[report("new", true, RunKind::Promotion, Some("uid"))], theirs()),
            to(Step::Unlocking, Outcome::Retry),
        ),
        ("8, first seen", lost(76), theirs(), seen_only),
        (
            "8, another id than before",
            seen(lost(76), "newer", 59),
            theirs(),
            Done::Step(Some(Step::LockRequested), None),
        ),
        (
            "8",
            seen(lost(5 * MINUTE), "new", 4 * MINUTE),
            theirs(),
            unknown(false),
        ),
        (
            "8, one side",
            lost(76),
            sides((Shown::Locking, "new"), (Shown::Unlocked, "old"), Shown::Locking),
            unknown(false),
        ),
        (
            "9",
            seen(lost(12 * MINUTE), "new", 11 * MINUTE),
            theirs(),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "9, at the latest: it was seen in time",
            seen(lost(44 * MINUTE), "new", 29 * MINUTE),
            theirs(),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "10, nobody has looked for long",
            seen(lost(45 * MINUTE), "new", 44 * MINUTE),
            theirs(),
            unknown(true),
        ),
        (
            "7, another's run that came to nothing",
            seen(lost(12 * MINUTE), "new", 11 * MINUTE),
            blocked(running("READY", "new", theirs())),
            ANEW,
        ),
        (
            "9, but something may run under it",
            seen(lost(12 * MINUTE), "new", 11 * MINUTE),
            running("LOCKING", "new", theirs()),
            unknown(false),
        ),
        (
            "10",
            seen(lost(42 * MINUTE), "new", 11 * MINUTE),
            theirs(),
            unknown(true),
        ),
        (
            "10, a state that nobody knows and that does not end",
            seen(lost(31 * MINUTE), "new", 30 * MINUTE),
            running("SOMETHING", "new", theirs()),
            unknown(true),
        ),
        (
            "7, before, but it may be on its way",
            lost(20),
            reported(
                &[report("old", false, RunKind::Promotion, Some("uid"))],
                sight(Shown::Locking, "old"),
            ),
            unknown(false),
        ),
    ]);
    let failed = StageStatus {
        retries: 3,
        ..lost(76)
    };
    assert_eq!(
        done(&failed, &sight(Shown::Unlocked, "old"), |_| {}),
        ANEW,
        "row 6, for the fourth time: an outage ends no run"
    );
    let refused = done(&seen(lost(12 * MINUTE), "new", 11 * MINUTE), &theirs(), |rules| {
        rules.is_void = true;
    });
    assert_eq!(refused, ANEW, "row 5, though it could not be recorded");
    let stale = seen(lost(42 * MINUTE), "new", 11 * MINUTE);
    let running = running("RUNNING", "another", theirs());
    let told_while_it_runs = done(&stale, &running, |rules| rules.unlock = Some("new"));
    assert_eq!(told_while_it_runs, unknown(true), "row 10, but something runs");
    let told = |id: &'static str| done(&stale, &theirs(), |rules| rules.unlock = Some(id));
    assert_eq!(told("new"), Done::Unlock("other"), "row 10, by a person's word");
    assert_eq!(told("other"), unknown(true), "only of the lock that is there");
}
