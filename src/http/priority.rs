//! The priorities of calls and reconciliations.

/// The priority of a call or a reconciliation, the most urgent first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// A lock may be open, and others wait for its release.
    Lock,
    /// An object was never reconciled before.
    New,
    /// Something has changed.
    #[default]
    Change,
    /// Nothing has changed, as far as is known.
    Check,
}

impl Priority {
    /// All priorities, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Lock, Self::New, Self::Change, Self::Check];

    /// One word for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::New => "new",
            Self::Change => "change",
            Self::Check => "check",
        }
    }
}
