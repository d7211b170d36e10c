//! What is promoted is what was looked at: the approval of a content, and what was seen of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::super::string_enum;

/// The content that may be promoted to a stage.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The hash of a dry run's list, as status shows it. It identifies the list of changed items, not their content.
    #[schemars(length(min = 1, max = 64))]
    pub hash: String,
    /// The id of the newest report of the environment below, which identifies what it contains; `none` if nothing was
    /// ever promoted to it. Required unless the environment below is Development, which has no such report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub source: Option<String>,
}

string_enum! {
    /// What happens when the content differs from what was approved or reviewed.
    #[derive(Default)]
    ContentPolicy {
        /// Release the lock and wait for a person.
        #[default]
        Hold = "Hold",
        /// Continue, with a Warning event.
        Proceed = "Proceed",
    }
}

string_enum! {
    /// The kind of a list. The operator compares lists of one kind.
    ListKind {
        /// The provisional report, which may not show everything.
        Provisional = "Provisional",
        /// A dry run's report.
        DryRun = "DryRun",
    }
}

/// What the gate showed when it was raised: what people have accepted.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedList {
    /// The newest report of the environment below; `none` if there was none; absent where that is Development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The hash of the list of changed items; absent if the list could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Which list that is.
    pub of: ListKind,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Time>,
}

/// Why a stage is held. It continues when `approved` or `upTo` changes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct HeldStatus {
    /// `ContentChanged` or `DryRunDiffers`.
    pub reason: String,
    /// What differs, and how to accept it.
    pub message: String,
    /// Since when.
    pub since: Time,
    /// `spec.upTo` at that time.
    pub up_to: String,
    /// The stage's entry in `spec.approved` at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
}
