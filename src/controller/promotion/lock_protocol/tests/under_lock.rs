//! Under our lock: rows 11 to 21.

use super::*;

#[test]
fn rows_11_to_13_the_lock_is_on_its_way() {
    let locking = |seconds| asked(Step::Locking, Some("ours"), seconds);
    let one_side = || sides((Shown::Locking, "ours"), (Shown::Locked, "ours"), Shown::Locking);
    check(vec![
        ("11", locking(90), shows(Shown::Locked, "ours"), Done::DryRun),
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
            "11, too soon",
            locking(20),
            shows(Shown::Unlocked, "old"),
            Done::Wait(Reason::Locking, false),
        ),
        (
            "13",
            locking(90),
            shows(Shown::Unlocked, "ours"),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "13, another's",
            locking(90),
            shows(Shown::Locked, "theirs"),
            to(Step::Unlocking, Outcome::Retry),
        ),
        (
            "13b, something runs",
            locking(90),
            running("RUNNING", "ours", shows(Shown::Locked, "ours")),
            Done::Wait(Reason::Running, false),
        ),
    ]);
    let stopped = done(&locking(90), &one_side(), |rules| rules.stops = true);
    assert_eq!(stopped, to(Step::Unlocking, Outcome::Aborted));
}

#[test]
fn rows_13b_to_16_the_dry_run() {
    let locked = || shows(Shown::Locked, "ours");
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
            shows(Shown::Unlocked, "ours"),
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
            "15, an earlier attempt after all",
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
            "12, error",
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
            "12, one side, overdue",
            dry_running(40 * MINUTE, 1),
            one_side(),
            to(Step::Unlocking, Outcome::Failed),
        ),
        (
            "16, however late: its report is there",
            StageStatus {
                dry_run: dry_run_is_read(&[], &[]).dry_run,
                ..dry_running(60 * MINUTE, 1)
            },
            read(),
            Done::Promote,
        ),
        (
            "14, overdue",
            dry_running(60 * MINUTE, 1),
            locked(),
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
    let locked = || shows(Shown::Locked, "ours");
    let idle = Done::Step(Some(Step::Promoting), None);
    check(vec![
        ("21, nothing seen yet", promoting(5, None), locked(), idle),
        (
            "21, never again",
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
            "20, not while it runs",
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
            shows(Shown::Unlocked, "ours"),
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

/// Row 15: whichever is read first, the report or the run's own word, all that it names is told.
#[test]
fn all_that_blocks_a_dry_run_is_told() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let end = |stage: &StageStatus, observation: &Observation| {
        let Act::Remember(stage) = act(stage, observation) else {
            panic!("row 15");
        };
        (
            stage.reason.unwrap_or_default(),
            stage.message.unwrap_or_default(),
            stage.dry_run,
        )
    };
    let told = |missing: &[&str], encrypted: &[&str], observation: Observation| {
        with_run(observation, |run| {
            run.promotion_id = Some("ours".to_owned());
            run.message = "it cannot be done".to_owned();
            run.missing_esvs = names(missing);
            run.encrypted_secrets = names(encrypted);
        })
    };
    let locked = || shows(Shown::Locked, "ours");
    let mut reports_more = dry();
    reports_more.missing_esvs = names(&["esv-y"]);
    for (what, seen, reason, says) in [
        (
            "blocked, with both lists",
            told(&["esv-x"], &["/secret"], blocked(locked())),
            Reason::MissingESVs,
            ["esv-x", "/secret", "it cannot be done"].as_slice(),
        ),
        (
            "blocked, without lists",
            told(&[], &[], blocked(locked())),
            Reason::DryRunFailed,
            &["it cannot be done"],
        ),
        (
            "lists, and no word of an error",
            told(&["esv-x"], &[], locked()),
            Reason::MissingESVs,
            &["esv-x"],
        ),
        (
            "blocked, and reported",
            told(&["esv-x"], &[], blocked(reported(&[reports_more], locked()))),
            Reason::MissingESVs,
            &["esv-x", "esv-y", "it cannot be done"],
        ),
        (
            "blocked in a state nobody knows",
            told(&[], &["/secret"], blocked(running("FAILED", "ours", locked()))),
            Reason::EncryptedSecrets,
            &["/secret", "it cannot be done"],
        ),
    ] {
        let (found, message, kept) = end(&dry_running(60, 1), &seen);
        assert_eq!(found, reason.as_str(), "{what}");
        for part in says {
            assert!(message.contains(part), "{what}: {message}");
        }
        assert!(kept.is_some(), "{what}: what was found is kept");
    }
}
