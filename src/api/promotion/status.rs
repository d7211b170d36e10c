//! How far a promotion has come: what people read, and what the operator must remember.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{Conditions, bounds, string_enum},
    report::ReportStatus,
    stage::{StageStatus, Step},
};

/// How far the run has come.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PromotionStatus {
    /// The generation of the spec that this status describes; -1 before the first reconciliation.
    #[serde(default)]
    pub observed_generation: i64,
    /// `Ready` is True when nothing is left to do up to the gate. `Reconciling` and `Stalled` are present only while
    /// they are True.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Conditions,
    /// The run's phase. Succeeded, Failed, RolledBack and Aborted are final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PromotionPhase>,
    /// Whether the operator has seen spec.abort, which is final.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aborting: bool,
    /// What the next stage would change, while the run is Pending or Gated, and until that is promoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextStage>,
    /// The stage and the step in progress; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<CurrentStep>,
    /// The stages that have begun, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub stages: Vec<StageStatus>,
}

/// The step of a stage that is under way.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CurrentStep {
    /// The stage's name.
    pub stage: String,
    /// The step.
    pub step: Step,
    /// Since when.
    pub since: Time,
}

impl PromotionStatus {
    /// Sets `current` from the stages. Its time moves only with the step.
    pub fn set_current(&mut self, now: Time) {
        let under_way = self.stages.iter().find_map(|stage| {
            let step = stage.step.filter(|step| *step != Step::Done)?;
            Some((stage.name.as_str(), step))
        });
        let before = self.current.take();
        self.current = under_way.map(|(stage, step)| match before {
            Some(before) if (before.stage.as_str(), before.step) == (stage, step) => before,
            _ => CurrentStep {
                stage: stage.to_owned(),
                step,
                since: now,
            },
        });
    }
}

string_enum! {
    /// A run's phase.
    PromotionPhase {
        /// Something is missing that the message names.
        Pending = "Pending",
        /// Another run occupies one of its hosts.
        Queued = "Queued",
        /// A stage is in progress.
        Running = "Running",
        /// `upTo` is reached.
        Gated = "Gated",
        /// The content differs from what was approved or reviewed: a person decides.
        Held = "Held",
        /// Every stage is done.
        Succeeded = "Succeeded",
        /// It stopped for a reason that the message names.
        Failed = "Failed",
        /// The failed stage was rolled back.
        RolledBack = "RolledBack",
        /// A person stopped it.
        Aborted = "Aborted",
    }
}

/// What the next stage would change.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct NextStage {
    /// The stage's name.
    pub stage: String,
    /// The newest report of the environment below, which identifies what it contains; `none` if there is none; absent
    /// if that is Development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When this was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Time>,
    /// The tenant's provisional report, which "may not reflect all the changes in a full promotion".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisional: Option<ReportStatus>,
}

impl PromotionPhase {
    /// Whether the run is over for good.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::RolledBack | Self::Aborted
        )
    }
}

impl PromotionStatus {
    /// Whether a lock may be open.
    #[must_use]
    pub fn may_hold_lock(&self) -> bool {
        self.stages.iter().any(StageStatus::may_hold_lock)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    #[test]
    fn the_time_of_the_current_step_moves_only_with_the_step() {
        let at = |seconds| Time(Timestamp::from_second(seconds).unwrap());
        let mut status = PromotionStatus {
            stages: vec![StageStatus {
                name: "staging".to_owned(),
                ..StageStatus::default()
            }],
            ..PromotionStatus::default()
        };
        for (seconds, step, since) in [
            (10, None, None),
            (20, Some(Step::Locking), Some(20)),
            (30, Some(Step::Locking), Some(20)),
            (40, Some(Step::DryRun), Some(40)),
            (50, Some(Step::Done), None),
        ] {
            status.stages[0].step = step;
            status.set_current(at(seconds));
            let current = status.current.as_ref().map(|current| current.since.clone());
            assert_eq!(current, since.map(at), "{step:?}");
        }
    }
}
