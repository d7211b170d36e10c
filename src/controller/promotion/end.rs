//! How a pass over a stage ends.

use std::time::Duration;

use super::{super::Next, End, protocol::Wait, run::Run};
use crate::api::{PromotionPhase, Reason, StageStatus, conditions::Conclusion};

const LOOK_FOR_MISSING: Duration = Duration::from_mins(1);

/// The pass ends, and the next one begins at once.
pub(super) fn next_stage(run: &Run<'_>, stage: &StageStatus) -> End {
    End {
        phase: run.phase(),
        conclusion: Conclusion::InProgress(
            Reason::Running,
            format!("stage {}: the next step is about to begin", stage.name),
        ),
        next: Next::Poll(Duration::ZERO),
    }
}

/// Something is missing.
pub(super) fn pending(reason: Reason, what: &[String]) -> End {
    End {
        phase: PromotionPhase::Pending,
        conclusion: Conclusion::InProgress(reason, what.join(". ")),
        next: Next::Poll(LOOK_FOR_MISSING),
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
        next: Next::Poll(LOOK_FOR_MISSING),
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
    let conclusion = if is_stalled {
        Conclusion::Stalled(reason, message)
    } else {
        Conclusion::InProgress(reason, message)
    };
    End {
        phase: run.phase(),
        conclusion,
        next: Next::Poll(after),
    }
}
