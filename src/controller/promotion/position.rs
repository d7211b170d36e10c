//! A run's position: which stage is next, and whether it may begin. No I/O.

#[cfg(test)]
mod tests;

use crate::api::{
    Action, Outcome, PromotionMode, PromotionPhase, PromotionSpec, PromotionStatus, Reason, StageStatus, Step,
};

/// A run's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// This stage is in progress, or may begin.
    Stage(usize),
    /// This stage would be next, and `upTo` does not reach it.
    Gate(usize),
    /// This stage would be next, and its content differs from what was approved or reviewed.
    Held(usize),
    /// No stage may begin for now.
    Suspended,
    /// The run has ended.
    Over(PromotionPhase, Reason),
}

pub(super) fn position(spec: &PromotionSpec, status: &PromotionStatus) -> Position {
    // A lock that may be open comes before everything else.
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
                Some(Outcome::Aborted | Outcome::Held) => {
                    return Position::Over(PromotionPhase::Aborted, reason(known));
                }
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
        } else if known.is_some_and(|known| is_held(spec, known)) {
            Position::Held(index)
        } else {
            Position::Stage(index)
        };
    }
    Position::Over(PromotionPhase::Succeeded, success(status))
}

/// Whether a stage still waits for a person: neither `approved` nor `upTo` has changed since it was held.
fn is_held(spec: &PromotionSpec, stage: &StageStatus) -> bool {
    let approved = spec.approved.get(&stage.name);
    stage
        .held
        .as_ref()
        .is_some_and(|held| held.up_to == spec.up_to && held.approved.as_ref() == approved)
}

/// Whether a stage may request a lock. One that only looks for the effect of an earlier request may not.
pub(super) fn may_begin(spec: &PromotionSpec, index: usize) -> bool {
    let gate = spec.order.iter().position(|stage| stage.name == spec.up_to);
    !spec.suspend && index <= gate.unwrap_or(0)
}

/// A stage that has begun continues to its end, wherever the gate is.
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

/// Another run of this name had promoted every stage, and this one promoted nothing.
fn success(status: &PromotionStatus) -> Reason {
    let has = |outcome| status.stages.iter().any(|stage| stage.outcome == Some(outcome));
    if has(Outcome::AlreadyPromoted) && !has(Outcome::Promoted) {
        Reason::AlreadyPromoted
    } else {
        Reason::Succeeded
    }
}

/// The stage that was in progress when the run ended.
fn decisive(status: &PromotionStatus, phase: PromotionPhase) -> Option<&StageStatus> {
    let outcome = match phase {
        PromotionPhase::Failed => Outcome::Failed,
        PromotionPhase::RolledBack => Outcome::RolledBack,
        _ => Outcome::Aborted,
    };
    let mut stages = status.stages.iter();
    stages.rfind(|stage| stage.is_done() && stage.outcome == Some(outcome))
}

/// The message of a run that has ended.
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
