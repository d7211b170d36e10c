//! What can happen to an integration in the course of its life.

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub enum Happening {
    NewCredential,
    RevokedCredential,
    DamagedSecret,
    NewAccount,
    Suspended,
    OnlyWarned,
    Resumed,
    WorkerGone,
    WorkerEdited,
    MappingGone,
    MappedElsewhere,
    ServiceOff,
    VersionAdded,
    MarkEdited,
    EsvGone,
    Locked,
    Unlocked,
    AnswersLost,
    TenantFails,
    RateLimited,
    Killed,
    ApiServerAway,
    TimePasses,
    /// The tenant goes on with an old value for a while.
    Cached,
    /// Somebody deletes the ESV and makes it again.
    EsvMadeAgain,
    /// The same, and copies the mark.
    EsvCopied,
    WorkerMadeAgain,
    /// Another cluster's object of this name takes the ESV over.
    TakenOver,
    /// A second object wants the same label.
    LabelShared,
    /// The cluster is lost, and the objects are restored from a backup with their status.
    Restored,
    /// The same, from Git: without a status.
    Rebuilt,
}

pub const HAPPENINGS: [Happening; 31] = [
    Happening::NewCredential,
    Happening::RevokedCredential,
    Happening::DamagedSecret,
    Happening::NewAccount,
    Happening::Suspended,
    Happening::OnlyWarned,
    Happening::Resumed,
    Happening::WorkerGone,
    Happening::WorkerEdited,
    Happening::MappingGone,
    Happening::MappedElsewhere,
    Happening::ServiceOff,
    Happening::VersionAdded,
    Happening::MarkEdited,
    Happening::EsvGone,
    Happening::Locked,
    Happening::Unlocked,
    Happening::AnswersLost,
    Happening::TenantFails,
    Happening::RateLimited,
    Happening::Killed,
    Happening::ApiServerAway,
    Happening::TimePasses,
    Happening::Cached,
    Happening::EsvMadeAgain,
    Happening::EsvCopied,
    Happening::WorkerMadeAgain,
    Happening::TakenOver,
    Happening::LabelShared,
    Happening::Restored,
    Happening::Rebuilt,
];

impl Happening {
    /// How many versions it may cost: a content, a drift, a crash, or an answer that is lost.
    pub fn versions(self) -> usize {
        match self {
            Self::NewCredential
            | Self::VersionAdded
            | Self::EsvGone
            | Self::Killed
            | Self::ApiServerAway
            | Self::Restored
            | Self::Rebuilt => 1,
            Self::EsvMadeAgain | Self::EsvCopied | Self::TakenOver => 2,
            Self::AnswersLost | Self::TenantFails => 3,
            _ => 0,
        }
    }
}
