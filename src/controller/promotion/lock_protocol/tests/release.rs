//! The lock is released, and a rollback: rows 22 to 27.

use super::*;

#[test]
fn rows_22_to_24_the_lock_is_given_back() {
    let failed = |mut stage: StageStatus| {
        stage.promote.as_mut().unwrap().failed = true;
        stage
    };
    let held = |state| shows(state, "ours");
    let gone = || shows(Shown::Unlocked, "ours");
    let mut late = unlocking(Outcome::Promoted);
    late.lock.as_mut().unwrap().releasing_since = Some(ago(11 * MINUTE));
    let mut again = unlocking(Outcome::Retry);
    again.retries = 3;
    let young = StageStatus {
        outcome: Some(Outcome::Failed),
        ..asked(Step::Unlocking, Some("ours"), 20)
    };
    let nameless = || {
        let mut observation = held(Shown::Locked);
        observation.lock.promotion_id = None;
        for side in [&mut observation.lock.lower_env, &mut observation.lock.upper_env]
            .into_iter()
            .flatten()
        {
            side.promotion_id = None;
        }
        observation
    };
    check(vec![
        (
            "23, failed in a state nobody knows",
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
            shows(Shown::Locked, "theirs"),
            to(Step::Done, Outcome::Aborted),
        ),
        (
            "24, promoted after all",
            unlocking(Outcome::Failed),
            reported(&[real(Some("uid"))], gone()),
            to(Step::Verifying, Outcome::Promoted),
        ),
        (
            "24, failed by the tenant's own word, though a report tells of it",
            failed(unlocking(Outcome::Failed)),
            reported(&[real(Some("uid"))], gone()),
            to(Step::Done, Outcome::Failed),
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
            "7, used meanwhile",
            unproved(asked(Step::Unlocking, Some("new"), 1200)),
            running("RUNNING", "new", shows(Shown::Locked, "new")),
            ANEW,
        ),
        (
            "23, still idle",
            unproved(asked(Step::Unlocking, Some("new"), 1200)),
            shows(Shown::Locked, "new"),
            Done::Unlock("other"),
        ),
    ]);
}

#[test]
fn row_27_a_rollback_is_of_our_own_last_promotion_only() {
    let locked = || shows(Shown::Locked, "ours");
    let locking = || rolling_back(asked(Step::Locking, Some("ours"), 90));
    let before = |run| report("past", false, RunKind::Promotion, run);
    let last = || reported(&[before(Some("uid"))], locked());
    let back = || report("ours", false, RunKind::Rollback, Some("uid"));
    check(vec![
        (
            "3, it begins",
            rolling_back(new()),
            reported(&[before(Some("uid"))], shows(Shown::Unlocked, "old")),
            Done::Lock,
        ),
        (
            "1, done before",
            rolling_back(new()),
            reported(&[back(), before(Some("uid"))], shows(Shown::Unlocked, "old")),
            to(Step::Done, Outcome::RolledBack),
        ),
        (
            "27, shown faulty again",
            locking(),
            shown(Fault::Shown, last()),
            Done::Promote,
        ),
        (
            "27, shown right",
            locking(),
            shown(Fault::ShownRight, last()),
            to(Step::Unlocking, Outcome::Promoted),
        ),
        (
            "27, not shown",
            locking(),
            shown(Fault::NotShown, last()),
            Done::Wait(Reason::Verifying, false),
        ),
        (
            "27, not ours",
            locking(),
            shown(
                Fault::Shown,
                reported(&[before(None), before(Some("uid"))], locked()),
            ),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "27, too late",
            rolling_back(asked(Step::Locking, Some("ours"), 31 * MINUTE)),
            shown(Fault::Shown, last()),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "27, of a former run",
            locking(),
            shown(Fault::Shown, reported(&[before(Some("former"))], locked())),
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
            reported(&[back()], shows(Shown::Unlocked, "ours")),
            to(Step::Done, Outcome::RolledBack),
        ),
    ]);
}

/// What was not rolled back after all is verified on, and not rolled back once more.
#[test]
fn a_stage_that_was_not_rolled_back_is_verified_as_before() {
    let stage = StageStatus {
        promote: None,
        ..rolling_back(unlocking(Outcome::Promoted))
    };
    let past = report("past", false, RunKind::Promotion, Some("uid"));
    let gone = reported(&[past], shows(Shown::Unlocked, "ours"));
    let Act::Remember(stage) = act(&stage, &gone) else {
        panic!("row 24");
    };
    assert_eq!(
        (stage.step, stage.outcome),
        (Some(Step::Verifying), Some(Outcome::Promoted))
    );
    assert_eq!(stage.action, Action::Promotion);
    let overdue = rolling_back(asked(Step::Locking, Some("ours"), 31 * MINUTE));
    let Act::Remember(stage) = act(&overdue, &shows(Shown::Locked, "ours")) else {
        panic!("row 27");
    };
    assert_eq!(stage.reason.as_deref(), Some(Reason::RollbackNotProved.as_str()));
}
