//! `AICIntegration`: a credential at work in one realm of one tenant environment. What people write is
//! here, what they read is in `status`.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{bounds, string_enum};

mod status;

pub use status::{EsvStatus, IntegrationStatus, Origin, OriginStatus, PendingVersion, WorkerStatus};

/// A PingOne credential in use in one realm of one AIC tenant environment.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "pingone-aic.io",
    version = "v1alpha1",
    kind = "AICIntegration",
    plural = "aicintegrations",
    namespaced,
    status = "IntegrationStatus",
    shortname = "aici",
    category = "pingone",
    selectable = ".spec.tenant.url",
    doc = "A PingOne credential in use in one realm of one AIC tenant environment: the ESV that holds it, the PingOne worker and the mapping between them. In immutable environments the operator writes only the ESV; worker and mapping come with a promotion.",
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
        json_path = ".spec.tenant.environment"
    ),
    printcolumn(name = "Realm", type_ = "string", json_path = ".spec.realm"),
    printcolumn(
        name = "Tenant",
        type_ = "string",
        json_path = ".spec.tenant.url",
        priority = "1"
    ),
    printcolumn(name = "ESV", type_ = "string", json_path = ".status.esv.id", priority = "1"),
    printcolumn(
        name = "Version",
        type_ = "string",
        json_path = ".status.esv.version",
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
#[x_kube(
    validation = Rule::new("has(self.name) || self.tenant.environment in ['Development', 'Sandbox']")
        .message("name is required in UAT, Staging and Production: it must be the name in the development tenant, because a promotion copies it"),
    validation = Rule::new("has(self.name) == has(oldSelf.name) && (!has(self.name) || self.name == oldSelf.name)")
        .message("name is immutable: create a new AICIntegration for another name"),
    validation = Rule::new("has(self.esvId) == has(oldSelf.esvId) && (!has(self.esvId) || self.esvId == oldSelf.esvId)")
        .message("esvId is immutable: create a new AICIntegration for another ESV"),
    validation = Rule::new("has(self.secretLabelIdentifier) == has(oldSelf.secretLabelIdentifier) && (!has(self.secretLabelIdentifier) || self.secretLabelIdentifier == oldSelf.secretLabelIdentifier)")
        .message("secretLabelIdentifier is immutable: create a new AICIntegration for another label")
)]
#[serde(rename_all = "camelCase")]
pub struct AICIntegrationSpec {
    /// The PingOneConnection in this namespace whose credential is used.
    pub connection_ref: ObjectReference,
    /// The integration's name: the worker's name, and what the ESV's id and the label are derived from. It must
    /// be the same in the whole promotion group, and is required in UAT, Staging and Production. Elsewhere it is
    /// derived from the PingOne environment's name when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(
        validation = Rule::new("self.matches('^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$')")
            .message("name must begin with a letter and hold letters and digits in groups joined by single hyphens, for example PingOne-Integration-AIC")
    )]
    pub name: Option<String>,
    /// The realm that the worker belongs to: alpha or bravo.
    #[x_kube(
        validation = Rule::new("self == oldSelf").message("realm is immutable: create a new AICIntegration for another realm")
    )]
    pub realm: Realm,
    /// The tenant environment, and the service account that works in it.
    pub tenant: Tenant,
    /// The ESV that holds the credential, if it is not the derived one (`esv-` and the name in lower case): to adopt
    /// what a person created in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 124))]
    #[x_kube(
        validation = Rule::new("self.matches('^esv-[a-z0-9_-]+$')")
            .message("esvId must begin with esv- and continue with lower-case letters, digits, '-' and '_', for example esv-pingone-integration-aic")
    )]
    pub esv_id: Option<String>,
    /// The worker's Credential Secret Label Identifier, if it is not the derived one (the name with `.` for `-`): to
    /// adopt what a person created in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 124))]
    #[x_kube(
        validation = Rule::new("self.matches('^[A-Za-z0-9]+([.][A-Za-z0-9]+)*$')")
            .message("secretLabelIdentifier may hold letters and digits in groups joined by single periods, for example PingOne.Integration.AIC")
    )]
    pub secret_label_identifier: Option<String>,
    /// How often the operator checks the tenant: a duration from 1m to 24h.
    #[serde(default = "bounds::default_interval")]
    #[schemars(schema_with = "bounds::duration")]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]+(h|m|s|ms))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')")
            .message("interval must be a duration from 1m to 24h, for example 10m")
    )]
    pub interval: kube::core::Duration,
    /// What happens when worker, mapping or ESV differ from the spec: Correct them, or only Warn.
    #[serde(default)]
    pub drift_policy: DriftPolicy,
    /// What happens in the tenant when this object is deleted: Retain everything, or Delete mapping, worker and ESV
    /// as far as the environment allows. The deletion waits for the tenant for at most five minutes, or thirty while
    /// a promotion has locked it. An event names what stays.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// Takes over, once, an ESV, worker or mapping with this object's names that a person created, for example in the
    /// console. Never what another object in the cluster uses, nor an ESV that anything else in the tenant uses.
    #[serde(default)]
    pub adopt: bool,
    /// Stops all work on this object, as long as it is true. Its conditions keep their last values.
    #[serde(default)]
    pub suspend: bool,
}

