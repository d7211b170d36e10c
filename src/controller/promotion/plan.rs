//! Where a run stands: which stage is next, and whether it may begin. No I/O.

use crate::api::{
    Action, Outcome, PromotionMode, PromotionPhase, PromotionSpec, PromotionStatus, Reason, StageStatus, Step,
};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// This stage is under way, or may begin.
    Stage(usize),
    /// This stage would be next, and `upTo` does not reach it.
    Gate(usize),
    /// No stage is begun for now.
    Suspended,
    /// The run is over.
    Over(PromotionPhase, Reason),
}

pub(super) fn position(spec: &PromotionSpec, status: &PromotionStatus) -> Position {
    // Whatever else is to be done: a lock that may be open comes first.
    let holds_lock = |name: &str| {
        let stage = status.stages.iter().find(|stage| stage.name == name);
        stage.is_some_and(StageStatus::may_hold_lock)
    };
    if let Some(index) = spec.order.iter().position(|stage| holds_lock(&stage.name)) {
        return Position::Stage(index);
    }
    if let Some(phase) = status.phase.filter(|phase| phase.is_terminal()) {
        return Position::Over(phase, last_reason(status, phase));
    }
    let gate = spec
        .order
        .iter()
        .position(|stage| stage.name == spec.up_to)
        .unwrap_or(0);
    for (index, stage) in spec.order.iter().enumerate().skip(1) {
        let known = status.stages.iter().find(|known| known.name == stage.name);
        if known.is_some_and(is_under_way) {
            return Position::Stage(index);
        }
        if let Some(known) = known.filter(|known| known.is_done()) {
            match known.outcome {
                Some(Outcome::Failed) => return Position::Over(PromotionPhase::Failed, reason(known)),
                Some(Outcome::RolledBack) => {
                    return Position::Over(PromotionPhase::RolledBack, reason(known));
                }
                Some(Outcome::Aborted) => return Position::Over(PromotionPhase::Aborted, reason(known)),
                _ => continue,
            }
        }
        if status.aborting {
            return Position::Over(PromotionPhase::Aborted, Reason::Aborted);
        }
        if index > gate {
            let is_inspected = spec.mode == PromotionMode::DryRun && index > 1;
            return if is_inspected {
                Position::Over(PromotionPhase::Succeeded, success(status))
            } else if spec.suspend {
                Position::Suspended
            } else {
                Position::Gate(index)
            };
        }
        return if spec.suspend {
            Position::Suspended
        } else {
            Position::Stage(index)
        };
    }
    Position::Over(PromotionPhase::Succeeded, success(status))
}

/// Whether a stage may ask for a lock: one that only looks for what became of an earlier request may not.
pub(super) fn may_begin(spec: &PromotionSpec, index: usize) -> bool {
    let gate = spec.order.iter().position(|stage| stage.name == spec.up_to);
    !spec.suspend && index <= gate.unwrap_or(0)
}

/// A stage that has begun is brought to its end, wherever the gate is.
fn is_under_way(stage: &StageStatus) -> bool {
    let has_begun = stage.step.is_some() || stage.action == Action::Rollback;
    has_begun && stage.step != Some(Step::Done)
}

fn reason(stage: &StageStatus) -> Reason {
    stage
        .reason
        .as_deref()
        .and_then(Reason::find)
        .unwrap_or(Reason::Aborted)
}

fn last_reason(status: &PromotionStatus, phase: PromotionPhase) -> Reason {
    match phase {
        PromotionPhase::Succeeded => success(status),
        _ => decisive(status, phase).map_or(Reason::Aborted, reason),
    }
}

/// A run that found every promotion done before, under its name, has promoted nothing.
fn success(status: &PromotionStatus) -> Reason {
    let has = |outcome| status.stages.iter().any(|stage| stage.outcome == Some(outcome));
    if has(Outcome::AlreadyPromoted) && !has(Outcome::Promoted) {
        Reason::AlreadyPromoted
    } else {
        Reason::Succeeded
    }
}

/// The stage that a run ended at, if it was under way then.
fn decisive(status: &PromotionStatus, phase: PromotionPhase) -> Option<&StageStatus> {
    let outcome = match phase {
        PromotionPhase::Failed => Outcome::Failed,
        PromotionPhase::RolledBack => Outcome::RolledBack,
        _ => Outcome::Aborted,
    };
    let mut stages = status.stages.iter();
    stages.rfind(|stage| stage.is_done() && stage.outcome == Some(outcome))
}

/// What is said of a run that is over.
pub(super) fn last_words(status: &PromotionStatus, phase: PromotionPhase) -> String {
    let told = |outcome: Outcome| {
        status
            .stages
            .iter()
            .filter(|stage| stage.outcome == Some(outcome))
            .map(|stage| stage.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    if phase == PromotionPhase::Succeeded {
        let parts: Vec<_> = [
            ("promoted", Outcome::Promoted),
            ("promoted before", Outcome::AlreadyPromoted),
            ("nothing to promote", Outcome::Skipped),
            ("inspected", Outcome::Inspected),
        ]
        .into_iter()
        .map(|(what, outcome)| (what, told(outcome)))
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{names}: {what}"))
        .collect();
        // Whose promotions those were.
        let before = status
            .stages
            .iter()
            .filter(|stage| stage.outcome == Some(Outcome::AlreadyPromoted))
            .filter_map(|stage| stage.message.clone());
        return parts.into_iter().chain(before).collect::<Vec<_>>().join("; ");
    }
    let last = decisive(status, phase);
    let what = last.map(|stage| {
        let why = || (phase != PromotionPhase::Aborted).then(|| reason(stage).to_string());
        (&stage.name, stage.message.clone().or_else(why))
    });
    match what {
        Some((stage, Some(what))) => format!("stage {stage}: {what}. A new run is a new Promotion"),
        _ => {
            "the run was stopped before it promoted anything further. A new run is a new Promotion".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
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

    /// Status may have been wiped while a lock was open: it is given back, wherever the run stands by now.
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
}
