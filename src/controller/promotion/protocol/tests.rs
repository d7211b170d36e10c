//! The lock protocol as a table: each of its rows, with what is remembered, what is seen, and what is done.

#![allow(clippy::too_many_lines, reason = "a table is long")]

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{Act, Rules, SeenReport, Sight, decide, lock_accepted, lock_refused};
use crate::{
    aic::{LockSide, LockState, LockStatus as Shown, Progress, RunKind},
    api::{
        Action, DryRunRequest, DryRunStatus, LockStatus, Outcome, PromoteStatus, PromotionMode, Reason,
        RunMark, SeenLock, StageStatus, Step, Timeouts,
    },
};

const NOW: i64 = 100_000;
const MINUTE: i64 = 60;

fn ago(seconds: i64) -> Time {
    Time(Timestamp::from_second(NOW - seconds).unwrap())
}

/// Nothing is remembered.
fn new() -> StageStatus {
    StageStatus {
        name: "staging".to_owned(),
        ..StageStatus::default()
    }
}

/// A lock that was asked for so many seconds ago.
fn asked(step: Step, id: Option<&str>, seconds: i64) -> StageStatus {
    StageStatus {
        step: Some(step),
        lock: Some(LockStatus {
            attempt: "attempt".to_owned(),
            requested_at: ago(seconds),
            before: Some("old".to_owned()),
            id: id.map(ToOwned::to_owned),
            seen: None,
            unproved: false,
            releasing_since: (step == Step::Unlocking).then(|| ago(10)),
        }),
        ..new()
    }
}

fn seen(mut stage: StageStatus, id: &str, seconds: i64) -> StageStatus {
    let seen = SeenLock {
        id: id.to_owned(),
        since: ago(seconds),
    };
    stage.lock.as_mut().unwrap().seen = Some(seen);
    stage
}

fn unproved(mut stage: StageStatus) -> StageStatus {
    stage.lock.as_mut().unwrap().unproved = true;
    stage
}

fn dry_running(seconds: i64, times: i32) -> StageStatus {
    StageStatus {
        dry_run_request: Some(DryRunRequest {
            requested_at: ago(seconds),
            times,
        }),
        ..asked(Step::DryRun, Some("ours"), seconds + 120)
    }
}

fn dry_run_is_read(missing: &[&str], encrypted: &[&str]) -> StageStatus {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    StageStatus {
        dry_run: Some(DryRunStatus {
            missing_esvs: all(missing),
            encrypted_secrets: all(encrypted),
            ..DryRunStatus::default()
        }),
        ..dry_running(60, 1)
    }
}

fn promoting(seconds: i64, idle: Option<i64>) -> StageStatus {
    StageStatus {
        promote: Some(PromoteStatus {
            lock_id: "ours".to_owned(),
            requested_at: ago(seconds),
            idle_since: idle.map(ago),
        }),
        ..asked(Step::Promoting, Some("ours"), seconds + 600)
    }
}

fn unlocking(outcome: Outcome) -> StageStatus {
    StageStatus {
        outcome: Some(outcome),
        promote: promoting(600, None).promote,
        ..asked(Step::Unlocking, Some("ours"), 1200)
    }
}

fn rolling_back(stage: StageStatus) -> StageStatus {
    StageStatus {
        action: Action::Rollback,
        ..stage
    }
}

fn sight(state: Shown, id: &str) -> Sight {
    sides((state, id), (state, id), state)
}

fn sides(lower: (Shown, &str), upper: (Shown, &str), result: Shown) -> Sight {
    let side = |(state, id): (Shown, &str)| LockSide {
        state,
        promotion_id: Some(id.to_owned()),
    };
    Sight {
        lock: LockState {
            result,
            promotion_id: Some(upper.1.to_owned()),
            lower_env: Some(side(lower)),
            upper_env: Some(side(upper)),
        },
        run: Progress::with_status("READY"),
        reports: Vec::new(),
    }
}

fn running(status: &str, id: &str, mut sight: Sight) -> Sight {
    sight.run = Progress::with_status(status);
    sight.run.promotion_id = Some(id.to_owned());
    sight
}

fn blocked(mut sight: Sight) -> Sight {
    sight.run.promotion_id = Some("ours".to_owned());
    sight.run.blocking_error = true;
    sight
}