/// Another object in the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// The object's name.
    #[schemars(schema_with = "bounds::object_name")]
    pub name: String,
}

/// One AIC tenant environment.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The tenant environment's own URL: https, host and optional port, nothing else. Not a custom domain.
    #[schemars(length(min = 9, max = 269))]
    #[x_kube(
        validation = Rule::new("self.startsWith('https://')").message("tenant.url must begin with https://"),
        validation = Rule::new("self.matches('^[a-z]+://[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?([.][A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$')")
            .message("tenant.url must be scheme, host and optional port and nothing else (no user, path, query, fragment or trailing slash), for example https://openam-mycompany-ew2-dev.id.forgerock.io"),
        validation = Rule::new("self == self.lowerAscii()").message("tenant.url must be in lower case: one tenant has one spelling"),
        validation = Rule::new("!self.endsWith(':443')").message("tenant.url must not name port 443, which is meant without a port"),
        validation = Rule::new("self == oldSelf").message("tenant.url is immutable: create a new AICIntegration for another tenant")
    )]
    pub url: String,
    /// Which environment of the promotion group it is, or a sandbox outside any group. Development and Sandbox are
    /// mutable; in UAT, Staging and Production static configuration comes only by promotion.
    #[x_kube(
        validation = Rule::new("self == oldSelf").message("tenant.environment is immutable: create a new AICIntegration for another environment")
    )]
    pub environment: TenantEnvironment,
    /// The Secret in this namespace with the keys `serviceAccountId` and `jwk` of an AIC service account.
    pub service_account_secret_ref: ObjectReference,
}

string_enum! {
    /// A realm of a tenant.
    Realm {
        /// The realm alpha.
        Alpha = "alpha",
        /// The realm bravo.
        Bravo = "bravo",
    }
}

string_enum! {
    /// The part that a tenant environment plays.
    TenantEnvironment {
        /// Mutable; the lowest of a promotion group.
        Development = "Development",
        /// Immutable.
        Uat = "UAT",
        /// Immutable.
        Staging = "Staging",
        /// Immutable; the highest of a promotion group.
        Production = "Production",
        /// Mutable, outside any promotion group.
        Sandbox = "Sandbox",
    }
}

impl TenantEnvironment {
    /// Whether static configuration (worker, mapping) can be written here, rather than promoted. An environment
    /// that is not known is never written to.
    #[must_use]
    pub const fn is_mutable(self) -> bool {
        matches!(self, Self::Development | Self::Sandbox)
    }
}

string_enum! {
    /// What to do about drift.
    #[derive(Default)]
    DriftPolicy {
        /// Put it right.
        #[default]
        Correct = "Correct",
        /// Say what differs, and touch nothing.
        Warn = "Warn",
    }
}

string_enum! {
    /// What to do in the tenant when the object is deleted.
    #[derive(Default)]
    DeletionPolicy {
        /// Leave the tenant as it is.
        #[default]
        Retain = "Retain",
        /// Remove mapping, worker and ESV, as far as the environment allows.
        Delete = "Delete",
    }
}
