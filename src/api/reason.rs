//! Every reason that a condition or an event can bear, with what it means.

macro_rules! reasons {
    ($($(#[$meaning:meta])+ $name:ident,)+) => {
        /// Why a condition is as it is: a constant for programs; its documentation says what a person does about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$meaning])+ $name,)+ }

        impl Reason {
            /// The reason as conditions, events and metrics spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
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
    /// The credential's claims are those that spec.environment asks for.
    ClaimsMatch,
    /// PingOne accepts the credential.
    CredentialAccepted,
    /// PingOne cannot be asked from here: the credential names no server, or neither a client nor a gateway, under a name that the operator knows; or PingOne has never exchanged a gateway credential, and refuses this one. Nothing has to be done, for the tenant's own test decides; the message names the claims that there are, or PingOne's answer.
    CannotAskPingOne,
    /// The Secret does not exist, or could not be read. Create it, and it is noticed at once; where it is there, the message says whether the operator lacks the right or the API server failed.
    SecretNotFound,
    /// The Secret exists without the key that is asked for. Correct the key in the Secret or in the reference.
    SecretKeyMissing,
    /// The Secret's value is not a JWT credential. Paste the credential again, as PingOne showed it.
    CredentialMalformed,
    /// The credential lacks a claim that is needed. Paste the credential again, or add a new one in PingOne.
    ClaimMissing,
    /// The credential belongs to another PingOne environment than spec.environment says. Correct whichever is wrong.
    EnvironmentMismatch,
    /// A host is not on the installation's allow-list. Create the object anew with the right URL, or let the installation allow the host.
    HostNotAllowed,
    /// PingOne refuses the credential: it was revoked, or its product connection disabled or deleted. Add a new credential in PingOne and put it into the Secret.
    CredentialRefused,
    /// PingOne could not be reached or did not answer as it should. The operator tries again by itself.
    PingOneUnavailable,

    // An integration
    /// The tenant's own connection test passed with the credential that is in the Secret.
    TestPassed,
    /// The ESV holds the credential.
    EsvWritten,
    /// The worker is as it should be.
    WorkerConfigured,
    /// The worker's label is mapped to the ESV.
    LabelMapped,
    /// Nothing was done yet, because something before it is not done. Of `Ready` it says that the API server could not be asked, or could not record what was about to be done, or that an earlier write to the tenant may still arrive: the operator tries again by itself.
    NotReached,
    /// The connection that is referred to does not exist. Create it; it is noticed at once.
    ConnectionNotFound,
    /// The connection does not vouch for the credential that is in its Secret, or the Secret could not be read. The message or the connection's own conditions say why; put that right, and it is noticed at once.
    ConnectionNotReady,
    /// The credential may not be carried to this tenant: its environment's name belongs to another one. Create the object anew with the right URL, or let whoever writes the Secret allow the host there.
    TenantNotAllowedForCredential,
    /// The service account's Secret does not hold a usable service account. Correct the Secret.
    ServiceAccountInvalid,
    /// The tenant refuses the service account. Check that it exists and that its key is the one in the Secret.
    ServiceAccountRefused,
    /// The service account lacks a scope. Add the scope in the tenant's console.
    ScopeMissing,
    /// The tenant could not be reached or did not answer as it should. The operator tries again by itself.
    TenantUnavailable,
    /// The tenant refused what the operator asked for; the message repeats its answer. Put right what it says; the operator asks again within five minutes, or every minute where a lock may be the cause that it cannot see.
    TenantRefused,
    /// The vendor asked the operator to wait. It does.
    RateLimited,
    /// An object that this one refers to belongs to another installation of the operator. Give both objects the labels of one --selector.
    OutsideSelector,
    /// Another installation of the operator has an elder integration of this tenant, and a tenant belongs to one of them. Give all integrations of the tenant the labels of one --selector.
    TenantOfAnotherInstallation,
    /// The tenant, or PingOne, is asked no faster than the installation allows, and others come first. The operator gets to it by itself; if it happens often, raise --tenant-requests-per-second or --pingone-requests-per-second, if the vendor allows it.
    WaitingForTurn,
    /// No name was given, and none can be derived from the PingOne environment's name. Create the object anew with spec.name.
    NameUnderivable,
    /// An ESV of this id exists and is not this object's: a person made it, or another object in this or another cluster has marked or claimed it. The message says whose it is and the ways out.
    EsvNotOwned,
    /// A worker of this name exists and is not this object's: it uses another credential label, or another object claims it. The message says whose it is and the ways out.
    WorkerNotOwned,
    /// The worker's credential label is not this object's: it is mapped to another ESV, or another object claims it. The message says whose it is and the ways out.
    LabelNotOwned,
    /// The PingOne worker service of the realm is disabled, and the operator did not enable it: that is somebody's decision. Enable it in the tenant's console, or set spec.adopt to true on an object that is new.
    WorkerServiceDisabled,
    /// This tenant has no product connections yet. They come to the rapid channel first: wait for them there; the operator looks again after the interval.
    ProductConnectionsNotSupported,
    /// The ESV is there; worker and mapping come with a promotion from the environment below. Promote when you are ready to.
    AwaitingPromotion,
    /// The worker was there once and is gone. A promotion brings it back.
    WorkerMissing,
    /// The tenant differs from what it should be, and the drift policy or the environment forbids a correction; the message names the fields. Put them right in the tenant or set spec.driftPolicy to Correct; in UAT, staging and production correct the environment below and promote.
    DriftDetected,
    /// A promotion has locked the environment, which blocks ESVs and static configuration: an integration cannot be checked or written, another Promotion cannot begin. The operator looks every minute and goes on when it is unlocked. If nobody promotes, unlock in the tenant's console.
    EnvironmentLocked,
    /// The object is being deleted, and what it made in the tenant is being removed. Wait: it goes after at most five minutes (thirty while a promotion has locked the environment), and what is left is then named.
    Deleting,
    /// The object is gone, and not all of what it made in the tenant; the message names what is left and why. Remove it in the tenant's console.
    LeftBehind,
    /// The tenant goes on with the value that it holds in its cache, for up to ten minutes. The operator waits.
    CredentialNotYetServed,
    /// The ESV is used in placeholders, and the tenant has not loaded its newest version. Restart the tenant in its console; the operator never does.
    RestartNeeded,
    /// The tenant goes on with the credential of an older version of the ESV, though the newest one holds the right one and its cache has lived. Disable the versions that the message names, in the tenant's console.
    OlderCredentialServed,
    /// The tenant's connection test failed; the message repeats its answer. Put right what it says, in PingOne or in the tenant; the operator tests again by itself.
    TestFailed,

    // A promotion
    /// Something is missing that can be seen without a lock; the message names all of it. The run begins by itself when it is there.
    PreflightFailed,
    /// The stages do not fit together: their order, their hosts or their names. The message says how; create a new Promotion.
    GroupInvalid,
    /// Another run occupies one of the environments, or an elder one is ready to. The run begins by itself.
    Queued,
    /// `upTo` is reached. Raise it to go on.
    Gated,
    /// What would be promoted is not what was approved, or shown at the gate. The message has the lines that accept it.
    ContentChanged,
    /// The dry run lists something else than the provisional report that was shown at the gate, and that has not changed.
    /// The message has the lines that accept it.
    DryRunDiffers,
    /// What stands in the environment below cannot be told for now. The run goes on by itself.
    ContentUnknown,
    /// Every stage is done.
    Succeeded,
    /// The environments are being locked. The run goes on by itself.
    Locking,
    /// A dry run, a promotion or a rollback is under way. The run goes on by itself.
    Running,
    /// The lock is being released. The run goes on by itself.
    Unlocking,
    /// The tenant's own tests are asked whether the stage works. The run goes on by itself; the message names what does not pass yet.
    Verifying,
    /// Whether a lock that is there is ours is not known, for an answer was lost. With `Reconciling` wait; with `Stalled` the message says what a person can do.
    LockOwnershipUnknown,
    /// The lock was taken away before anything was promoted. The stage begins anew, at most three times; if the run is Failed, find out who unlocks, then create a new Promotion.
    LockLost,
    /// The answer to a request for a lock was lost, and the idle lock was released. The stage begins anew, at most three times; if the run is Failed, create a new Promotion.
    LockAnswerLost,
    /// The tenant failed to lock the environments, or took too long. Look at both in the tenant's console, then create a new Promotion.
    LockFailed,
    /// The lock is not gone ten minutes after the operator began to delete it. Look at the environments in the tenant's console.
    LockNotReleased,
    /// A person has let an open lock go with the object. Unlock it in the tenant's console.
    LockAbandoned,
    /// The dry run failed, was refused, or was never reported. Put right what the message says, then create a new Promotion.
    DryRunFailed,
    /// The upper environment lacks ESVs that the lower one's configuration needs. Create them, then start a new run.
    MissingESVs,
    /// The lower environment's configuration holds encrypted secrets. Move them into ESVs, or start a new run that ignores them.
    EncryptedSecrets,
    /// A dry run has looked at the stage, and nothing was promoted.
    Inspected,
    /// There is nothing to promote. The stage is skipped if every integration is Active; else the run is Failed, and the message names what does not pass: put it right, then create a new Promotion.
    NothingToPromote,
    /// The tenant reports that the promotion or the rollback failed; the message repeats why. Put that right, then create a new Promotion; after a rollback look at the environment in the tenant's console.
    PromotionFailed,
    /// It takes longer than spec.timeouts allows. The operator goes on observing; look in the tenant's console whether something still runs.
    PromotionOverdue,
    /// The request to promote was never taken up. The stage begins anew, at most three times; if the run is Failed, look at the environments in the tenant's console, then create a new Promotion.
    PromoteNotTaken,
    /// The stage was promoted.
    Promoted,
    /// The stage had been promoted under this name before: nothing was promoted now. The message names the report; a new run needs a new name.
    AlreadyPromoted,
    /// The stage was promoted, and the tenant's own tests do not pass. The message names the integrations; put them right, and a new Promotion goes on from there.
    VerificationFailed,
    /// The stage was rolled back, for its configuration was at fault. Correct it in the environment below, then create a new Promotion under another name.
    RolledBack,
    /// The last promotion into the environment is not this run's, or there is nothing to roll back: what was promoted stays. Look in the tenant's console what was promoted since, and correct the configuration with a new Promotion.
    RollbackNotOurs,
    /// The stage's configuration was at fault, and the look under the rollback's own lock did not show that again in time: nothing was rolled back. Look at the environment; correct the configuration with a new Promotion, or roll it back in the tenant's console.
    RollbackNotProved,
    /// A report of promotions cannot be read, and the run's annotation says to go on without it. If the report is of a run of this name, its stage may be promoted twice.
    ReportIgnored,
    /// A person stopped the run. What was promoted before stays; to go on, create a new Promotion.
    Aborted,

    // Every kind
    /// spec.suspend is true: nothing is done. Set it to false to go on.
    Suspended,
    /// The definition in the cluster is older than the operator and drops fields of status. Upgrade the definitions.
    CRDOutdated,
    /// This version of the operator cannot read the object, or does not know a value in it. Correct it, or upgrade the operator and its definitions.
    InvalidObject,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