fn reported(reports: &[SeenReport], mut sight: Sight) -> Sight {
    sight.reports = reports.to_vec();
    sight
}

/// A report under a lock: a dry run or a real one, of this run (`uid`), of a former one of our name, or a stranger's.
fn report(lock: &str, dry: bool, kind: RunKind, run: Option<&str>) -> SeenReport {
    SeenReport {
        id: "report".to_owned(),
        lock_id: Some(lock.to_owned()),
        is_dry_run: dry,
        kind,
        mark: run.map(|run| RunMark {
            key: "ns/run".to_owned(),
            stage: "staging".to_owned(),
            run: run.to_owned(),
        }),
        is_empty: false,
        missing_esvs: Vec::new(),
    }
}

fn dry() -> SeenReport {
    report("ours", true, RunKind::Promotion, Some("uid"))
}

fn real(run: Option<&str>) -> SeenReport {
    report("ours", false, RunKind::Promotion, run)
}

/// What is done, in short.
#[derive(Debug, PartialEq)]
enum Done {
    Step(Option<Step>, Option<Outcome>),
    Lock,
    DryRun,
    Promote,
    Unlock(&'static str),
    Wait(Reason, bool),
}

fn done(stage: &StageStatus, sight: &Sight, change: impl FnOnce(&mut Rules<'_>)) -> Done {
    let timeouts = Timeouts::default();
    let mut rules = Rules {
        key: "ns/run",
        run: "uid",
        mode: PromotionMode::Promote,
        ignore_encrypted_secrets: false,
        timeouts: &timeouts,
        is_ready: true,
        stops: false,
        unlock: None,
    };
    change(&mut rules);
    match decide(stage, sight, &rules, ago(0).0) {
        Act::Remember(stage) => Done::Step(stage.step, stage.outcome),
        Act::Lock(stage) => {
            assert_eq!(
                stage.step,
                Some(Step::LockRequested),
                "the intent is remembered first"
            );
            Done::Lock
        }
        Act::DryRun(_) => Done::DryRun,
        Act::Promote(stage) => {
            assert_eq!(stage.promote.unwrap().lock_id, "ours", "once under this lock");
            Done::Promote
        }
        Act::Unlock(id, _) => Done::Unlock(if id == "ours" { "ours" } else { "other" }),
        Act::Wait(wait) => Done::Wait(wait.reason, wait.is_stalled),
        Act::Leave => panic!("a row leaves nothing"),
    }
}

type Row = (&'static str, StageStatus, Sight, Done);

fn check(rows: Vec<Row>) {
    for (row, stage, sight, expected) in rows {
        assert_eq!(done(&stage, &sight, |_| {}), expected, "row {row}");
    }
}

const fn to(step: Step, outcome: Outcome) -> Done {
    Done::Step(Some(step), Some(outcome))
}

/// As before anything was asked for.
const ANEW: Done = Done::Step(None, None);

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
            "10",
            seen(lost(31 * MINUTE), "new", 30 * MINUTE),
            theirs(),
            unknown(true),
        ),
    ]);
    let stale = seen(lost(31 * MINUTE), "new", 30 * MINUTE);
    let told = |id: &'static str| done(&stale, &theirs(), |rules| rules.unlock = Some(id));
    assert_eq!(told("new"), Done::Unlock("other"), "row 10, by a person's word");
    assert_eq!(told("other"), unknown(true), "only of the lock that is there");
}

#[test]
fn rows_11_to_13_the_lock_is_on_its_way() {
    let locking = |seconds| asked(Step::Locking, Some("ours"), seconds);
    let one_side = || sides((Shown::Locking, "ours"), (Shown::Locked, "ours"), Shown::Locking);
    check(vec![
        ("11", locking(90), sight(Shown::Locked, "ours"), Done::DryRun),
        (
            "11, one side",
            locking(90),
            one_side(),
            Done::Wait(Reason::Locking, false),
        ),
        (
            "12, overdue",
            locking(31 * MINUTE),
            one_side(),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "12, error",
            locking(90),
            sides((Shown::Locked, "ours"), (Shown::Error, "ours"), Shown::Error),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "13, too soon",
            locking(20),
            sight(Shown::Unlocked, "old"),
            Done::Wait(Reason::Locking, false),
        ),
        (
            "13",
            locking(90),
            sight(Shown::Unlocked, "ours"),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "13, another's",
            locking(90),
            sight(Shown::Locked, "theirs"),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "11, something runs",
            locking(90),
            running("RUNNING", "ours", sight(Shown::Locked, "ours")),
            Done::Wait(Reason::Running, false),
        ),
    ]);
    let stopped = done(&locking(90), &one_side(), |rules| rules.stops = true);
    assert_eq!(stopped, to(Step::Unlocking, Outcome::Aborted));
}

