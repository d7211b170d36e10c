//! The lock protocol as a table: each of its rows, with what is remembered, what is seen, and what is done.

#![allow(
    clippy::too_many_lines,
    clippy::large_stack_arrays,
    reason = "a table is long"
)]

mod after;
mod before;
mod marks;
mod stops;
mod unanswered;
mod under;
mod waits;

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use super::{
    Act, Content, Expected, Fault, Forgotten, Reports, Rules, SeenReport, Sight, decide, forgotten,
    idle_lock, lock_accepted, lock_refused, reads_fault, reads_reports,
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

fn shown(fault: Fault, mut sight: Sight) -> Sight {
    sight.fault = fault;
    sight
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
        fault: Fault::NotShown,
        content: Content::default(),
    }
}

fn running(status: &str, id: &str, mut sight: Sight) -> Sight {
    sight.run = Progress::with_status(status);
    sight.run.promotion_id = Some(id.to_owned());
    sight
}

fn blocked(mut sight: Sight) -> Sight {
    sight.run.promotion_id.get_or_insert("ours".to_owned());
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
        quiet_for: Duration::ZERO,
        stops: false,
        unlock: None,
    }
}

fn done(stage: &StageStatus, sight: &Sight, change: impl FnOnce(&mut Rules<'_>)) -> Done {
    let timeouts = Timeouts::default();
    let mut rules = rules(&timeouts);
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

/// What cannot be read keeps no lock, and stops no person.
#[test]
fn reports_are_read_where_they_decide() {
    let timeouts = Timeouts::default();
    let reads = |stage: &StageStatus, sight: &Sight, unlock: Option<&'static str>, stops: bool| {
        let rules = Rules {
            stops,
            unlock,
            ..rules(&timeouts)
        };
        reads_reports(stage, sight, &rules, ago(0).0)
    };
    let locked = || sight(Shown::Locked, "ours");
    let free = || sight(Shown::Unlocked, "ours");
    let lost = || asked(Step::LockRequested, None, 90);
    let table = [
        ("3", new(), free(), Reports::Needed),
        ("8", lost(), locked(), Reports::Needed),
        (
            "11",
            asked(Step::Locking, Some("ours"), 90),
            locked(),
            Reports::NotNeeded,
        ),
        ("15", dry_running(60, 1), locked(), Reports::Needed),
        (
            "15, overdue",
            dry_running(60 * MINUTE, 1),
            locked(),
            Reports::IfReadable,
        ),
        ("18", promoting(60, None), blocked(locked()), Reports::NotNeeded),
        ("19", promoting(60, None), locked(), Reports::Needed),
        (
            "20",
            promoting(60, None),
            running("RUNNING", "ours", locked()),
            Reports::NotNeeded,
        ),
        (
            "21, overdue",
            promoting(121 * MINUTE, None),
            locked(),
            Reports::IfReadable,
        ),
        ("23", unlocking(Outcome::Failed), locked(), Reports::NotNeeded),
        ("24", unlocking(Outcome::Failed), free(), Reports::Needed),
        (
            "9, still idle",
            unproved(unlocking(Outcome::Retry)),
            locked(),
            Reports::Needed,
        ),
    ];
    for (row, stage, sight, expected) in table {
        assert_eq!(reads(&stage, &sight, None, false), expected, "row {row}");
    }
    let told = reads(&lost(), &locked(), Some("ours"), false);
    assert_eq!(told, Reports::IfReadable, "row 10, by a person's word");
    let nothing_promoted = asked(Step::Unlocking, Some("ours"), 90);
    let stopped = reads(&nothing_promoted, &free(), None, true);
    assert_eq!(stopped, Reports::IfReadable, "row 26, as far as status remembers");
    let promoted = reads(&unlocking(Outcome::Aborted), &free(), None, true);
    assert_eq!(promoted, Reports::Needed, "row 26, promoted before");
}
