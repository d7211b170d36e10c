//! How the reconciliation of a stage ends.

use std::time::Duration;

use crate::{
    api::{PromotionPhase, Reason, StageStatus, conditions::Conclusion},
    controller::engine::requeue::When,
};

/// How often a run is checked that waits for a person or another object. Their changes trigger it, and its tenant's
/// do not.
pub(super) const LOOK_AGAIN: Duration = Duration::from_mins(10);

/// How a reconciliation of a run ends.
#[derive(Debug)]
pub(super) struct RunRequeue {
    pub(super) phase: PromotionPhase,
    pub(super) conclusion: Conclusion,
    pub(super) next: When,
}

/// The reconciliation ends, and the next one begins at once.
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

/// Something is missing. A watch tells when it comes.
pub(super) fn pending(reason: Reason, what: &[String]) -> RunRequeue {
    RunRequeue {
        phase: PromotionPhase::Pending,
        conclusion: Conclusion::InProgress(reason, what.join(". ")),
        next: When::Poll(LOOK_AGAIN),
    }
}
