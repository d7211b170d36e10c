//! An ESV secret and its versions.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::iso_date;

/// An ESV secret. For tests it tells what the API never does: the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// `generic`, `pem`, `base64hmac` or `base64aes`.
    pub encoding: String,
    /// Whether a new version waits for a restart before it is loaded.
    pub use_in_placeholders: bool,
    /// Empty if none was given.
    pub description: String,
    /// Oldest first; version *n* is at *n* - 1.
    pub versions: Vec<Version>,
    /// When anything about it was last changed, by the tenant's clock.
    pub last_change: Timestamp,
    /// The name of the service account or person who did.
    pub last_changed_by: String,
    /// The version that the last restart loaded; it matters with `use_in_placeholders` only.
    pub(super) loaded_by_restart: Option<usize>,
}

/// One version of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub number: usize,
    /// Whether it can be used.
    pub status: VersionStatus,
    /// Its value; empty once it is destroyed.
    pub value: Vec<u8>,
    /// When it was made, by the tenant's clock.
    pub created: Timestamp,
}

/// The status of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStatus {
    /// In use, if it is the newest.
    Enabled,
    /// Kept, but not used.
    Disabled,
    /// Its value is gone; it stays listed.
    Destroyed,
}

impl VersionStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::Destroyed => "DESTROYED",
        }
    }
}

impl Secret {
    /// A secret with its first version.
    pub(in super::super) fn new(
        encoding: &str,
        use_in_placeholders: bool,
        description: &str,
        value: Vec<u8>,
        by: &str,
        now: Timestamp,
    ) -> Self {
        let mut secret = Self {
            encoding: encoding.to_owned(),
            use_in_placeholders,
            description: description.to_owned(),
            versions: Vec::new(),
            last_change: now,
            last_changed_by: by.to_owned(),
            loaded_by_restart: None,
        };
        secret.add_version(value, by, now);
        secret
    }

    /// The version in use: the newest that is enabled.
    #[must_use]
    pub fn active(&self) -> Option<&Version> {
        self.versions
            .iter()
            .rev()
            .find(|version| version.status == VersionStatus::Enabled)
    }

    pub(in super::super) fn add_version(&mut self, value: Vec<u8>, by: &str, now: Timestamp) {
        let number = self.versions.len() + 1;
        self.versions.push(Version {
            number,
            status: VersionStatus::Enabled,
            value,
            created: now,
        });
        self.touch(by, now);
    }

    pub(in super::super) fn touch(&mut self, by: &str, now: Timestamp) {
        self.last_change = now;
        by.clone_into(&mut self.last_changed_by);
    }

    /// The number of the version that is loaded.
    pub(super) fn loaded(&self) -> Option<usize> {
        if self.use_in_placeholders {
            return self.loaded_by_restart;
        }
        self.active().map(|version| version.number)
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.loaded() == self.active().map(|version| version.number)
    }

    pub(super) fn to_json(&self, id: &str) -> Value {
        let number = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
        json!({
            "_id": id,
            "activeVersion": number(self.active().map(|version| version.number)),
            "loadedVersion": number(self.loaded()),
            "loaded": self.is_loaded(),
            "encoding": self.encoding,
            "useInPlaceholders": self.use_in_placeholders,
            "description": self.description,
            "lastChangeDate": iso_date(self.last_change),
            "lastChangedBy": self.last_changed_by,
        })
    }

    pub(super) fn version_to_json(&self, version: &Version) -> Value {
        json!({
            "version": version.number.to_string(),
            "createDate": iso_date(version.created),
            "loaded": self.loaded() == Some(version.number),
            "status": version.status.name(),
        })
    }
}
