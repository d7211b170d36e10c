//! What a promotion changes, as a status can hold it.

use std::fmt;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// A report, capped: the totals are whole, the names may be cut.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ReportStatus {
    /// The report's id in the tenant; a provisional report has none that lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_id: Option<String>,
    /// The report in numbers, and its hash.
    pub totals: ChangeCounts,
    /// Names of items deleted, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub deleted: Vec<String>,
    /// Names of items added, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub added: Vec<String>,
    /// Names of items modified, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub modified: Vec<String>,
    /// Whether names were cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// A report in numbers, and a hash of what it lists.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ChangeCounts {
    /// Items deleted.
    #[schemars(range(min = 0))]
    pub deleted: i32,
    /// Items added.
    #[schemars(range(min = 0))]
    pub added: i32,
    /// Items modified.
    #[schemars(range(min = 0))]
    pub modified: i32,
    /// Of all these, the workers and mappings of this run's integrations, and the worker service.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub ours: i32,
    /// Everything else that is promoted with them.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub others: i32,
    /// A hash over the sorted list of changed items, without dates and the report's id. It identifies the list: an item
    /// that is changed once more before the promotion leaves it as it is.
    pub hash: String,
}

impl fmt::Display for ChangeCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            deleted,
            added,
            modified,
            ours,
            others,
            ..
        } = self;
        write!(
            formatter,
            "{deleted} deleted, {added} added, {modified} modified; {ours} of this run's integrations, {others} others"
        )
    }
}

/// What a dry run found.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DryRunStatus {
    /// What would be changed.
    pub report: ReportStatus,
    /// The newest report of the environment below at that time; `none` if there was none; absent where that is
    /// Development.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// ESVs that the lower environment's configuration needs and the upper one does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "missingESVs")]
    #[schemars(length(max = 50))]
    pub missing_esvs: Vec<String>,
    /// Encrypted secrets that stand in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub encrypted_secrets: Vec<String>,
}

impl ReportStatus {
    /// Whether nothing would be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let ChangeCounts {
            added,
            modified,
            deleted,
            ..
        } = self.totals;
        added + modified + deleted == 0
    }
}
