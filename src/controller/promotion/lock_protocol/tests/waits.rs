//! How soon is looked again, and what is remembered and said.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{
    aic::Report,
    controller::promotion::{name_budget::NameBudget, report_summary},
};

#[test]
fn every_step_is_looked_at_at_the_same_pace_and_another_ones_lock_about_once_a_minute() {
    let after = |stage: &StageStatus, observation: &Observation| match act(stage, observation) {
        Act::Wait(wait) => wait.after,
        act => panic!("it waits for nothing: {act:?}"),
    };
    let on_its_way = sides((Shown::Locking, "ours"), (Shown::Locked, "ours"), Shown::Locking);
    for (age, seconds) in [
        (0, 1),
        (2, 1),
        (3, 5),
        (119, 5),
        (120, 15),
        (599, 15),
        (600, 50),
        (1500, 50),
    ] {
        let stage = asked(Step::Locking, Some("ours"), age);
        let expected = Duration::from_secs(seconds);
        assert_eq!(after(&stage, &on_its_way), expected, "asked for {age} s ago");
        let mut releasing = asked(Step::Unlocking, Some("ours"), 10_000);
        releasing.lock.as_mut().unwrap().releasing_since = Some(ago(age));
        let goes = shows(Shown::Unlocking, "ours");
        assert_eq!(after(&releasing, &goes), expected, "released for {age} s");
        let runs = running("RUNNING", "ours", shows(Shown::Locked, "ours"));
        assert_eq!(
            after(&promoting(age, None), &runs),
            expected,
            "promoting for {age} s"
        );
    }
    let theirs = shows(Shown::Locked, "theirs");
    assert_eq!(after(&new(), &theirs), Duration::from_secs(50));
}

#[test]
fn the_intent_to_lock_remembers_what_is_needed_to_tell_whose_a_lock_is() {
    let Act::Lock(stage) = act(&new(), &shows(Shown::Unlocked, "old")) else {
        panic!("row 3");
    };
    let lock = stage.lock.unwrap();
    assert_eq!(lock.before.as_deref(), Some("old"));
    assert_eq!((lock.requested_at, lock.id, lock.seen), (ago(0), None, None));
    assert_eq!(stage.started_at, Some(ago(0)));
}

#[test]
fn a_retry_that_is_the_last_says_why() {
    for reason in [Reason::LockLost, Reason::LockAnswerLost, Reason::PromoteNotTaken] {
        let stage = StageStatus {
            retries: 3,
            reason: Some(reason.as_str().to_owned()),
            ..unlocking(Outcome::Retry)
        };
        let Act::Remember(stage) = act(&stage, &shows(Shown::Unlocked, "ours")) else {
            panic!("row 24");
        };
        assert_eq!(
            (stage.outcome, stage.reason.as_deref()),
            (Some(Outcome::Failed), Some(reason.as_str()))
        );
    }
    let refused = StageStatus {
        message: Some("its words".to_owned()),
        ..promoting(600, Some(121))
    };
    let Act::Remember(stage) = act(&refused, &shows(Shown::Locked, "ours")) else {
        panic!("row 21");
    };
    let message = stage.message.unwrap();
    assert!(message.ends_with("its words"), "{message}");
}

/// 32 KiB a stage, whatever a tenant says.
#[test]
fn a_stage_fits_into_a_status() {
    let names: Vec<_> = (0..500)
        .map(|number| format!("{number:03}{}", "\"ä".repeat(150)))
        .collect();
    let mut found = dry();
    found.missing_esvs.clone_from(&names);
    let mut seen = reported(&[found], shows(Shown::Locked, "ours"));
    seen = with_run(seen, |run| {
        run.promotion_id = Some("ours".to_owned());
        run.missing_esvs.clone_from(&names);
        run.encrypted_secrets.clone_from(&names);
    });
    let Act::Remember(mut stage) = act(&dry_running(60, 1), &seen) else {
        panic!("row 15");
    };
    let dry_run = stage.dry_run.as_mut().unwrap();
    assert!(dry_run.report.truncated, "names are left out");
    assert!(!dry_run.missing_esvs.is_empty() && !dry_run.encrypted_secrets.is_empty());
    let items: Vec<_> = names
        .iter()
        .map(|name| json!({"name": name, "realm": name}))
        .collect();
    let kinds: Vec<_> = ["added", "modified", "deleted"]
        .map(|change| json!({"configItem": "Scripts", "configChange": {change: items}}))
        .into();
    let report: Report = serde_json::from_value(json!({"report": {"AMConfig": kinds}})).unwrap();
    let report = report_summary::of(&report, &BTreeSet::new());
    assert!(report.truncated && !report.deleted.is_empty(), "{report:?}");
    assert_eq!(report.totals.deleted, 500);
    dry_run.report = report.clone();
    stage.report = Some(report.clone());
    stage.rollback = Some(report);
    stage.message = Some("\"".repeat(2000));
    let size = serde_json::to_string(&stage).unwrap().len();
    assert!(size <= 32 * 1024, "{size} bytes");
}

#[test]
fn fifty_names_of_a_kind_are_kept() {
    let (mut room, mut names) = (NameBudget::of(10_000), Vec::new());
    let kept = (0..60).filter(|number| room.add(&number.to_string(), &mut names));
    assert_eq!(kept.count(), 50);
}
