//! Whose turn comes first.

/// What a call, or a whole pass, is for: the most urgent first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// A lock may be open: others wait until it is released.
    Lock,
    /// An object has never been seen to before.
    New,
    /// Something has changed.
    #[default]
    Change,
    /// Nothing has changed, as far as is known.
    Check,
}

impl Priority {
    /// All of them, the most urgent first.
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
