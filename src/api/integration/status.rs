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
    /// When the tenant says that it made that version, in RFC 3339: another date under the same number is another
    /// ESV, which somebody made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_date: Option<String>,
    /// The uid of the object that this was remembered under: after a restore it is the former one's, by
    /// which the ESV's mark is still known as this object's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_uid: Option<String>,
    /// How the ESV came to be this object's. One that was taken over is never removed by `deletionPolicy: Delete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The id of the credential in that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// A digest of the credential in that version, by which a credential that was repaired under the same id is
    /// known to be another. Nothing can be learned from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When that version was written, by the tenant's own clock, in RFC 3339. Until about ten minutes later the
    /// tenant may go on with the value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<String>,
    /// When the operator last sent the credential again because the tenant's test showed another one, by the tenant's own
    /// clock, in RFC 3339. It does so at most once in the life of the tenant's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_at: Option<String>,
    /// The version that the tenant's test has proved; older ones are then disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_version: Option<String>,
    /// The digest of the credential in that version: one that was repaired under the same id is proved only after the
    /// life of the tenant's cache.
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
    /// How the worker came to be this object's; absent where it was only found and is used. Only a worker that was
    /// made or adopted is removed by `deletionPolicy: Delete`.
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
        /// It is about to be made: recorded first, so that a crash cannot lose whose it is.
        Making = "Making",
        /// The operator made it.
        Made = "Made",
        /// A person made it, and the operator took it over, for `spec.adopt` was set.
        Adopted = "Adopted",
        /// A former object of the same name made it, or one in another cluster.
        TakenOver = "TakenOver",
    }
}
