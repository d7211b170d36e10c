//! How a pass over a stage ends.

use std::time::Duration;

use crate::{
    api::{PromotionPhase, Reason, StageStatus, conditions::Conclusion},
    controller::engine::requeue::When,
};

/// How often a run is looked at that waits for a person or another object: a change of either wakes it, but not what
/// its tenant shows.
pub(super) const LOOK_AGAIN: Duration = Duration::from_mins(10);

/// How a pass ends.
#[derive(Debug)]
pub(super) struct RunRequeue {
    pub(super) phase: PromotionPhase,
    pub(super) conclusion: Conclusion,
    pub(super) next: When,
}

/// The pass ends, and the next one begins at once.
pub(super) fn next_stage(stage: &StageStatus) -> RunRequeue {
    RunRequeue {
        phase: PromotionPhase::Running,
        conclusion: Conclusion::InProgress(
            Reason::Running,
            format!("stage {}: the next step begins", stage.name),
        ),
        next: When::Poll(Duration::ZERO),
    }
}

/// Something is missing, which a watch tells of.
pub(super) fn pending(reason: Reason, what: &[String]) -> RunRequeue {
    RunRequeue {
        phase: PromotionPhase::Pending,
        conclusion: Conclusion::InProgress(reason, what.join(". ")),
        next: When::Poll(LOOK_AGAIN),
    }
}
