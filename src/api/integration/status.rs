//! What was observed of an integration: what people read, and what the operator must remember.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::super::{Conditions, bounds, string_enum};

/// What was observed of the integration, and what the operator must remember.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationStatus {
    /// The generation of the spec that this status describes; -1 before the first reconciliation.
    #[serde(default)]
    pub observed_generation: i64,
    /// `EsvReady`, `WorkerReady`, `SecretMapped`; `Active`: the tenant's own test passed with the credential that
    /// is in the Secret now; `Ready`: nothing is left to do. `Reconciling` and `Stalled` are present only while
    /// they are True.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Conditions,
    /// The integration's name in the tenant, fixed once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The ESV that holds the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub esv: Option<EsvStatus>,
    /// The PingOne worker in the realm, once it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerStatus>,
    /// The mapping of the worker's label, where the operator made or adopted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<OriginStatus>,
    /// The realm's worker service, where the operator made or enabled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<OriginStatus>,
    /// The id of the credential that the tenant's last passing test named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// The value of the annotation `pingone-aic.io/requestedAt` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_request: Option<String>,
}

/// The ESV that holds the credential.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EsvStatus {
    /// The ESV's id in the tenant.
    pub id: String,
    /// The version that the operator wrote last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The tenant's date of that version, in RFC 3339. The same number with another date is another ESV, which
    /// somebody created again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_date: Option<String>,
    /// The uid of the object that wrote this. After a restore it is the former object's, and the operator recognises
    /// the ESV's mark by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_uid: Option<String>,
    /// How the ESV came to belong to this object. `deletionPolicy: Delete` never removes one that was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The id of the credential in that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// A digest of the credential in that version. It tells a credential that was replaced under the same id from the
    /// former one, and reveals nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When that version was written, by the tenant's clock, in RFC 3339. For about ten minutes after that the tenant
    /// may use the value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<String>,
    /// When the operator last sent the credential again because the connection test showed another one, by the
    /// tenant's clock, in RFC 3339. It does so at most once in the lifetime of the tenant's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_at: Option<String>,
    /// The newest version with which the connection test has passed. The operator then disables the older ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_version: Option<String>,
    /// When the operator wrote the first version since the last passing connection test, by the tenant's clock, in
    /// RFC 3339. Absent once a test has passed with the newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven_since: Option<String>,
    /// The digest of the credential with which the connection test has passed last. A credential that was replaced under
    /// the same id counts only after the lifetime of the tenant's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_digest: Option<String>,
    /// A version that is being written, recorded before it is sent so that a crash cannot write it twice.
    // Boxed: thousands of statuses are kept in memory, and hardly any has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<PendingVersion>>,
}

/// A version of an ESV that is being written.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PendingVersion {
    /// The id of the credential that is written.
    pub credential_id: String,
    /// A digest of the credential that is written.
    #[serde(default)]
    pub digest: String,
    /// The newest version before the write; 0 when the ESV itself is being created.
    pub base: String,
    /// A random name for this attempt, so that the writer knows its own record.
    pub attempt: String,
    /// When it was sent, by the tenant's own clock, in RFC 3339.
    pub requested_at: String,
}

/// The PingOne worker of a realm.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatus {
    /// The worker's name.
    pub name: String,
    /// Its Credential Secret Label Identifier.
    pub label: String,
    /// How the worker came to belong to this object; absent if the operator found it and uses it. `deletionPolicy:
    /// Delete` removes only a worker that was made or adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// How something in the tenant came to be the object's.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct OriginStatus {
    /// How it came to be the object's.
    pub origin: Origin,
}

string_enum! {
    /// How something in the tenant came to be the object's.
    Origin {
        /// The operator is about to create it. This is recorded first, so that a crash does not lose the owner.
        Making = "Making",
        /// The operator created it.
        Made = "Made",
        /// A person created it, and the operator took it over because of `spec.adopt`.
        Adopted = "Adopted",
        /// A former object of the same name created it, or one in another cluster.
        TakenOver = "TakenOver",
    }
}
