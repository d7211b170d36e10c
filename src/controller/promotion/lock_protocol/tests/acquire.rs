//! Before the lock is known to be ours: rows 1 to 5.

use super::*;

#[test]
fn rows_1_to_3_before_a_lock_is_asked_for() {
    let free = || shows(Shown::Unlocked, "old");
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
            reported(&[real(Some("uid"))], shows(Shown::Locked, "ours")),
            to(Step::Unlocking, Outcome::AlreadyPromoted),
        ),
        (
            "1, the rollback is the newer of the two, whatever the dates say",
            new(),
            reported(&[promoted(Some("former")), rolled_back()], free()),
            to(Step::Done, Outcome::RolledBack),
        ),
        (
            "2",
            new(),
            reported(&[dry()], shows(Shown::Locked, "ours")),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "3b, a dry run of ours came late, under another's lock",
            StageStatus { retries: 1, ..new() },
            reported(&[dry()], shows(Shown::Locked, "ours")),
            Done::Wait(Reason::EnvironmentLocked, false),
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
            shows(Shown::Locked, "theirs"),
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
    let forgotten = reported(&[dry()], shows(Shown::Locked, "ours"));
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
fn a_refusal_keeps_an_earlier_request_that_may_still_have_an_effect() {
    let stage = suspect(90, asked(Step::LockRequested, None, 1));
    let refused = lock_refused(&stage);
    assert_eq!((refused.step, &refused.lock), (None, &None));
    assert_eq!(refused.suspect, stage.suspect, "row 5");
    let conflicting = shows(Shown::Locked, "new");
    let next = done(&refused, &conflicting, |_| {});
    assert_eq!(next, Done::Step(Some(Step::LockRequested), None), "row 2b");
}

/// Row 2: status was wiped, or an older one restored, and this process still has the key.
#[test]
fn a_lock_that_status_has_forgotten_is_remembered_by_its_key() {
    let locked = |id| shows(Shown::Locked, id).lock;
    let unlocked = || shows(Shown::Unlocked, "ours").lock;
    let mut error = shows(Shown::Error, "ours").lock;
    error.lower_env = None;
    error.upper_env = None;
    error.promotion_id = None;
    let held = || dry_running(60, 1);
    let wiped = StageStatus::default;
    let promoted = || StageStatus {
        outcome: Some(Outcome::Promoted),
        ..asked(Step::Verifying, Some("ours"), 900)
    };
    let asked_for = |seconds| asked(Step::LockRequested, None, seconds);
    let remembered = |kept: &StageStatus, known: &StageStatus, lock: &LockState| match forgotten(
        kept,
        known,
        lock,
        ago(0).0,
    ) {
        Forgotten::Remember(stage) => {
            let id = stage.lock.as_ref().and_then(|lock| lock.id.clone());
            Ok((stage.step, stage.outcome, id, stage.suspect.is_some()))
        }
        other => Err(other),
    };
    let ours = || Some("ours".to_owned());
    let released = |outcome| Ok((Some(Step::Unlocking), Some(outcome), ours(), false));
    let looked_for = || Ok((None, None, None, true));
    for (what, kept, known, lock, expected) in vec![
        ("wiped", held(), wiped(), locked("ours"), released(Outcome::Retry)),
        (
            "its end was decided",
            held(),
            promoted(),
            locked("ours"),
            released(Outcome::Promoted),
        ),
        (
            "a promotion may be on its way",
            promoting(30, None),
            wiped(),
            unlocked(),
            Ok((Some(Step::Promoting), None, ours(), false)),
        ),
        (
            "an older status is restored",
            held(),
            asked(Step::Locking, Some("older"), 900),
            locked("ours"),
            released(Outcome::Retry),
        ),
        ("gone", held(), wiped(), unlocked(), Err(Forgotten::Gone)),
        (
            "another's",
            held(),
            wiped(),
            locked("theirs"),
            Err(Forgotten::Gone),
        ),
        ("it does not say", held(), wiped(), error, Err(Forgotten::Unclear)),
        ("no answer", asked_for(60), wiped(), locked("new"), looked_for()),
        (
            "no answer, long ago",
            asked_for(12 * MINUTE),
            wiped(),
            locked("new"),
            Err(Forgotten::Gone),
        ),
        (
            "begun anew",
            asked_for(60),
            promoted(),
            unlocked(),
            Err(Forgotten::Gone),
        ),
        ("given up", suspect(90, new()), wiped(), unlocked(), looked_for()),
        (
            "never proved",
            unproved(asked(Step::Unlocking, Some("new"), 12 * MINUTE)),
            wiped(),
            locked("new"),
            Err(Forgotten::Gone),
        ),
    ] {
        assert_eq!(remembered(&kept, &known, &lock), expected, "{what}");
    }
}
