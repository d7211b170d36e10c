//! `PingOneConnection`: a product connection made in PingOne, and its JWT credential.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{Conditions, bounds};

/// A product connection that a person created in PingOne, known by its JWT credential.
///
/// The credential is decoded, its claims are compared with `environment` before anything is sent anywhere,
/// and PingOne is asked whether it accepts it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "pingone-aic.io",
    version = "v1alpha1",
    kind = "PingOneConnection",
    namespaced,
    status = "ConnectionStatus",
    shortname = "p1c",
    category = "pingone",
    doc = "A product connection that a person created in PingOne, known by its JWT credential. The operator compares the credential's claims with spec.environment before it sends anything, and then asks PingOne whether it accepts the credential.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Active",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Active')].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason"
    ),
    printcolumn(
        name = "Environment",
        type_ = "string",
        json_path = ".status.credential.environmentName"
    ),
    printcolumn(
        name = "Region",
        type_ = "string",
        json_path = ".status.credential.region",
        priority = "1"
    ),
    printcolumn(
        name = "Credential",
        type_ = "string",
        json_path = ".status.credential.id",
        priority = "1"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = "1"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct PingOneConnectionSpec {
    /// The Secret in this namespace that holds the JWT credential as PingOne showed it.
    /// Changing the Secret's value rotates the credential everywhere it is used.
    pub credential_secret_ref: SecretKeyReference,
    /// The PingOne environment that the credential must belong to. A credential of another environment is refused
    /// before it is used.
    pub environment: EnvironmentReference,
    /// How often the operator asks PingOne whether it still accepts the credential: a duration from 1m to 24h.
    #[serde(default = "bounds::default_interval")]
    #[schemars(schema_with = "bounds::duration")]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]+(h|m|s|ms))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')")
            .message("interval must be a duration from 1m to 24h, for example 10m")
    )]
    pub interval: kube::core::Duration,
    /// Stops all work on this object, as long as it is true. Its conditions keep their last values.
    #[serde(default)]
    pub suspend: bool,
}

/// One key of a Secret in the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyReference {
    /// The Secret's name.
    #[schemars(schema_with = "bounds::object_name")]
    pub name: String,
    /// The key of the Secret's data that holds the credential.
    #[serde(default = "default_key")]
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(
        validation = Rule::new("self.matches('^[-._a-zA-Z0-9]+$')")
            .message("key must be a key of a Secret: letters, digits, '-', '_' and '.'")
    )]
    pub key: String,
}

fn default_key() -> String {
    "credential".to_owned()
}

/// A PingOne environment, by name and, for certainty, by id.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentReference {
    /// The environment's name, compared with the credential's claim `environmentName`.
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(
        validation = Rule::new("self == self.trim()")
            .message("environment.name must not begin or end with white space")
    )]
    pub name: String,
    /// The environment's id, compared with the credential's claim `environmentId` when given. Names can be
    /// changed in PingOne; ids cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36))]
    #[x_kube(
        validation = Rule::new("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')")
            .message("environment.id must be the environment's id as PingOne shows it: a lower-case UUID")
    )]
    pub id: Option<String>,
}

/// What was observed of the connection.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStatus {
    /// The generation of the spec that this status describes; -1 before the first reconciliation.
    #[serde(default)]
    pub observed_generation: i64,
    /// `CredentialValid`: the Secret holds a credential of the right environment. `Active`: PingOne accepts it.
    /// `Ready`: nothing is left to do. `Reconciling` and `Stalled` are present only while they are True.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Conditions,
    /// The credential's public claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialStatus>,
    /// The authorization server that last exchanged a gateway credential of this connection for a token. Only a server
    /// that has done so once is believed when it refuses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_exchange_host: Option<String>,
    /// The value of the annotation `pingone-aic.io/requestedAt` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_request: Option<String>,
}

/// The public claims of a credential; everything else in it is secret.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CredentialStatus {
    /// The credential's id (claim `jti`).
    pub id: String,
    /// When PingOne issued it (claim `iat`), in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<String>,
    /// The PingOne environment's id.
    pub environment_id: String,
    /// The PingOne environment's name when the credential was issued.
    pub environment_name: String,
    /// The PingOne organization's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// The PingOne organization's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// The PingOne region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The base URL of PingOne's admin API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// The base URL of PingOne's authorization server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_url: Option<String>,
    /// The id of the PingOne gateway that the credential is of: the product connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_id: Option<String>,
    /// The type of that gateway, as PingOne calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_type: Option<String>,
}