#[test]
fn rows_13b_to_16_the_dry_run() {
    let locked = || sight(Shown::Locked, "ours");
    let read = || reported(&[dry()], locked());
    let mut empty = dry();
    empty.is_empty = true;
    check(vec![
        (
            "13b",
            dry_running(60, 1),
            running("RUNNING", "ours", locked()),
            Done::Wait(Reason::Running, false),
        ),
        (
            "13b, unknown and overdue",
            dry_running(60 * MINUTE, 1),
            running("SOMETHING", "ours", locked()),
            Done::Wait(Reason::PromotionOverdue, true),
        ),
        (
            "13",
            dry_running(60, 1),
            sight(Shown::Unlocked, "ours"),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "14, too soon",
            dry_running(60, 1),
            locked(),
            Done::Wait(Reason::Running, false),
        ),
        ("14", dry_running(121, 1), locked(), Done::DryRun),
        (
            "14, thrice",
            dry_running(121, 3),
            locked(),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "14, another's dry run",
            dry_running(60, 1),
            reported(&[report("ours", true, RunKind::Promotion, None)], locked()),
            Done::Wait(Reason::Running, false),
        ),
        (
            "15, blocked",
            dry_running(60, 1),
            blocked(locked()),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "15, read first",
            dry_running(60, 1),
            read(),
            Done::Step(Some(Step::DryRun), None),
        ),
        (
            "15, missing",
            dry_run_is_read(&["esv-x"], &[]),
            read(),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "15, encrypted",
            dry_run_is_read(&[], &["x"]),
            read(),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "15, empty",
            dry_run_is_read(&[], &[]),
            reported(&[empty], locked()),
            to(Step::Unlocking, Outcome::Skipped),
        ),
        ("16", dry_run_is_read(&[], &[]), read(), Done::Promote),
        (
            "16, an earlier attempt after all",
            dry_run_is_read(&[], &[]),
            reported(
                &[dry(), report("past", false, RunKind::Promotion, Some("uid"))],
                locked(),
            ),
            to(Step::Unlocking, Outcome::AlreadyPromoted),
        ),
    ]);
    let failed = || sides((Shown::Locked, "ours"), (Shown::Error, "ours"), Shown::Error);
    let one_side = || sides((Shown::Locked, "ours"), (Shown::Unlocked, "ours"), Shown::Locked);
    check(vec![
        (
            "13, error",
            dry_running(60, 1),
            failed(),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "13, one side",
            dry_running(60, 1),
            one_side(),
            Done::Wait(Reason::Locking, false),
        ),
        (
            "13, one side, overdue",
            dry_running(40 * MINUTE, 1),
            one_side(),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "15, blocked in a state nobody knows",
            dry_running(60, 1),
            blocked(running("FAILED", "ours", locked())),
            to(Step::Unlocking, Outcome::Failed),
        ),
    ]);
    let stopped = done(&dry_running(60, 1), &one_side(), |rules| rules.stops = true);
    assert_eq!(stopped, to(Step::Unlocking, Outcome::Aborted));
    let unknown = running("SOMETHING", "ours", locked());
    let told = done(&dry_running(60 * MINUTE, 1), &unknown, |rules| {
        rules.unlock = Some("ours");
    });
    assert_eq!(
        told,
        to(Step::Unlocking, Outcome::Failed),
        "row 13b, by a person's word"
    );
    let stage = dry_run_is_read(&[], &["x"]);
    assert_eq!(
        done(&stage, &read(), |rules| rules.ignore_encrypted_secrets = true),
        Done::Promote
    );
    let stage = dry_run_is_read(&[], &[]);
    assert_eq!(
        done(&stage, &read(), |rules| rules.mode = PromotionMode::DryRun),
        to(Step::Unlocking, Outcome::Inspected)
    );
    assert_eq!(
        done(&stage, &read(), |rules| rules.stops = true),
        to(Step::Unlocking, Outcome::Aborted)
    );
}

