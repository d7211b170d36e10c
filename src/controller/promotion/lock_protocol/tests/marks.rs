//! Whose a report is, and under which lock something was done: what is not ours changes nothing.

use super::*;

fn of_stage(stage: &str, mut report: SeenReport) -> SeenReport {
    if let Some(mark) = &mut report.mark {
        stage.clone_into(&mut mark.stage);
    }
    report
}

fn of_key(key: &str, mut report: SeenReport) -> SeenReport {
    if let Some(mark) = &mut report.mark {
        key.clone_into(&mut mark.key);
    }
    report
}

#[test]
fn a_report_of_another_stage_name_or_run_is_not_this_stages() {
    let free = || shows(Shown::Unlocked, "old");
    let locked = || shows(Shown::Locked, "ours");
    let elsewhere = |id, kind| of_stage("production", report(id, false, kind, Some("uid")));
    let namesake = || {
        of_key(
            "ns/other",
            report("old", false, RunKind::Promotion, Some("former")),
        )
    };
    let former = |kind| report("old", false, kind, Some("former"));
    let locking = || rolling_back(asked(Step::Locking, Some("ours"), 90));
    let waits_for_report = || Done::Wait(Reason::Running, false);
    check(vec![
        (
            "3, another stage",
            new(),
            reported(&[elsewhere("old", RunKind::Promotion)], free()),
            Done::Lock,
        ),
        (
            "3, another name",
            new(),
            reported(&[namesake()], free()),
            Done::Lock,
        ),
        (
            "1, of a kind that nobody knows",
            new(),
            reported(&[former(RunKind::Unknown)], free()),
            to(Step::Verifying, Outcome::AlreadyPromoted),
        ),
        (
            "21, another stage",
            promoting(60, Some(60)),
            reported(&[elsewhere("old", RunKind::Promotion)], locked()),
            waits_for_report(),
        ),
        (
            "21, a former run's",
            promoting(60, Some(60)),
            reported(&[former(RunKind::Promotion)], locked()),
            waits_for_report(),
        ),
        (
            "21, a rollback's",
            promoting(60, Some(60)),
            reported(&[report("ours", false, RunKind::Rollback, Some("uid"))], locked()),
            waits_for_report(),
        ),
        (
            "24, another stage",
            unlocking(Outcome::Failed),
            reported(
                &[elsewhere("old", RunKind::Promotion)],
                shows(Shown::Unlocked, "ours"),
            ),
            to(Step::Done, Outcome::Failed),
        ),
        (
            "27, another stage",
            locking(),
            reported(&[elsewhere("past", RunKind::Promotion)], locked()),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "27, rolled back by somebody",
            locking(),
            reported(
                &[
                    report("past", false, RunKind::Rollback, None),
                    report("past", false, RunKind::Promotion, Some("uid")),
                ],
                locked(),
            ),
            to(Step::Unlocking, Outcome::Failed),
        ),
    ]);
}

#[test]
fn what_is_done_under_another_lock_is_not_ours() {
    let locked = || shows(Shown::Locked, "ours");
    let theirs = || shows(Shown::Locked, "theirs");
    let failed_under = |id: &str| blocked(running("FAILED", id, locked()));
    let lost = || settled(seen(asked(Step::LockRequested, None, 90), "new", 60));
    check(vec![
        (
            "8, under another id",
            lost(),
            running("RUNNING", "another", shows(Shown::Locked, "new")),
            Done::Wait(Reason::LockOwnershipUnknown, false),
        ),
        (
            "21, under another id",
            promoting(60, None),
            blocked(running("READY", "another", locked())),
            Done::Step(Some(Step::Promoting), None),
        ),
        (
            "18, in a state that nobody knows",
            promoting(60, None),
            failed_under("ours"),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "21, theirs, and something runs under it",
            promoting(60, None),
            running("RUNNING", "theirs", theirs()),
            Done::Step(Some(Step::Promoting), None),
        ),
        (
            "21, unlocked, and something runs",
            promoting(600, Some(121)),
            running("RUNNING", "theirs", shows(Shown::Unlocked, "old")),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "24, under another id",
            unlocking(Outcome::Failed),
            running("RUNNING", "theirs", theirs()),
            to(Step::Done, Outcome::Failed),
        ),
        (
            "3, what failed is over",
            new(),
            blocked(running("FAILED", "old", shows(Shown::Unlocked, "old"))),
            Done::Lock,
        ),
    ]);
}

#[test]
fn a_lock_in_a_state_that_nobody_knows_is_a_lock() {
    let unknown = |id| shows(Shown::Unknown, id);
    check(vec![
        (
            "3b",
            new(),
            unknown("theirs"),
            Done::Wait(Reason::EnvironmentLocked, false),
        ),
        (
            "11",
            asked(Step::Locking, Some("ours"), 90),
            unknown("ours"),
            Done::Wait(Reason::Locking, false),
        ),
        (
            "13, in a state that nobody knows",
            dry_run_is_read(&[], &[]),
            reported(&[dry()], unknown("ours")),
            Done::Wait(Reason::Locking, false),
        ),
        (
            "23",
            unlocking(Outcome::Failed),
            unknown("ours"),
            Done::Wait(Reason::Unlocking, false),
        ),
    ]);
}
