//! Where a tenant keeps a worker's label.

/// The name of the attribute that holds a worker's label identifier in one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelAttribute {
    pub(super) name: String,
    /// Whether the tenant's own schema tells it, rather than an assumption.
    pub(super) is_known: bool,
}

impl LabelAttribute {
    /// Whether the tenant's own schema tells it: what the attribute of an assumed name lacks proves nothing.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// For tables of decisions.
    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_known: true,
        }
    }
}