#[test]
fn rows_17_to_21_the_promotion() {
    let locked = || sight(Shown::Locked, "ours");
    let idle = Done::Step(Some(Step::Promoting), None);
    check(vec![
        ("17, nothing seen yet", promoting(5, None), locked(), idle),
        (
            "17, never again",
            promoting(60, Some(50)),
            locked(),
            Done::Wait(Reason::Running, false),
        ),
        (
            "18",
            promoting(60, None),
            blocked(locked()),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "18, not while it runs",
            promoting(60, None),
            blocked(running("RUNNING", "ours", locked())),
            Done::Wait(Reason::Running, false),
        ),
        (
            "19, under the id",
            promoting(60, None),
            reported(&[real(None)], locked()),
            to(Step::Unlocking, Outcome::Promoted),
        ),
        (
            "19, with our mark",
            promoting(60, None),
            reported(&[report("?", false, RunKind::Promotion, Some("uid"))], locked()),
            to(Step::Unlocking, Outcome::Promoted),
        ),
        (
            "20",
            promoting(60, None),
            running("RUNNING", "ours", locked()),
            Done::Wait(Reason::Running, false),
        ),
        (
            "20, overdue",
            promoting(121 * MINUTE, None),
            running("RUNNING", "ours", locked()),
            Done::Wait(Reason::PromotionOverdue, true),
        ),
        (
            "20, unknown",
            promoting(121 * MINUTE, None),
            running("SOMETHING", "ours", locked()),
            Done::Wait(Reason::PromotionOverdue, true),
        ),
        (
            "21",
            promoting(600, Some(121)),
            locked(),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "21, unlocked",
            promoting(600, Some(121)),
            sight(Shown::Unlocked, "ours"),
            to(Step::Unlocking, Outcome::Retry),
        ),
    ]);
    let again = done(
        &promoting(60, Some(30)),
        &running("RUNNING", "ours", locked()),
        |_| {},
    );
    assert_eq!(
        again,
        Done::Step(Some(Step::Promoting), None),
        "it runs after all: its report has its time again"
    );
    let unknown = running("SOMETHING", "ours", locked());
    let told = |seconds| {
        done(&promoting(seconds, None), &unknown, |rules| {
            rules.unlock = Some("ours");
        })
    };
    assert_eq!(
        told(121 * MINUTE),
        to(Step::Unlocking, Outcome::Failed),
        "row 20, by a person's word"
    );
    assert_eq!(
        told(60),
        Done::Wait(Reason::Running, false),
        "not before the deadline"
    );
}

