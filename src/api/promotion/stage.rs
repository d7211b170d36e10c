//! One stage of a run: all that the operator must remember to release a lock, whatever happens.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{ObjectReference, string_enum},
    content::{AcceptedList, HeldStatus},
    report::{DryRunStatus, ReportStatus},
};

/// One stage of the run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StageStatus {
    /// The stage's name.
    pub name: String,
    /// The step in progress; none before a lock is requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// How the stage ends. The operator decides it first, and applies it when the lock is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why, as a constant for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is in progress, and what you can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the lock is for: Promotion, or the Rollback of this stage's own promotion.
    #[serde(default)]
    pub action: Action,
    /// The two environments, fixed when the stage began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<StageTarget>,
    /// What the gate showed when it was raised, which is what may be promoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedList>,
    /// Why the stage is held: the content differs from what was approved or reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldStatus>,
    /// The requested lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockStatus>,
    /// A request for a lock whose answer was lost. For ten minutes more a new lock may be its late effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect: Option<SuspectLock>,
    /// The requested dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run_request: Option<DryRunRequest>,
    /// What the dry run found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRunStatus>,
    /// The requested promotion or rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote: Option<PromoteStatus>,
    /// What the promotion changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportStatus>,
    /// The environment's newest report when the stage ended; the next stage is promoted from that. `none` if there
    /// was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_report: Option<String>,
    /// What the rollback was to change, recorded before it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<ReportStatus>,
    /// How often the stage has begun again after a lost lock or answer.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub retries: i32,
    /// When the stage began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When the verification by connection tests began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifying_since: Option<Time>,
    /// When the stage ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
}

string_enum! {
    /// The step of a stage.
    Step {
        /// The lock is requested, and the answer is not known.
        LockRequested = "LockRequested",
        /// The lock is the run's, and not yet in effect.
        Locking = "Locking",
        /// A dry run is in progress.
        DryRun = "DryRun",
        /// The promotion or the rollback is requested.
        Promoting = "Promoting",
        /// The lock is being released.
        Unlocking = "Unlocking",
        /// The tenant tests the integrations.
        Verifying = "Verifying",
        /// The stage has ended.
        Done = "Done",
    }
}

string_enum! {
    /// How a stage ends.
    Outcome {
        /// It was promoted by this run.
        Promoted = "Promoted",
        /// A run of this name had promoted it before.
        AlreadyPromoted = "AlreadyPromoted",
        /// There was nothing to promote.
        Skipped = "Skipped",
        /// A dry run inspected it.
        Inspected = "Inspected",
        /// It begins again.
        Retry = "Retry",
        /// It waits for a person: the content differs from what was approved or reviewed.
        Held = "Held",
        /// It failed.
        Failed = "Failed",
        /// A person stopped it.
        Aborted = "Aborted",
        /// It was rolled back.
        RolledBack = "RolledBack",
    }
}

string_enum! {
    /// What a lock is taken for.
    #[derive(Default)]
    Action {
        /// To promote.
        #[default]
        Promotion = "Promotion",
        /// To roll the stage's promotion back.
        Rollback = "Rollback",
    }
}

/// The two environments of a stage.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StageTarget {
    /// The host that is promoted from.
    pub lower_host: String,
    /// The host that is promoted to, which receives all calls.
    pub upper_host: String,
    /// The Secret with the upper environment's service account.
    pub service_account_secret_ref: ObjectReference,
    /// The Secret with the lower environment's service account; absent if that is Development, which the operator
    /// does not call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_service_account_secret_ref: Option<ObjectReference>,
}

/// A lock, from the intent to request it on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LockStatus {
    /// A random name for this attempt, recorded before the lock is requested.
    pub attempt: String,
    /// When it was requested.
    pub requested_at: Time,
    /// The promotion id that was seen while the environment was unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The lock's own promotion id, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// An id that may be this lock's, and since when it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenLock>,
    /// Whether another lock was there when this request must have had its effect: a person decides about a lock that comes later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contested: bool,
    /// Whether the id was never proved to be the run's. The operator releases it, and promotes nothing under it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproved: bool,
    /// Since when it is being released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub releasing_since: Option<Time>,
}

/// A lock that may be ours.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SeenLock {
    /// Its promotion id.
    pub id: String,
    /// Since when it was seen.
    pub since: Time,
    /// Whether it was still there when the request must have had its effect: a lock that comes later is not ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settled: bool,
}

/// A request for a lock that may still have an effect.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SuspectLock {
    /// The attempt's random name.
    pub attempt: String,
    /// When it was requested.
    pub requested_at: Time,
    /// The promotion id that was seen while the environment was unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Whether another lock was there when this request must have had its effect: a person decides about a lock that comes later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contested: bool,
}

/// A requested dry run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DryRunRequest {
    /// When it was last requested.
    pub requested_at: Time,
    /// How often.
    #[schemars(range(min = 1))]
    pub times: i32,
}

/// A promotion or a rollback, from the intent to request it on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PromoteStatus {
    /// The lock under which it was requested.
    pub lock_id: String,
    /// When it was requested.
    pub requested_at: Time,
    /// Since when nothing is in progress, and no report tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_since: Option<Time>,
    /// Whether the tenant has said that it failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

impl StageStatus {
    /// Whether a lock may be open that this stage has asked for, or may come to be.
    #[must_use]
    pub fn may_hold_lock(&self) -> bool {
        self.open_lock().is_some() || self.suspect.is_some()
    }

    /// The lock that was asked for and is not known to be gone.
    #[must_use]
    pub fn open_lock(&self) -> Option<&LockStatus> {
        let is_over = matches!(self.step, None | Some(Step::Verifying | Step::Done));
        self.lock.as_ref().filter(|_| !is_over)
    }

    /// Whether the stage occupies its two environments: from the intent to lock them to the end of its proof, and of
    /// its rollback.
    #[must_use]
    pub fn occupies(&self) -> bool {
        let is_rolled_back = self.action == Action::Rollback && !self.is_done();
        self.may_hold_lock() || self.step == Some(Step::Verifying) || is_rolled_back
    }

    /// The stage as it is when a person has decided: what it was held for, and the dry run that showed it, are over.
    #[must_use]
    pub fn released_from_hold(self) -> Self {
        Self {
            held: None,
            dry_run: None,
            ..self
        }
    }

    /// Whether the stage is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.step == Some(Step::Done)
    }
}
