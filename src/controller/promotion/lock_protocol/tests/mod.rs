//! The lock protocol as a table: each of its rows, with what is remembered, what is seen, and what is done.

#![allow(
    clippy::too_many_lines,
    clippy::large_stack_arrays,
    reason = "a table is long"
)]

mod acquire;
mod marks;
mod release;
mod stops;
mod unanswered;
mod under_lock;
mod waits;

use std::{collections::BTreeSet, time::Duration};

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    Act, Content, Decision, Expected, Fault, Forgotten, Missing, Observation, Part, Rules, SeenReport,
    decide, forgotten, lock_accepted, lock_refused,
};
use crate::{
    aic::{LockSide, LockState, LockStatus as Shown, Progress, RunKind},
    api::{
        Action, DryRunRequest, DryRunStatus, LockStatus, Outcome, PromoteStatus, PromotionMode, Reason,
        RunMark, SeenLock, StageStatus, Step, SuspectLock, Timeouts,
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
            contested: false,
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
        settled: false,
    };
    stage.lock.as_mut().unwrap().seen = Some(seen);
    stage
}

/// A lock that was there when the request must have settled.
fn settled(mut stage: StageStatus) -> StageStatus {
    stage.lock.as_mut().unwrap().seen.as_mut().unwrap().settled = true;
    stage
}

/// A request for a lock that had no effect, so many seconds ago.
fn suspect(seconds: i64, stage: StageStatus) -> StageStatus {
    StageStatus {
        suspect: Some(SuspectLock {
            attempt: "lost".to_owned(),
            requested_at: ago(seconds),
            before: Some("old".to_owned()),
            contested: false,
        }),
        ..stage
    }
}

/// One beside which another lock was there.
fn contested(mut stage: StageStatus) -> StageStatus {
    if let Some(suspect) = &mut stage.suspect {
        suspect.contested = true;
    }
    if let Some(lock) = &mut stage.lock {
        lock.contested = true;
    }
    stage
}

