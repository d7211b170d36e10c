//! Every position of a run.

use serde_json::json;

use super::*;

fn spec(more: &serde_json::Value) -> PromotionSpec {
    let mut spec = json!({
        "order": [
            {"name": "dev", "integrations": ["d"]}, {"name": "staging", "integrations": ["s"]},
            {"name": "prod", "integrations": ["p"]},
        ],
        "upTo": "staging",
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

fn status(stages: &[(&str, Option<Step>, Option<Outcome>)]) -> PromotionStatus {
    PromotionStatus {
        stages: stages
            .iter()
            .map(|(name, step, outcome)| StageStatus {
                name: (*name).to_owned(),
                step: *step,
                outcome: *outcome,
                ..StageStatus::default()
            })
            .collect(),
        ..PromotionStatus::default()
    }
}

#[test]
fn each_state_of_a_run_has_one_position() {
    let none = || status(&[]);
    let staging = |outcome| status(&[("staging", Some(Step::Done), Some(outcome))]);
    let under_way = || status(&[("staging", Some(Step::Locking), None)]);
    let all = || {
        let done = Some(Step::Done);
        status(&[
            ("staging", done, Some(Outcome::Promoted)),
            ("prod", done, Some(Outcome::Skipped)),
        ])
    };
    let aborting = |mut status: PromotionStatus| {
        status.aborting = true;
        status
    };
    let over = |phase, reason| Position::Over(phase, reason);
    let up_to = |stage: &str| spec(&json!({"upTo": stage}));
    let table = [
        ("it begins", up_to("staging"), none(), Position::Stage(1)),
        ("look only", up_to("dev"), none(), Position::Gate(1)),
        (
            "the gate is reached",
            up_to("staging"),
            staging(Outcome::Promoted),
            Position::Gate(2),
        ),
        (
            "the gate is raised",
            up_to("prod"),
            staging(Outcome::Promoted),
            Position::Stage(2),
        ),
        (
            "the gate is lowered under way",
            up_to("dev"),
            under_way(),
            Position::Stage(1),
        ),
        (
            "suspended",
            spec(&json!({"suspend": true})),
            none(),
            Position::Suspended,
        ),
        (
            "suspended under way",
            spec(&json!({"suspend": true})),
            under_way(),
            Position::Stage(1),
        ),
        (
            "aborted",
            up_to("staging"),
            aborting(none()),
            over(PromotionPhase::Aborted, Reason::Aborted),
        ),
        (
            "aborted between two stages",
            up_to("staging"),
            aborting(staging(Outcome::Promoted)),
            over(PromotionPhase::Aborted, Reason::Aborted),
        ),
        (
            "aborted under way",
            up_to("staging"),
            aborting(under_way()),
            Position::Stage(1),
        ),
        (
            "all done",
            up_to("prod"),
            all(),
            over(PromotionPhase::Succeeded, Reason::Succeeded),
        ),
        (
            "a dry run up to the gate",
            spec(&json!({"mode": "DryRun"})),
            staging(Outcome::Inspected),
            over(PromotionPhase::Succeeded, Reason::Succeeded),
        ),
        (
            "failed",
            up_to("prod"),
            staging(Outcome::Failed),
            over(PromotionPhase::Failed, Reason::Aborted),
        ),
    ];
    for (what, spec, status, expected) in table {
        assert_eq!(position(&spec, &status), expected, "{what}");
    }
}

/// Status may have been wiped while a lock was open: it is released, wherever the run stands by now.
#[test]
fn a_lock_that_may_be_open_comes_first() {
    let lock = json!({"attempt": "a", "requestedAt": "2026-01-01T00:00:00Z", "id": "ours"});
    let holding =
        json!({"observedGeneration": 1, "stages": [{"name": "prod", "step": "Unlocking", "lock": lock}]});
    let suspect = json!({"attempt": "a", "requestedAt": "2026-01-01T00:00:00Z"});
    let looking = json!({"observedGeneration": 1, "stages": [{"name": "prod", "suspect": suspect}]});
    for held in [holding, looking] {
        for (more, phase, aborting) in [
            (json!({"upTo": "dev"}), None, false),
            (json!({"suspend": true}), None, false),
            (json!({}), None, true),
            (json!({}), Some(PromotionPhase::Succeeded), false),
        ] {
            let mut status: PromotionStatus = serde_json::from_value(held.clone()).unwrap();
            (status.phase, status.aborting) = (phase, aborting);
            assert_eq!(position(&spec(&more), &status), Position::Stage(2), "{more}");
        }
    }
}

#[test]
fn a_run_that_is_over_says_the_same_for_ever() {
    for (promoted, aborted) in [(true, false), (false, true), (true, true)] {
        let stage = |name, outcome: Outcome| StageStatus {
            reason: Some(outcome.as_str().to_owned()),
            message: Some("what it says".to_owned()),
            ..status(&[(name, Some(Step::Done), Some(outcome))])
                .stages
                .remove(0)
        };
        let mut status = PromotionStatus {
            aborting: true,
            ..PromotionStatus::default()
        };
        status
            .stages
            .extend(promoted.then(|| stage("staging", Outcome::Promoted)));
        status
            .stages
            .extend(aborted.then(|| stage("prod", Outcome::Aborted)));
        let spec = spec(&json!({"upTo": "prod"}));
        let over = Position::Over(PromotionPhase::Aborted, Reason::Aborted);
        let first = (
            position(&spec, &status),
            last_words(&status, PromotionPhase::Aborted),
        );
        if promoted && aborted {
            assert_eq!(first.0, over);
        }
        status.phase = Some(PromotionPhase::Aborted);
        let later = (
            position(&spec, &status),
            last_words(&status, PromotionPhase::Aborted),
        );
        assert_eq!(later.0, over);
        assert_eq!(first.1, later.1);
        assert_eq!(later.1.contains("what it says"), aborted, "{}", later.1);
    }
}
