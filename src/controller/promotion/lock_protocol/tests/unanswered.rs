//! The answer to a request for a lock is not known: rows 2b and 6 to 10.

use super::*;

const UNKNOWN: fn(bool) -> Done = |is_stalled| Done::Wait(Reason::LockOwnershipUnknown, is_stalled);
/// The lock is remembered, and nothing decided.
const SEEN: Done = Done::Step(Some(Step::LockRequested), None);
const GIVEN_BACK: Done = to(Step::Unlocking, Outcome::Retry);

fn lost(seconds: i64) -> StageStatus {
    asked(Step::LockRequested, None, seconds)
}

fn theirs() -> Observation {
    shows(Shown::Locked, "new")
}

/// With the minutes for which the lock was seen idle.
type QuietRow = (&'static str, StageStatus, Observation, u64, Done);

fn check_quiet(rows: Vec<QuietRow>) {
    for (row, stage, observation, quiet, expected) in rows {
        check_case(row, &stage, &idle(quiet, observation), |_| {}, &expected);
    }
}

#[test]
fn rows_6_to_7b_the_request_had_no_effect_or_the_lock_is_anothers() {
    let unlocked = || shows(Shown::Unlocked, "old");
    let judged = || settled(seen(lost(12 * MINUTE), "first", 11 * MINUTE));
    check_quiet(vec![
        ("6, too soon", lost(20), unlocked(), 0, UNKNOWN(false)),
        ("6", lost(76), unlocked(), 0, ANEW),
        (
            "6, unlocked again",
            seen(lost(76), "new", 60),
            unlocked(),
            0,
            ANEW,
        ),
        ("7, before", lost(76), shows(Shown::Locked, "old"), 0, ANEW),
        (
            "7, before, but ours may be on its way",
            lost(20),
            reported(
                &[report("old", false, RunKind::Promotion, Some("uid"))],
                shows(Shown::Locking, "old"),
            ),
            0,
            UNKNOWN(false),
        ),
        (
            "7, another's run",
            lost(76),
            running("RUNNING", "new", theirs()),
            0,
            ANEW,
        ),
        (
            "7, another's report",
            lost(76),
            reported(&[report("new", true, RunKind::Promotion, None)], theirs()),
            0,
            ANEW,
        ),
        (
            "7, another's run that came to nothing",
            settled(seen(lost(12 * MINUTE), "new", 11 * MINUTE)),
            blocked(running("READY", "new", theirs())),
            10,
            ANEW,
        ),
        (
            "7b, what was there when it must have settled was its effect",
            judged(),
            theirs(),
            10,
            ANEW,
        ),
        (
            "8, not of one that was gone by then",
            seen(lost(70), "first", 60),
            theirs(),
            0,
            SEEN,
        ),
        (
            "7c",
            lost(76),
            reported(&[report("new", true, RunKind::Promotion, Some("uid"))], theirs()),
            0,
            GIVEN_BACK,
        ),
    ]);
    let failed = StageStatus {
        retries: 3,
        ..lost(76)
    };
    assert_eq!(
        done(&failed, &unlocked(), |_| {}),
        ANEW,
        "row 6, for the fourth time: an outage ends no run"
    );
}

#[test]
fn rows_8_to_10_the_lock_may_be_ours() {
    let watched = |seconds, since| settled(seen(lost(seconds), "new", since));
    check_quiet(vec![
        ("8, first seen", lost(76), theirs(), 0, SEEN),
        (
            "8, still there when it must have settled",
            seen(lost(76), "new", 70),
            theirs(),
            1,
            SEEN,
        ),
        ("8", watched(5 * MINUTE, 4 * MINUTE), theirs(), 4, UNKNOWN(false)),
        (
            "8b, one side",
            lost(76),
            sides((Shown::Locking, "new"), (Shown::Unlocked, "old"), Shown::Locking),
            0,
            UNKNOWN(false),
        ),
        (
            "8, the quiet period began anew",
            watched(20 * MINUTE, 19 * MINUTE),
            theirs(),
            9,
            UNKNOWN(false),
        ),
        ("9", watched(12 * MINUTE, 11 * MINUTE), theirs(), 10, GIVEN_BACK),
        (
            "9, at the latest",
            watched(30 * MINUTE - 1, 29 * MINUTE),
            theirs(),
            10,
            GIVEN_BACK,
        ),
        (
            "9, seen in time",
            watched(17 * MINUTE, 17 * MINUTE - 375),
            theirs(),
            10,
            GIVEN_BACK,
        ),
        (
            "10, seen too late",
            watched(17 * MINUTE, 17 * MINUTE - 376),
            theirs(),
            10,
            UNKNOWN(true),
        ),
        (
            "10, under what may be another's, a dry run of ours came late",
            StageStatus {
                retries: 1,
                ..watched(12 * MINUTE, 11 * MINUTE)
            },
            reported(&[report("new", true, RunKind::Promotion, Some("uid"))], theirs()),
            10,
            UNKNOWN(true),
        ),
        (
            "8, seen before it must have settled",
            settled(seen(lost(20), "new", 10)),
            theirs(),
            0,
            UNKNOWN(false),
        ),
        (
            "10, another lock was there before",
            contested(watched(12 * MINUTE, 11 * MINUTE)),
            theirs(),
            10,
            UNKNOWN(true),
        ),
        (
            "10, the request is too old",
            watched(30 * MINUTE, 29 * MINUTE),
            theirs(),
            10,
            UNKNOWN(true),
        ),
        (
            "8, but something may run under it",
            watched(12 * MINUTE, 11 * MINUTE),
            running("LOCKING", "new", theirs()),
            10,
            UNKNOWN(false),
        ),
        (
            "10, a state that nobody knows and that does not end",
            watched(31 * MINUTE, 30 * MINUTE),
            running("SOMETHING", "new", theirs()),
            10,
            UNKNOWN(true),
        ),
    ]);
    let refused = done(&watched(12 * MINUTE, 11 * MINUTE), &idle(10, theirs()), |rules| {
        rules.is_void = true;
    });
    assert_eq!(refused, ANEW, "row 5, though it could not be recorded");
    let stale = watched(42 * MINUTE, 11 * MINUTE);
    let running = running("RUNNING", "another", theirs());
    let told_while_it_runs = done(&stale, &running, |rules| rules.unlock = Some("new"));
    assert_eq!(told_while_it_runs, UNKNOWN(true), "row 10, but something runs");
    let told = |id: &'static str| done(&stale, &theirs(), |rules| rules.unlock = Some(id));
    assert_eq!(told("new"), Done::Unlock("other"), "row 10, by a person's word");
    assert_eq!(told("other"), UNKNOWN(true), "only of the lock that is there");
    let unsettled = seen(lost(12 * MINUTE), "new", 12 * MINUTE);
    let noted = decision(&unsettled, &theirs(), |rules| rules.unlock = Some("new")).act;
    let Act::Remember(noted) = noted else {
        panic!("row 8, before row 10b: a lock that comes after it is another's");
    };
    assert!(noted.lock.unwrap().seen.unwrap().settled);
}

/// Whether the idle time is read: only then a check counts towards the quiet period.
#[test]
fn only_checks_of_a_whole_lock_under_which_nothing_happens_count() {
    let watched = || settled(seen(lost(12 * MINUTE), "new", 11 * MINUTE));
    let counts = |observation: Observation| {
        let timeouts = Timeouts::default();
        let observation = Observation {
            idle_for: Part::NotRead,
            ..observation
        };
        let decided = decide(&watched(), &observation, &rules(&timeouts), ago(0).0);
        decided == Err(Missing::IdleTime)
    };
    let used = reported(&[report("new", true, RunKind::Promotion, None)], theirs());
    for (what, observation, expected) in [
        ("locked", theirs(), true),
        ("on its way", shows(Shown::Locking, "new"), false),
        ("being unlocked", shows(Shown::Unlocking, "new"), false),
        (
            "one side",
            sides((Shown::Locked, "new"), (Shown::Locking, "new"), Shown::Locking),
            false,
        ),
        ("something runs", running("RUNNING", "new", theirs()), false),
        ("something may", running("SOMETHING", "new", theirs()), false),
        ("somebody has used it", used, false),
    ] {
        assert_eq!(counts(observation), expected, "{what}");
    }
}

#[test]
fn row_2b_a_request_that_was_given_up_may_still_take_a_lock() {
    let unlocked = || shows(Shown::Unlocked, "old");
    let waits = Done::Wait(Reason::EnvironmentLocked, false);
    let released = |outcome| suspect(5 * MINUTE, unlocking(outcome));
    let gone = || shows(Shown::Unlocked, "ours");
    check(vec![
        ("6, it is remembered", lost(76), unlocked(), ANEW),
        ("2b", suspect(90, new()), theirs(), SEEN),
        (
            "3b, but of before",
            suspect(90, new()),
            shows(Shown::Locked, "old"),
            waits,
        ),
        (
            "3b, but another's",
            suspect(90, new()),
            running("RUNNING", "new", theirs()),
            Done::Wait(Reason::EnvironmentLocked, false),
        ),
        (
            "3b, one side",
            suspect(90, new()),
            sides((Shown::Locked, "new"), (Shown::Unlocked, "old"), Shown::Locked),
            Done::Wait(Reason::EnvironmentLocked, false),
        ),
        (
            "3, and it is looked for all the same",
            suspect(90, new()),
            unlocked(),
            Done::Lock,
        ),
        (
            "2b, after who was away",
            suspect(60 * MINUTE, new()),
            theirs(),
            SEEN,
        ),
        ("2c, for ten minutes", suspect(675, new()), unlocked(), ANEW),
        (
            "2c, the stage is not over before",
            released(Outcome::Promoted),
            gone(),
            UNKNOWN(false),
        ),
        (
            "2c, nor if it failed",
            released(Outcome::Failed),
            gone(),
            UNKNOWN(false),
        ),
        (
            "24, but it may begin anew",
            released(Outcome::Retry),
            gone(),
            ANEW,
        ),
        (
            "2b, it has taken a lock",
            released(Outcome::Promoted),
            theirs(),
            Done::Step(Some(Step::LockRequested), Some(Outcome::Promoted)),
        ),
        (
            "24, in time",
            suspect(675, unlocking(Outcome::Promoted)),
            gone(),
            to(Step::Verifying, Outcome::Promoted),
        ),
        (
            "2c, promoted before",
            suspect(90, new()),
            reported(
                &[report("past", false, RunKind::Promotion, Some("former"))],
                unlocked(),
            ),
            UNKNOWN(false),
        ),
    ]);
    let Act::Remember(given_up) = act(&lost(76), &unlocked()) else {
        panic!("row 6");
    };
    let lock = lost(76).lock.unwrap();
    let kept = given_up.suspect.unwrap();
    assert_eq!(
        (kept.attempt, kept.requested_at),
        (lock.attempt, lock.requested_at)
    );
    for (row, stage, observation, is_contested) in [
        ("6", lost(76), unlocked(), false),
        ("6, unlocked again", seen(lost(76), "new", 60), unlocked(), true),
        ("7", lost(76), shows(Shown::Locked, "old"), true),
        (
            "7, another's run",
            lost(76),
            running("RUNNING", "new", theirs()),
            true,
        ),
        ("7b", settled(seen(lost(90), "first", 60)), theirs(), true),
        ("6, taken up before", contested(lost(76)), unlocked(), true),
    ] {
        let Act::Remember(next) = act(&stage, &observation) else {
            panic!("row {row}");
        };
        assert_eq!(next.suspect.unwrap().contested, is_contested, "row {row}");
    }
    let Act::Remember(taken_up) = act(&contested(suspect(90, new())), &theirs()) else {
        panic!("row 2b");
    };
    assert!(taken_up.lock.unwrap().contested, "a person judges it");
    let void = done(&lost(76), &theirs(), |rules| rules.is_void = true);
    assert_eq!(void, ANEW);
    let stopped = done(&suspect(90, new()), &unlocked(), |rules| rules.stops = true);
    assert_eq!(stopped, UNKNOWN(false), "row 26");
}

/// A stage whose end was decided before ends so, whatever became of the lost request.
#[test]
fn the_end_of_a_stage_outlives_a_late_lock() {
    let late = |outcome| StageStatus {
        outcome: Some(outcome),
        reason: Some(Reason::LockFailed.as_str().to_owned()),
        ..settled(seen(lost(12 * MINUTE), "new", 11 * MINUTE))
    };
    // Its lock is another's, or gone, and so the stage waits for its request alone.
    let given_up = |seconds, outcome| {
        let mut stage = suspect(seconds, unlocking(outcome));
        stage.lock.as_mut().unwrap().id = None;
        stage
    };
    check_quiet(vec![
        (
            "9",
            late(Outcome::Promoted),
            theirs(),
            10,
            to(Step::Unlocking, Outcome::Promoted),
        ),
        (
            "6",
            late(Outcome::Promoted),
            shows(Shown::Unlocked, "new"),
            0,
            to(Step::Unlocking, Outcome::Promoted),
        ),
        (
            "7",
            late(Outcome::Failed),
            running("RUNNING", "new", theirs()),
            0,
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "2c, and it is looked for still",
            given_up(5 * MINUTE, Outcome::Failed),
            shows(Shown::Unlocked, "new"),
            0,
            UNKNOWN(false),
        ),
        (
            "24, in time",
            given_up(12 * MINUTE, Outcome::Failed),
            shows(Shown::Unlocked, "new"),
            0,
            to(Step::Done, Outcome::Failed),
        ),
        (
            "24, another works under its own",
            given_up(12 * MINUTE, Outcome::Promoted),
            running("RUNNING", "new", theirs()),
            0,
            to(Step::Verifying, Outcome::Promoted),
        ),
        (
            "2c, one side may be ours",
            given_up(12 * MINUTE, Outcome::Promoted),
            sides((Shown::Locked, "new"), (Shown::Unlocked, "old"), Shown::Locked),
            0,
            UNKNOWN(true),
        ),
        (
            "24",
            unproved(StageStatus {
                outcome: Some(Outcome::Failed),
                ..asked(Step::Unlocking, Some("new"), 1200)
            }),
            shows(Shown::Unlocked, "new"),
            0,
            to(Step::Done, Outcome::Failed),
        ),
    ]);
}