fn shown(fault: Fault, mut observation: Observation) -> Observation {
    observation.fault = Part::Read(fault);
    observation
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
            failed: false,
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

fn shows(state: Shown, id: &str) -> Observation {
    sides((state, id), (state, id), state)
}

fn sides(lower: (Shown, &str), upper: (Shown, &str), result: Shown) -> Observation {
    let side = |(state, id): (Shown, &str)| LockSide {
        state,
        promotion_id: Some(id.to_owned()),
    };
    Observation {
        lock: LockState {
            result,
            promotion_id: Some(upper.1.to_owned()),
            lower_env: Some(side(lower)),
            upper_env: Some(side(upper)),
        },
        run: Part::Read(Progress::with_status("READY")),
        reports: Part::Read(Vec::new()),
        fault: Part::Read(Fault::NotShown),
        content: Part::Read(Content::default()),
        idle_for: Part::Read(Duration::ZERO),
    }
}

fn with_run(mut observation: Observation, change: impl FnOnce(&mut Progress)) -> Observation {
    if let Part::Read(run) = &mut observation.run {
        change(run);
    }
    observation
}

fn running(status: &str, id: &str, observation: Observation) -> Observation {
    with_run(observation, |run| {
        *run = Progress::with_status(status);
        run.promotion_id = Some(id.to_owned());
    })
}

fn blocked(observation: Observation) -> Observation {
    with_run(observation, |run| {
        run.promotion_id.get_or_insert("ours".to_owned());
        run.blocking_error = true;
    })
}

/// Seen idle for so many minutes.
fn idle(minutes: u64, mut observation: Observation) -> Observation {
    observation.idle_for = Part::Read(Duration::from_mins(minutes));
    observation
}

fn reported(reports: &[SeenReport], mut observation: Observation) -> Observation {
    observation.reports = Part::Read(reports.to_vec());
    observation
}

/// A report under a lock: a dry run or a real one, of this run (`uid`), of a former one of our name, or a stranger's.
fn report(lock: &str, dry: bool, kind: RunKind, run: Option<&str>) -> SeenReport {
    SeenReport {
        id: "report".to_owned(),
        created: "2026-01-01T00:00:00Z".to_owned(),
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

/// Of a run that is ready, and that nobody has stopped.
fn rules(timeouts: &Timeouts) -> Rules<'_> {
    Rules {
        key: "ns/run",
        run: "uid",
        mode: PromotionMode::Promote,
        ignore_encrypted_secrets: false,
        timeouts,
        expected: Expected::default(),
        is_ready: true,
        is_void: false,
        stops: false,
        unlock: None,
    }
}

fn decision(stage: &StageStatus, observation: &Observation, change: impl FnOnce(&mut Rules<'_>)) -> Decision {
    let timeouts = Timeouts::default();
    let mut rules = rules(&timeouts);
    change(&mut rules);
    decide(stage, observation, &rules, ago(0).0).expect("everything was read")
}

fn act(stage: &StageStatus, observation: &Observation) -> Act {
    decision(stage, observation, |_| {}).act
}

fn done(stage: &StageStatus, observation: &Observation, change: impl FnOnce(&mut Rules<'_>)) -> Done {
    in_short(decision(stage, observation, change).act)
}

fn in_short(act: Act) -> Done {
    match act {
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
        Act::Promote(stage, _) => {
            assert_eq!(stage.promote.unwrap().lock_id, "ours", "once under this lock");
            Done::Promote
        }
        Act::Unlock(id, _) => Done::Unlock(if id == "ours" { "ours" } else { "other" }),
        Act::Wait(wait) => Done::Wait(wait.reason, wait.is_stalled),
        Act::Leave => panic!("a row leaves nothing"),
    }
}

/// A case: its row, and after a comma what is special about it.
type RowCase = (&'static str, StageStatus, Observation, Done);

fn check(rows: Vec<RowCase>) {
    for (row, stage, observation, expected) in rows {
        check_case(row, &stage, &observation, |_| {}, &expected);
    }
}

fn check_case(
    row: &str,
    stage: &StageStatus,
    observation: &Observation,
    change: impl FnOnce(&mut Rules<'_>),
    expected: &Done,
) {
    let Decision { row: decided, act } = decision(stage, observation, change);
    assert_eq!(in_short(act), *expected, "row {row}");
    let number = row.split_once(',').map_or(row, |(number, _)| number);
    assert_eq!(decided.to_string(), number, "the row of {row}");
}

const fn to(step: Step, outcome: Outcome) -> Done {
    Done::Step(Some(step), Some(outcome))
}

/// As before anything was asked for.
const ANEW: Done = Done::Step(None, None);

/// Every decision reads what it needs, and no more. What cannot be read keeps no lock, and stops no person.
#[test]
fn a_decision_reads_no_more_than_it_needs() {
    use Missing::{Content, Fault, IdleTime, Reports, Run};
    let timeouts = Timeouts::default();
    let reads = |stage: &StageStatus, all: &Observation, unlock: Option<&'static str>, stops: bool, fails| {
        let rules = Rules {
            stops,
            unlock,
            ..rules(&timeouts)
        };
        let mut known = Observation::of_lock(all.lock.clone());
        let mut read = Vec::new();
        while let Err(missing) = decide(stage, &known, &rules, ago(0).0) {
            assert!(!read.contains(&missing), "{missing:?} is read once");
            read.push(missing);
            match missing {
                Run => known.run = all.run.clone(),
                Reports if fails => known.reports = Part::Unreadable,
                Reports => known.reports = all.reports.clone(),
                Fault => known.fault = all.fault.clone(),
                Content => known.content = all.content.clone(),
                IdleTime => known.idle_for = all.idle_for.clone(),
            }
        }
        read
    };
    let locked = || shows(Shown::Locked, "ours");
    let free = || shows(Shown::Unlocked, "ours");
    let lost = |seconds| asked(Step::LockRequested, None, seconds);
    let watched = || settled(seen(lost(12 * MINUTE), "ours", 11 * MINUTE));
    let locking = || asked(Step::Locking, Some("ours"), 90);
    let past = || report("past", false, RunKind::Promotion, Some("uid"));
    #[rustfmt::skip]
    let table = [
        ("3", new(), free(), vec![Reports, Run, Content]),
        ("3b", new(), locked(), vec![Reports]),
        ("6", lost(90), free(), vec![]),
        ("8", lost(90), locked(), vec![Reports, Run]),
        ("9", watched(), locked(), vec![Reports, Run, IdleTime]),
        ("11", locking(), locked(), vec![Run]),
        ("11, on its way", locking(), shows(Shown::Locking, "ours"), vec![]),
        ("13b", dry_running(60, 1), running("RUNNING", "ours", locked()), vec![Run]),
        ("14", dry_running(60, 1), locked(), vec![Run, Reports]),
        ("16", dry_run_is_read(&[], &[]), reported(&[dry()], locked()), vec![Run, Reports, Content]),
        ("18", promoting(60, None), blocked(locked()), vec![Run]),
        ("19", promoting(60, None), locked(), vec![Run, Reports]),
        ("20", promoting(60, None), running("RUNNING", "ours", locked()), vec![Run]),
        ("23", unlocking(Outcome::Failed), locked(), vec![Run]),
        ("24", unlocking(Outcome::Failed), free(), vec![Reports]),
        ("23, still idle", unproved(unlocking(Outcome::Retry)), locked(), vec![Run, Reports]),
        ("27", rolling_back(locking()), reported(&[past()], locked()), vec![Run, Reports, Fault]),
    ];
    for (row, stage, observation, expected) in table {
        assert_eq!(
            reads(&stage, &observation, None, false, false),
            expected,
            "row {row}"
        );
    }
    let without_reports = |stage: &StageStatus, all: &Observation, unlock, stops| {
        reads(stage, all, unlock, stops, true);
    };
    without_reports(&dry_running(60 * MINUTE, 1), &locked(), None, false);
    without_reports(&dry_running(60, 1), &blocked(locked()), None, false);
    without_reports(&promoting(121 * MINUTE, Some(1)), &locked(), None, false);
    without_reports(&watched(), &locked(), Some("ours"), false);
    without_reports(&asked(Step::Unlocking, Some("ours"), 90), &free(), None, true);
}

/// `docs/lock-protocol.md` has every row, and those that no decision rests on: answers, what is never done, and lost keys.
#[test]
fn the_document_has_every_row() {
    let document = include_str!("../../../../../docs/lock-protocol.md");
    let documented: BTreeSet<_> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(row, _)| row.to_owned())
        .filter(|row| row.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    let decided = super::row::Row::ALL.iter().map(ToString::to_string);
    let others = ["4", "4b", "17", "28"].map(ToOwned::to_owned);
    assert_eq!(documented, decided.chain(others).collect());
}
