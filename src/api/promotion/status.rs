//! How far a promotion has come: what people read, and what the operator must remember.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::super::{Conditions, ObjectReference, bounds, spelled_enum};

/// How far the run has come.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PromotionStatus {
    /// The generation of the spec that this status speaks of; -1 before the first look.
    #[serde(default)]
    pub observed_generation: i64,
    /// `Ready` is True once nothing is left to do up to the gate. `Reconciling` and `Stalled` are present only
    /// while they are True.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Conditions,
    /// Where the run stands. Succeeded, Failed, RolledBack and Aborted are never left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PromotionPhase>,
    /// What the next stage would change, while the run is Pending or Gated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextStage>,
    /// The stages that have begun, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub stages: Vec<StageStatus>,
}

spelled_enum! {
    /// Where a run stands.
    PromotionPhase {
        /// Something is missing that the message names.
        Pending = "Pending",
        /// Another run occupies one of its hosts.
        Queued = "Queued",
        /// A stage is under way.
        Running = "Running",
        /// `upTo` is reached.
        Gated = "Gated",
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
    /// The provisional report, in numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisional: Option<ChangeCounts>,
}

/// A report in numbers, and a hash of what it lists.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ChangeCounts {
    /// Items added.
    #[schemars(range(min = 0))]
    pub added: i32,
    /// Items modified.
    #[schemars(range(min = 0))]
    pub modified: i32,
    /// Items deleted.
    #[schemars(range(min = 0))]
    pub deleted: i32,
    /// A hash over the sorted content without dates and ids, so that an approval can be tied to it.
    pub hash: String,
}

/// One stage of the run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct StageStatus {
    /// The stage's name.
    pub name: String,
    /// Where the stage stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The step that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// How the stage ends: decided first, applied once its lock is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The two environments, fixed when the stage began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<StageTarget>,
    /// The lock that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockStatus>,
    /// The promotion that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote: Option<PromoteStatus>,
    /// What the dry run found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRunStatus>,
    /// What the promotion changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportStatus>,
    /// When the stage began, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When the stage ended, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// What is going on, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The two environments of a stage.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct StageTarget {
    /// The host that is promoted from.
    pub lower_host: String,
    /// The host that is promoted to, which all calls go to.
    pub upper_host: String,
    /// The Secret with the upper environment's service account.
    pub service_account_secret_ref: ObjectReference,
}

/// A lock, from the intent to ask for it on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LockStatus {
    /// A random name for this attempt, recorded before the lock is asked for.
    pub attempt: String,
    /// When it was asked for, in RFC 3339.
    pub requested_at: String,
    /// The promotion id that was seen while the environment was unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The lock's own promotion id, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A promotion, from the intent to ask for it on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PromoteStatus {
    /// The lock that it was asked for under.
    pub lock_id: String,
    /// When it was asked for, in RFC 3339.
    pub requested_at: String,
}

/// What a dry run found.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DryRunStatus {
    /// What would be changed.
    #[serde(flatten)]
    pub report: ReportStatus,
    /// ESVs that the lower environment's configuration needs and the upper one does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "missingESVs")]
    #[schemars(length(max = 50))]
    pub missing_esvs: Vec<String>,
    /// Encrypted secrets that stand in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub encrypted_secrets: Vec<String>,
}

/// A report, capped: the totals are whole, the names may be cut.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ReportStatus {
    /// The report's id in the tenant.
    pub report_id: String,
    /// The report in numbers, and its hash.
    pub totals: ChangeCounts,
    /// Names of items added, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub added: Vec<String>,
    /// Names of items modified, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub modified: Vec<String>,
    /// Names of items deleted, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub deleted: Vec<String>,
    /// Whether names were cut.
    #[serde(default)]
    pub truncated: bool,
}
