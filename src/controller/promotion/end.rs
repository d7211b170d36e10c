//! How a pass over a stage ends.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    super::Next,
    End, LOOK_AGAIN,
    protocol::{Wait, whole_seconds},
    run::Run,
};
use crate::api::{Outcome, PromotionPhase, Reason, StageStatus, Step, conditions::Conclusion};

/// The pass ends, and the next one begins at once.
pub(super) fn next_stage(stage: &StageStatus) -> End {
    End {
        phase: PromotionPhase::Running,
        conclusion: Conclusion::InProgress(
            Reason::Running,
            format!("stage {}: the next step is about to begin", stage.name),
        ),
        next: Next::Poll(Duration::ZERO),
    }
}

/// Something is missing, which a watch tells of.
pub(super) fn pending(reason: Reason, what: &[String]) -> End {
    End {
        phase: PromotionPhase::Pending,
        conclusion: Conclusion::InProgress(reason, what.join(". ")),
        next: Next::Poll(LOOK_AGAIN),
    }
}

/// Another run is first. The stage is told of, so that younger runs see whom it waits for.
pub(super) fn queued(run: &mut Run<'_>, stage: StageStatus, other: &str) -> End {
    run.set_stage(stage);
    End {
        phase: PromotionPhase::Queued,
        conclusion: Conclusion::InProgress(
            Reason::Queued,
            format!("Promotion {other} comes first in one of the two environments"),
        ),
        next: Next::Poll(LOOK_AGAIN),
    }
}

/// Something is waited for.
pub(super) fn waiting(run: &Run<'_>, wait: Wait) -> End {
    let Wait {
        reason,
        is_stalled,
        message,
        after,
    } = wait;
    End {
        phase: run.phase(),
        conclusion: Conclusion::unfinished(is_stalled, reason, message),
        next: Next::Poll(after),
    }
}

/// The stage as it is when it is over.
pub(super) fn over(
    run: &Run<'_>,
    stage: StageStatus,
    outcome: Outcome,
    reason: Reason,
    message: String,
) -> StageStatus {
    let now = Time(whole_seconds(run.context.clock.now()));
    StageStatus {
        step: Some(Step::Done),
        outcome: Some(outcome),
        reason: Some(reason.as_str().to_owned()),
        message: Some(message),
        started_at: stage.started_at.clone().or_else(|| Some(now.clone())),
        finished_at: Some(now),
        ..stage
    }
}
