//! The lock is given back, and a rollback: rows 22 to 27.

use super::*;

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
        (
            "24, failed by the tenant's own word, though a report tells of it",
            StageStatus {
                reason: Some(Reason::PromotionFailed.as_str().to_owned()),
                ..unlocking(Outcome::Failed)
            },
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
    let last = || reported(&[before(Some("uid"))], locked());
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
            reported(&[back()], sight(Shown::Unlocked, "ours")),
            to(Step::Done, Outcome::RolledBack),
        ),
    ]);
}

/// What was not rolled back after all is verified on, and not rolled back once more.
#[test]
fn a_stage_that_was_not_rolled_back_is_verified_as_before() {
    let timeouts = Timeouts::default();
    let stage = StageStatus {
        promote: None,
        ..rolling_back(unlocking(Outcome::Promoted))
    };
    let past = report("past", false, RunKind::Promotion, Some("uid"));
    let gone = reported(&[past], sight(Shown::Unlocked, "ours"));
    let Act::Remember(stage) = decide(&stage, &gone, &rules(&timeouts), ago(0).0) else {
        panic!("row 24");
    };
    assert_eq!(
        (stage.step, stage.outcome),
        (Some(Step::Verifying), Some(Outcome::Promoted))
    );
    assert_eq!(stage.action, Action::Promotion);
    let overdue = rolling_back(asked(Step::Locking, Some("ours"), 31 * MINUTE));
    let Act::Remember(stage) = decide(
        &overdue,
        &sight(Shown::Locked, "ours"),
        &rules(&timeouts),
        ago(0).0,
    ) else {
        panic!("row 27");
    };
    assert_eq!(stage.reason.as_deref(), Some(Reason::RollbackNotProved.as_str()));
}

#[test]
fn a_fault_is_looked_for_under_the_rollbacks_own_lock_alone() {
    let timeouts = Timeouts::default();
    let looked = |stage: &StageStatus, lock: &str, stops: bool| {
        let rules = Rules {
            stops,
            ..rules(&timeouts)
        };
        reads_fault(stage, &sight(Shown::Locked, lock).lock, &rules)
    };
    let locking = || asked(Step::Locking, Some("ours"), 90);
    assert!(looked(&rolling_back(locking()), "ours", false));
    assert!(!looked(&rolling_back(locking()), "theirs", false));
    assert!(!looked(&rolling_back(locking()), "ours", true));
    assert!(!looked(&locking(), "ours", false));
    assert!(!looked(&rolling_back(promoting(60, None)), "ours", false));
}
