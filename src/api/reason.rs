//! Every reason of a condition or an event, with what it means.

macro_rules! reasons {
    ($($(#[doc = $meaning:literal])+ $name:ident,)+) => {
        /// Why a condition has its status: a constant for programs. Its documentation says what a person can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[doc = $meaning])+ $name,)+ }

        impl Reason {
            /// The reason as conditions, events and metrics spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What it means, and what a person can do.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($meaning,)+).trim_start(),)+ }
            }

            /// All of them.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$name,)+].into_iter()
            }

            /// The reason of this spelling.
            #[must_use]
            pub fn find(text: &str) -> Option<Self> {
                match text { $(stringify!($name) => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

reasons! {
    // A credential and its connection
    /// The credential's claims match spec.environment.
    ClaimsMatch,
    /// PingOne accepts the credential.
    CredentialAccepted,
    /// The operator cannot ask PingOne about this credential: it names no server, or neither a client nor a gateway under a known name; or PingOne has never exchanged a gateway credential and refuses this one. You have nothing to do, because the tenant's connection test decides. The message names the claims that exist, or PingOne's answer.
    CannotAskPingOne,
    /// The Secret does not exist, or the operator cannot read it. Create it; the operator notices at once. If it exists, the message says whether the operator lacks the right or the API server failed.
    SecretNotFound,
    /// The Secret has no such key. Correct the key in the Secret or in the reference.
    SecretKeyMissing,
    /// The Secret's value is not a JWT credential. Copy the credential again, as PingOne showed it.
    CredentialMalformed,
    /// The credential lacks a claim. Copy the credential again, or add a new one in PingOne.
    ClaimMissing,
    /// The credential belongs to another PingOne environment than spec.environment names. Correct the one that is wrong.
    EnvironmentMismatch,
    /// The allow-list does not contain a host. Create the object again with the right URL, or add the host to the allow-list of the Helm release.
    HostNotAllowed,
    /// PingOne refuses the credential: somebody has revoked it, or disabled or deleted its product connection. Add a new credential in PingOne and put it into the Secret.
    CredentialRefused,
    /// PingOne does not answer, or not as it should. The operator tries again by itself.
    PingOneUnavailable,

    // An integration
    /// The tenant's connection test passed with the credential that is in the Secret.
    TestPassed,
    /// The ESV holds the credential.
    EsvWritten,
    /// The worker uses the credential's label.
    WorkerConfigured,
    /// The worker's label is mapped to the ESV.
    LabelMapped,
    /// An earlier step is not done yet. On `Ready`: the operator could not ask the API server, could not record what it was about to do, or waits because an earlier write to the tenant may still arrive. It tries again by itself.
    NotReached,
    /// The connection does not exist. Create it; the operator notices at once.
    ConnectionNotFound,
    /// The connection has not verified the credential that is in its Secret, or the operator could not read the Secret. The message or the connection's own conditions say why. When you have corrected it, the operator notices at once.
    ConnectionNotReady,
    /// The credential may not be sent to this tenant: by its name, its PingOne environment belongs to another tenant. Create the object again with the right URL, or ask whoever writes the Secret to allow the host there.
    TenantNotAllowedForCredential,
    /// The service account's Secret does not contain a usable service account. Correct the Secret.
    ServiceAccountInvalid,
    /// The tenant refuses the service account. Check that it exists and that the Secret has its key.
    ServiceAccountRefused,
    /// The service account lacks a scope. Add the scope in the tenant's console.
    ScopeMissing,
    /// The tenant does not answer, or not as it should. The operator tries again by itself.
    TenantUnavailable,
    /// The tenant refuses a request; the message repeats its answer. Correct what it says. The operator tries again within five minutes, or every minute if a lock that it cannot see may be the cause.
    TenantRefused,
    /// The tenant or PingOne has asked the operator to wait. The operator waits.
    RateLimited,
    /// An object that this one refers to belongs to another Helm release of the operator. Give both objects the labels of one --selector.
    OutsideSelector,
    /// Another Helm release of the operator has an older integration of this tenant, and a tenant belongs to one of them. Give all integrations of the tenant the labels of one --selector.
    TenantOfAnotherInstallation,
    /// The object waits for the rate limit of the tenant or of PingOne; others have priority. The operator reconciles it by itself. If this happens often, raise --tenant-requests-per-second or --pingone-requests-per-second, if Ping allows it.
    WaitingForTurn,
    /// The object has no name, and the operator cannot derive one from the PingOne environment's name. Create the object again with spec.name.
    NameUnderivable,
    /// An ESV with this id exists and is not this object's: a person created it, or another object in this or another cluster has marked or claimed it. The message says whose it is and what you can do.
    EsvNotOwned,
    /// A worker with this name exists and is not this object's: it uses another credential label, or another object claims it. The message says whose it is and what you can do.
    WorkerNotOwned,
    /// The worker's credential label is not this object's: it is mapped to another ESV, or another object claims it. The message says whose it is and what you can do.
    LabelNotOwned,
    /// The realm's PingOne worker service is disabled, and the operator had not enabled it, so somebody has decided that. Enable it in the tenant's console, or set spec.adopt to true on a new object.
    WorkerServiceDisabled,
    /// This tenant has no product connections yet. They come to the rapid channel first. Wait for them; the operator checks again after the interval.
    ProductConnectionsNotSupported,
    /// The ESV exists; worker and mapping come with a promotion from the environment below. Promote when you are ready.
    AwaitingPromotion,
    /// The worker existed and is gone. Promote again to restore it.
    WorkerMissing,
    /// The tenant differs from the spec, and the drift policy or the environment does not allow a correction; the message names the fields. Correct them in the tenant or set spec.driftPolicy to Correct. In UAT, staging and production correct the environment below and promote.
    DriftDetected,
    /// A promotion has locked the environment. A lock blocks ESVs and static configuration, so the operator cannot check or write an integration, and another Promotion cannot begin. The operator checks every minute and continues when the environment is unlocked. If nobody is promoting, unlock in the tenant's console.
    EnvironmentLocked,
    /// The object is being deleted, and the operator is removing what it created in the tenant. Wait: the object goes after five minutes at most (thirty while a promotion has locked the environment). A message then names what stays.
    Deleting,
    /// The object is gone, and something that it created stays in the tenant; the message names it and says why. Remove it in the tenant's console.
    LeftBehind,
    /// The tenant still uses the former value from its cache, for up to ten minutes. The operator waits.
    CredentialNotYetServed,
    /// The ESV is used in placeholders, and the tenant has not loaded its newest version. Restart the tenant in its console; the operator never does.
    RestartNeeded,
    /// The newest version of the ESV holds the right credential, and the tenant still uses an older version although its cache has expired. Disable the versions that the message names, in the tenant's console.
    OlderCredentialServed,
    /// The tenant's connection test failed; the message repeats its answer. Correct what it says, in PingOne or in the tenant. The operator tests again by itself.
    TestFailed,

    // A promotion
    /// Something is missing that can be seen without a lock; the message lists all of it. The run begins by itself when it is there.
    PreflightFailed,
    /// The stages do not fit together: their order, their hosts or their names. The message says how. Create a new Promotion.
    GroupInvalid,
    /// Another run occupies one of the environments, or an older one is ready to. The run begins by itself.
    Queued,
    /// The run has reached `upTo`. Raise it to continue.
    Gated,
    /// The content differs from what was approved or what the gate showed. The message has the lines that accept it.
    ContentChanged,
    /// The dry run lists something else than the provisional report that the gate showed and that has not changed. The message has the lines that accept it.
    DryRunDiffers,
    /// The environment below does not show what it contains. The run continues by itself.
    ContentUnknown,
    /// Every stage is done.
    Succeeded,
    /// The environments are being locked. The run continues by itself.
    Locking,
    /// A stage begins, or a dry run, a promotion or a rollback is in progress. The run continues by itself.
    Running,
    /// The operator is releasing the lock. The run continues by itself.
    Unlocking,
    /// The tenant is testing the integrations of the stage. The run continues by itself; the message names the integrations that do not pass yet.
    Verifying,
    /// The answer to the request for the lock was lost, and the operator does not know whether the present lock is its own. If `Reconciling` is True, wait. If `Stalled` is True, the message says what you can do.
    LockOwnershipUnknown,
    /// The lock was lost before anything was promoted: somebody removed it, or the tenant dropped it. The stage begins again, at most three times. If the run is Failed, find out who unlocks, then create a new Promotion.
    LockLost,
    /// The answer to the request for a lock was lost, and the operator released the idle lock. The stage begins again, at most three times. If the run is Failed, create a new Promotion.
    LockAnswerLost,
    /// The tenant failed to lock the environments, or took too long. Look at both in the tenant's console, then create a new Promotion.
    LockFailed,
    /// The lock still exists ten minutes after the operator began to delete it. Look at the environments in the tenant's console.
    LockNotReleased,
    /// A person has let an object go although its lock was open. Unlock in the tenant's console.
    LockAbandoned,
    /// The dry run failed, was refused, or has no report. Correct what the message says, then create a new Promotion.
    DryRunFailed,
    /// The upper environment lacks ESVs that the lower one's configuration needs. Create them, then create a new Promotion.
    MissingESVs,
    /// The lower environment's configuration contains encrypted secrets. Move them into ESVs, or create a new Promotion that ignores them.
    EncryptedSecrets,
    /// A dry run has inspected the stage, and nothing was promoted.
    Inspected,
    /// There is nothing to promote. The operator skips the stage if every integration is Active. Otherwise the run is Failed, and the message names what does not pass: correct it, then create a new Promotion.
    NothingToPromote,
    /// The tenant reports that the promotion or the rollback failed; the message repeats why. Correct that, then create a new Promotion. After a rollback look at the environment in the tenant's console.
    PromotionFailed,
    /// The operation takes longer than spec.timeouts allows. The operator continues to observe it. Look in the tenant's console whether something is still in progress.
    PromotionOverdue,
    /// The tenant did not take up the request to promote. The stage begins again, at most three times. If the run is Failed, look at the environments in the tenant's console, then create a new Promotion.
    PromoteNotTaken,
    /// The stage is promoted.
    Promoted,
    /// A run of this name has promoted the stage before; nothing was promoted now. The message names the report. Use a new name for a new run.
    AlreadyPromoted,
    /// The stage is promoted, and the tenant's connection tests do not pass. The message names the integrations. Correct them; a new Promotion continues from there.
    VerificationFailed,
    /// The stage was rolled back, because its configuration was wrong. Correct it in the environment below, then create a new Promotion with another name.
    RolledBack,
    /// The last promotion to the environment is not this run's, or there is nothing to roll back. What was promoted stays. Look in the tenant's console what was promoted since, and correct the configuration with a new Promotion.
    RollbackNotOurs,
    /// The stage's configuration was wrong, and the tenant did not show that again under the rollback's own lock in time. Nothing was rolled back. Look at the environment. Correct the configuration with a new Promotion, or roll back in the tenant's console.
    RollbackNotProved,
    /// A report of promotions cannot be read, and the run's annotation tells the operator to ignore it. If the report is of a run of this name, its stage may be promoted twice.
    ReportIgnored,
    /// A person stopped the run. What was promoted before stays. To continue, create a new Promotion.
    Aborted,

    // Every kind
    /// spec.suspend is true, and the operator does nothing. Set it to false to continue.
    Suspended,
    /// The CRD in the cluster is older than the operator and drops fields of status. Upgrade the CRDs.
    CRDOutdated,
    /// This version of the operator cannot read the object, or does not know one of its values. Correct it, or upgrade the operator and its CRDs.
    InvalidObject,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
