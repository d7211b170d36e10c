//! `Promotion`: one run through a promotion group. What people write is here, what they read is in `status`.

use std::{collections::BTreeMap, time::Duration};

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{bounds, string_enum};

mod content;
mod mark;
mod report;
mod stage;
mod status;

pub use content::{AcceptedList, Approval, ContentPolicy, HeldStatus, ListKind};
pub use mark::RunMark;
pub use report::{ChangeCounts, DryRunStatus, ReportStatus};
pub use stage::{
    Action, DryRunRequest, LockStatus, Outcome, PromoteStatus, SeenLock, StageStatus, StageTarget, Step,
    SuspectLock,
};
pub use status::{NextStage, PromotionPhase, PromotionStatus};

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
    doc = "One run through a promotion group, lowest environment first, up to the stage that spec.upTo names. A promotion copies ALL static configuration of the lower environment to the upper one, not only the PingOne worker. A new run is a new object.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason"
    ),
    printcolumn(name = "Stage", type_ = "string", json_path = ".status.current.stage"),
    printcolumn(name = "Step", type_ = "string", json_path = ".status.current.step"),
    printcolumn(name = "Up To", type_ = "string", json_path = ".spec.upTo"),
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
    validation = Rule::new("!has(self.approved) || self.approved.all(name, self.order.exists(stage, stage.name == name) && name != self.order[0].name)")
        .message("approved must name stages of order, and not its first, which nothing is promoted to"),
    validation = Rule::new("has(self.promoter) == has(oldSelf.promoter) && (!has(self.promoter) || self.promoter == oldSelf.promoter)")
        .message("promoter is immutable: create a new Promotion"),
    validation = Rule::new("has(self.description) == has(oldSelf.description) && (!has(self.description) || self.description == oldSelf.description)")
        .message("description is immutable: create a new Promotion"),
    validation = Rule::new("has(self.ticketReference) == has(oldSelf.ticketReference) && (!has(self.ticketReference) || self.ticketReference == oldSelf.ticketReference)")
        .message("ticketReference is immutable: create a new Promotion")
)]
#[serde(rename_all = "camelCase")]
pub struct PromotionSpec {
    /// The environments of the run, lowest first and without gaps. Nothing is promoted to the first one.
    #[schemars(length(min = 2, max = 8))]
    #[x_kube(
        validation = Rule::new("self.all(stage, self.exists_one(other, other.name == stage.name))")
            .message("order must give every stage a name of its own"),
        validation = Rule::new("self.all(stage, stage.integrations.all(name, self.exists_one(other, name in other.integrations)))")
            .message("order must list an integration in one stage only"),
        validation = Rule::new("self == oldSelf").message("order is immutable: create a new Promotion")
    )]
    pub order: Vec<Stage>,
    /// The gate: the last stage to promote to. Raise it to continue. With the first stage nothing is promoted.
    #[schemars(length(min = 1, max = 63))]
    pub up_to: String,
    /// Promote, or DryRun: lock, dry run and unlock each stage up to `upTo`, and promote nothing.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("mode is immutable: create a new Promotion"))]
    pub mode: PromotionMode,
    /// Promote even if the dry run finds encrypted secrets, which are then left out.
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
    /// What happens when a promoted stage does not become Active: Halt, or Rollback that stage if its configuration
    /// is wrong.
    #[serde(default)]
    pub on_failure: FailurePolicy,
    /// What may be promoted to a stage, by the stage's name. Without an entry: what the gate showed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 8))]
    #[x_kube(
        validation = Rule::new("self.all(name, self[name].hash.matches('^[0-9a-f]{32}$'))")
            .message("hash must be that of a dry run, 32 hexadecimal digits: see status.stages[].dryRun.report.totals.hash")
    )]
    pub approved: BTreeMap<String, Approval>,
    /// What happens when the content differs from what was approved or reviewed: Hold, or Proceed with a warning.
    #[serde(default)]
    pub on_content_change: ContentPolicy,
    /// How long each part of a stage may take before a person has to act.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("timeouts are immutable: create a new Promotion"))]
    pub timeouts: Timeouts,
    /// While true, no further stage begins.
    #[serde(default)]
    pub suspend: bool,
    /// Stops the run at the next safe point. This is final.
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

string_enum! {
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

string_enum! {
    /// What happens after a promotion whose stage does not become Active.
    #[derive(Default)]
    FailurePolicy {
        /// Stop and say so.
        #[default]
        Halt = "Halt",
        /// Roll this stage back if its configuration is wrong.
        Rollback = "Rollback",
    }
}

/// How long each part of a stage may take before a person has to act. The operator continues to observe.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// For the lock, and for the dry run under it: 15m to 24h.
    #[serde(default = "default_lock_timeout")]
    #[schemars(schema_with = "bounds::duration")]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]+(h|m|s|ms))+$') && duration(self) >= duration('15m') && duration(self) <= duration('24h')")
            .message("timeouts.lock must be a duration from 15m to 24h, for example 30m")
    )]
    pub lock: kube::core::Duration,
    /// For the promotion: 1m to 24h.
    #[serde(default = "default_promotion_timeout")]
    #[schemars(schema_with = "bounds::duration")]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]+(h|m|s|ms))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')")
            .message("timeouts.promotion must be a duration from 1m to 24h, for example 2h")
    )]
    pub promotion: kube::core::Duration,
    /// For the integrations to become Active after the promotion: 1m to 24h.
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
