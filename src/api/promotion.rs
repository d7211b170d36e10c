//! `Promotion`: one run through a promotion group.

use std::time::Duration;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{Conditions, ObjectReference, bounds, integration::spelled_enum};

/// One run through a promotion group.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "pingone-aic.io",
    version = "v1alpha1",
    kind = "Promotion",
    namespaced,
    status = "PromotionStatus",
    shortname = "promo",
    category = "pingone",
    doc = "One run through a promotion group, lowest environment first, up to the stage that spec.upTo names. A promotion carries ALL static configuration of the lower environment up, not only the PingOne worker. A new run is a new object.",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Up To", type_ = "string", json_path = ".spec.upTo"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = "1"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = Rule::new("self.order.exists(stage, stage.name == self.upTo)")
        .message("upTo must name a stage of order"),
    validation = Rule::new("has(self.promoter) == has(oldSelf.promoter) && (!has(self.promoter) || self.promoter == oldSelf.promoter)")
        .message("promoter is immutable: create a new Promotion"),
    validation = Rule::new("has(self.description) == has(oldSelf.description) && (!has(self.description) || self.description == oldSelf.description)")
        .message("description is immutable: create a new Promotion"),
    validation = Rule::new("has(self.ticketReference) == has(oldSelf.ticketReference) && (!has(self.ticketReference) || self.ticketReference == oldSelf.ticketReference)")
        .message("ticketReference is immutable: create a new Promotion")
)]
#[serde(rename_all = "camelCase")]
pub struct PromotionSpec {
    /// The environments of the run, lowest first, neighbours only; the first is never promoted to.
    #[schemars(length(min = 2, max = 8))]
    #[x_kube(
        validation = Rule::new("self.all(stage, self.exists_one(other, other.name == stage.name))")
            .message("order must give every stage a name of its own"),
        validation = Rule::new("self.all(stage, stage.integrations.all(name, self.exists_one(other, name in other.integrations)))")
            .message("order must list an integration in one stage only"),
        validation = Rule::new("self == oldSelf").message("order is immutable: create a new Promotion")
    )]
    pub order: Vec<Stage>,
    /// The gate: the last stage to promote to. Raise it to go on; the first stage means look only.
    #[schemars(length(min = 1, max = 63))]
    pub up_to: String,
    /// Promote, or DryRun: lock, dry run and unlock each stage up to `upTo`, and promote nothing.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("mode is immutable: create a new Promotion"))]
    pub mode: PromotionMode,
    /// Promote even when the dry run finds encrypted secrets, which are then left out.
    #[serde(default)]
    pub ignore_encrypted_secrets: bool,
    /// Who promotes, as the tenant's report shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub promoter: Option<String>,
    /// Why, as the tenant's report shows it; the operator's own mark is added to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(
        validation = Rule::new("!self.contains('[pingone-aic-operator')")
            .message("description must not hold the text [pingone-aic-operator, by which runs are recognised")
    )]
    pub description: Option<String>,
    /// A ticket's reference, as the tenant's report shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub ticket_reference: Option<String>,
    /// What happens when a promoted stage does not become Active: Halt, or Rollback that stage when its
    /// configuration is at fault.
    #[serde(default)]
    pub on_failure: FailurePolicy,
    /// How long each part of a stage may take before a person is called.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("timeouts are immutable: create a new Promotion"))]
    pub timeouts: Timeouts,
    /// Pauses before the next stage, as long as it is true.
    #[serde(default)]
    pub suspend: bool,
    /// Stops at the next safe point, for good.
    #[serde(default)]
    pub abort: bool,
}

/// One environment of the run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// The stage's name, for `upTo` and status.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")
            .message("a stage's name may hold lower-case letters, digits and '-', beginning and ending with a letter or digit")
    )]
    pub name: String,
    /// The AICIntegrations of this environment, all on one host, which must be Active when the stage is done.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 253)))]
    #[x_kube(
        validation = Rule::new("self.all(name, self.exists_one(other, other == name))")
            .message("integrations must not repeat a name"),
        validation = Rule::new("self.all(name, name.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'))")
            .message("integrations must be the names of AICIntegrations in this namespace: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit")
    )]
    pub integrations: Vec<String>,
}

spelled_enum! {
    /// What a run does.
    #[derive(Default)]
    PromotionMode {
        /// Promote.
        #[default]
        Promote = "Promote",
        /// Lock, dry run, unlock.
        DryRun = "DryRun",
    }
}

spelled_enum! {
    /// What happens after a promotion whose stage does not become Active.
    #[derive(Default)]
    FailurePolicy {
        /// Stop and say so.
        #[default]
        Halt = "Halt",
        /// Roll this stage back, when its configuration is at fault.
        Rollback = "Rollback",
    }
}

/// How long each part of a stage may take before a person is called; the operator itself goes on observing.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// To take, or to understand, the lock: 1m to 24h.
    #[serde(default = "default_lock_timeout")]
    #[schemars(schema_with = "bounds::duration")]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]+(h|m|s|ms))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')")
            .message("timeouts.lock must be a duration from 1m to 24h, for example 30m")
    )]
    pub lock: kube::core::Duration,
    /// To promote: 1m to 24h.
    #[serde(default = "default_promotion_timeout")]
    #[schemars(schema_with = "bounds::duration")]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]+(h|m|s|ms))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')")
            .message("timeouts.promotion must be a duration from 1m to 24h, for example 2h")
    )]
    pub promotion: kube::core::Duration,
    /// To become Active after a promotion: 1m to 24h.
    #[serde(default = "default_verification_timeout")]
    #[schemars(schema_with = "bounds::duration")]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]+(h|m|s|ms))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')")
            .message("timeouts.verification must be a duration from 1m to 24h, for example 15m")
    )]
    pub verification: kube::core::Duration,
}

fn default_lock_timeout() -> kube::core::Duration {
    Duration::from_mins(30).into()
}

fn default_promotion_timeout() -> kube::core::Duration {
    Duration::from_hours(2).into()
}

fn default_verification_timeout() -> kube::core::Duration {
    Duration::from_mins(15).into()
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            lock: default_lock_timeout(),
            promotion: default_promotion_timeout(),
            verification: default_verification_timeout(),
        }
    }
}

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