#[test]
fn rows_22_to_24_the_lock_is_given_back() {
    let held = |state| sight(state, "ours");
    let gone = || sight(Shown::Unlocked, "ours");
    let mut late = unlocking(Outcome::Promoted);
    late.lock.as_mut().unwrap().releasing_since = Some(ago(11 * MINUTE));
    let mut again = unlocking(Outcome::Retry);
    again.retries = 3;
    let young = StageStatus {
        outcome: Some(Outcome::Failed),
        ..asked(Step::Unlocking, Some("ours"), 20)
    };
    let nameless = || {
        let mut sight = held(Shown::Locked);
        sight.lock.promotion_id = None;
        for side in [&mut sight.lock.lower_env, &mut sight.lock.upper_env]
            .into_iter()
            .flatten()
        {
            side.promotion_id = None;
        }
        sight
    };
    check(vec![
        (
            "22, failed in a state nobody knows",
            unlocking(Outcome::Failed),
            blocked(running("FAILED", "ours", held(Shown::Locked))),
            Done::Unlock("ours"),
        ),
        (
            "23, nobody is named",
            unlocking(Outcome::Failed),
            nameless(),
            Done::Unlock("ours"),
        ),
        (
            "22",
            unlocking(Outcome::Failed),
            running("RUNNING", "ours", held(Shown::Locked)),
            Done::Wait(Reason::Running, false),
        ),
        (
            "22, unknown",
            unlocking(Outcome::Failed),
            running("SOMETHING", "ours", held(Shown::Locked)),
            Done::Wait(Reason::Running, false),
        ),
        (
            "23, locked",
            unlocking(Outcome::Failed),
            held(Shown::Locked),
            Done::Unlock("ours"),
        ),
        (
            "23, locking",
            unlocking(Outcome::Aborted),
            held(Shown::Locking),
            Done::Unlock("ours"),
        ),
        (
            "23, error",
            unlocking(Outcome::Failed),
            held(Shown::Error),
            Done::Unlock("ours"),
        ),
        (
            "23, one side",
            unlocking(Outcome::Failed),
            sides((Shown::Locked, "ours"), (Shown::Unlocked, "ours"), Shown::Locked),
            Done::Unlock("ours"),
        ),
        (
            "23, on its way",
            unlocking(Outcome::Failed),
            held(Shown::Unlocking),
            Done::Wait(Reason::Unlocking, false),
        ),
        (
            "23, not released",
            late.clone(),
            held(Shown::Unlocking),
            Done::Wait(Reason::LockNotReleased, true),
        ),
        (
            "24, promoted",
            unlocking(Outcome::Promoted),
            gone(),
            to(Step::Verifying, Outcome::Promoted),
        ),
        (
            "24, failed",
            unlocking(Outcome::Failed),
            gone(),
            to(Step::Done, Outcome::Failed),
        ),
        (
            "24, another's lock",
            unlocking(Outcome::Aborted),
            sight(Shown::Locked, "theirs"),
            to(Step::Done, Outcome::Aborted),
        ),
        (
            "24, promoted after all",
            unlocking(Outcome::Failed),
            reported(&[real(Some("uid"))], gone()),
            to(Step::Verifying, Outcome::Promoted),
        ),
        ("24, anew", unlocking(Outcome::Retry), gone(), ANEW),
        ("24, thrice", again, gone(), to(Step::Done, Outcome::Failed)),
        (
            "24, too soon",
            young,
            gone(),
            Done::Wait(Reason::Unlocking, false),
        ),
        (
            "9, used meanwhile",
            unproved(asked(Step::Unlocking, Some("new"), 1200)),
            running("RUNNING", "new", sight(Shown::Locked, "new")),
            ANEW,
        ),
        (
            "9, still idle",
            unproved(asked(Step::Unlocking, Some("new"), 1200)),
            sight(Shown::Locked, "new"),
            Done::Unlock("other"),
        ),
    ]);
}

#[test]
fn row_27_a_rollback_is_of_our_own_last_promotion_only() {
    let locked = || sight(Shown::Locked, "ours");
    let locking = || rolling_back(asked(Step::Locking, Some("ours"), 90));
    let before = |run| report("past", false, RunKind::Promotion, run);
    let back = || report("ours", false, RunKind::Rollback, Some("uid"));
    check(vec![
        (
            "27, it begins",
            rolling_back(new()),
            reported(&[before(Some("uid"))], sight(Shown::Unlocked, "old")),
            Done::Lock,
        ),
        (
            "27, done before",
            rolling_back(new()),
            reported(&[back(), before(Some("uid"))], sight(Shown::Unlocked, "old")),
            to(Step::Done, Outcome::RolledBack),
        ),
        (
            "27",
            locking(),
            reported(&[before(Some("uid"))], locked()),
            Done::Promote,
        ),
        (
            "27, not ours",
            locking(),
            reported(&[before(None), before(Some("uid"))], locked()),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "27, of a former run",
            locking(),
            reported(&[before(Some("former"))], locked()),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "19",
            rolling_back(promoting(60, None)),
            reported(&[back(), before(Some("uid"))], locked()),
            to(Step::Unlocking, Outcome::RolledBack),
        ),
        (
            "21, the promotion's own report is none",
            rolling_back(promoting(600, Some(121))),
            reported(&[before(Some("uid"))], locked()),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "24",
            rolling_back(unlocking(Outcome::Retry)),
            reported(&[back()], sight(Shown::Unlocked, "ours")),
            to(Step::Done, Outcome::RolledBack),
        ),
    ]);
}
