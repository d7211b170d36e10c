//! The three kinds: types, validation rules, conditions. No I/O, no client, no clock.

mod bounds;
mod clip;
mod condition;
pub mod conditions;
mod connection;
mod crd;
mod integration;
mod promotion;
pub mod reason;
mod string_enum;

pub use clip::clip;
pub use condition::{Condition, Word};
pub use conditions::{Active, Conditions};
pub use connection::{
    ConnectionStatus, CredentialStatus, EnvironmentReference, PingOneConnection, PingOneConnectionSpec,
    SecretKeyReference,
};
pub use crd::{complete_status, custom_resource_definitions, to_yaml};
pub use integration::{
    AICIntegration, AICIntegrationSpec, DeletionPolicy, DriftPolicy, EsvStatus, IntegrationStatus,
    ObjectReference, Origin, OriginStatus, PendingVersion, Realm, Tenant, TenantEnvironment, WorkerStatus,
};
pub use promotion::{
    AcceptedList, Action, Approval, ChangeCounts, ContentPolicy, DryRunRequest, DryRunStatus, FailurePolicy,
    HeldStatus, ListKind, LockStatus, NextStage, Outcome, PromoteStatus, Promotion, PromotionMode,
    PromotionPhase, PromotionSpec, PromotionStatus, ReportStatus, RunMark, SeenLock, Stage, StageStatus,
    StageTarget, Step, SuspectLock, Timeouts,
};
pub use reason::Reason;
use string_enum::string_enum;

/// The API group of the three kinds.
pub const GROUP: &str = "pingone-aic.io";
/// The operator's name as field manager, event reporter and user agent.
pub const FIELD_MANAGER: &str = "pingone-aic-operator";
/// On an object whose deletion has something to do in the tenant.
pub const FINALIZER: &str = "pingone-aic.io/cleanup";
/// The prefix of the operator's annotations.
pub const ANNOTATION_PREFIX: &str = "pingone-aic.io/";
/// On a Promotion that is being deleted: `"true"` lets it go although its lock may be open.
pub const ABANDON_ANNOTATION: &str = "pingone-aic.io/abandon";
/// On a Promotion: the promotion id of a lock that a person wants released.
pub const UNLOCK_ANNOTATION: &str = "pingone-aic.io/unlock";
/// On a Promotion: the ids, comma-separated, of unreadable reports to ignore.
pub const IGNORE_REPORT_ANNOTATION: &str = "pingone-aic.io/ignore-report";
/// A new value of this annotation requests a check.
pub const REQUESTED_AT_ANNOTATION: &str = "pingone-aic.io/requestedAt";
/// On a credential's Secret: the tenant hosts (exact, comma-separated) that the credential may be sent to.
pub const TENANT_HOSTS_ANNOTATION: &str = "pingone-aic.io/tenant-hosts";
