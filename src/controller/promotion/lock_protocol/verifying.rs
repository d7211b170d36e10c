//! Decides whether a stage is verified, wrong, or neither yet: row 25.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::pace::pace;
use crate::api::{Action, FailurePolicy, Outcome, PromotionSpec, Reason, ReportStatus, StageStatus};

/// A fault counts when it is shown again after this time, because the tenant may still be loading.
pub(in super::super) const FAULT_STANDS: Duration = Duration::from_mins(1);

/// What is known of a stage that is being verified.
pub(in super::super) struct Verification<'a> {
    pub(in super::super) stage: &'a StageStatus,
    pub(in super::super) spec: &'a PromotionSpec,
    /// Whether every integration of the stage exists and is Active.
    pub(in super::super) is_active: bool,
    /// For how long a fault of the promoted configuration has been shown, if it is shown now.
    pub(in super::super) at_fault_for: Option<Duration>,
    /// Whether the run is to stop where it safely can.
    pub(in super::super) stops: bool,
    pub(in super::super) now: Timestamp,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum VerifyDecision {
    Verified,
    Aborted,
    RollBack,
    Failed(Reason),
    TestAgain,
}

/// The stage when its promotion is to be rolled back, with what the tenant says that this would change.
pub(in super::super) fn begin_rollback(
    stage: StageStatus,
    provisional: ReportStatus,
    message: String,
) -> StageStatus {
    StageStatus {
        message: Some(message),
        rollback: Some(provisional),
        action: Action::Rollback,
        step: None,
        outcome: None,
        reason: None,
        lock: None,
        dry_run_request: None,
        promote: None,
        retries: 0,
        ..stage
    }
}

impl Verification<'_> {
    /// An outage shows nothing. Only a fault that is shown twice leads to a rollback, or ends the stage before its
    /// deadline.
    pub(in super::super) fn decide(&self) -> VerifyDecision {
        let is_promoted = self.stage.outcome == Some(Outcome::Promoted);
        // Once a stage. Status then has what the rollback would change.
        let is_tried = self.stage.rollback.is_some();
        let rolls_back = self.spec.on_failure == FailurePolicy::Rollback && is_promoted && !is_tried;
        let is_at_fault = self.at_fault_for.is_some_and(|passed| passed >= FAULT_STANDS);
        if self.is_active {
            VerifyDecision::Verified
        } else if self.stops {
            VerifyDecision::Aborted
        } else if is_at_fault && rolls_back {
            VerifyDecision::RollBack
        } else if is_at_fault || (self.at_fault_for.is_none() && self.is_overdue()) {
            VerifyDecision::Failed(match self.stage.outcome {
                Some(Outcome::Skipped) => Reason::NothingToPromote,
                _ => Reason::VerificationFailed,
            })
        } else {
            VerifyDecision::TestAgain
        }
    }

    /// Whether `spec.timeouts.verification` is over.
    pub(in super::super) fn is_overdue(&self) -> bool {
        self.passed() >= Duration::from(self.spec.timeouts.verification)
    }

    /// How soon to test again.
    pub(in super::super) fn pace(&self) -> Duration {
        pace(self.passed())
    }

    fn passed(&self) -> Duration {
        let since = self.stage.verifying_since.as_ref();
        let passed = since.and_then(|since| self.now.duration_since(since.0).try_into().ok());
        passed.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;

    use super::*;

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table is long")]
    fn row_25() {
        const RECENT: u64 = 60;
        const LATE: u64 = 15 * 60;
        let (halt, back) = (FailurePolicy::Halt, FailurePolicy::Rollback);
        let (promoted, before, skipped) = (Outcome::Promoted, Outcome::AlreadyPromoted, Outcome::Skipped);
        let failed = VerifyDecision::Failed(Reason::VerificationFailed);
        let nothing = VerifyDecision::Failed(Reason::NothingToPromote);
        let (seen, stands) = (Some(59), Some(60));
        // Verified for, the outcome so far, what is done on failure, Active, at fault for, stopped.
        let table = [
            (
                RECENT,
                promoted,
                back,
                true,
                None,
                false,
                VerifyDecision::Verified,
            ),
            (LATE, promoted, back, true, None, true, VerifyDecision::Verified),
            (
                RECENT,
                promoted,
                back,
                false,
                None,
                false,
                VerifyDecision::TestAgain,
            ),
            (RECENT, promoted, back, false, None, true, VerifyDecision::Aborted),
            (LATE, promoted, back, false, None, false, failed),
            (
                LATE - 1,
                promoted,
                back,
                false,
                None,
                false,
                VerifyDecision::TestAgain,
            ),
            (
                RECENT,
                promoted,
                back,
                false,
                seen,
                false,
                VerifyDecision::TestAgain,
            ),
            (
                LATE,
                promoted,
                back,
                false,
                seen,
                false,
                VerifyDecision::TestAgain,
            ),
            (
                RECENT,
                promoted,
                back,
                false,
                stands,
                false,
                VerifyDecision::RollBack,
            ),
            (
                LATE,
                promoted,
                back,
                false,
                stands,
                false,
                VerifyDecision::RollBack,
            ),
            (
                RECENT,
                promoted,
                back,
                false,
                stands,
                true,
                VerifyDecision::Aborted,
            ),
            (RECENT, promoted, halt, false, stands, false, failed),
            (RECENT, before, back, false, stands, false, failed),
            (RECENT, skipped, back, false, stands, false, nothing),
            (LATE, skipped, halt, false, None, false, nothing),
        ];
        for (index, (passed, outcome, on_failure, is_active, at_fault, stops, expected)) in
            table.into_iter().enumerate()
        {
            let spec: PromotionSpec = serde_json::from_value(json!({
                "order": [], "upTo": "", "onFailure": on_failure,
            }))
            .unwrap();
            let stage = StageStatus {
                outcome: Some(outcome),
                verifying_since: Some(Time(Timestamp::UNIX_EPOCH)),
                ..StageStatus::default()
            };
            let verification = Verification {
                stage: &stage,
                spec: &spec,
                is_active,
                at_fault_for: at_fault.map(Duration::from_secs),
                stops,
                now: Timestamp::UNIX_EPOCH + Duration::from_secs(passed),
            };
            assert_eq!(verification.decide(), expected, "case {index}");
        }
    }
}
