//! An ESV secret and its versions.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::clock::{in_microseconds, stored_date};

/// How much later than a new version the change of its secret is dated: some 50 ms in what was recorded.
const CHANGE_LAG: SignedDuration = SignedDuration::from_millis(50);

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
    /// When it was made, by the tenant's clock, in microseconds.
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
            last_change: Timestamp::MIN,
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

    /// Adds a version, and tells where in the list it is. The newest one's value again makes none: then it is that.
    pub(in super::super) fn add_version(&mut self, value: Vec<u8>, by: &str, now: Timestamp) -> usize {
        let newest = self.versions.last();
        if newest.is_some_and(|newest| newest.status != VersionStatus::Destroyed && newest.value == value) {
            return self.versions.len() - 1;
        }
        self.versions.push(Version {
            number: self.versions.len() + 1,
            status: VersionStatus::Enabled,
            value,
            created: in_microseconds(now),
        });
        self.touch(by, now + CHANGE_LAG);
        self.versions.len() - 1
    }

    /// The same text again is no change.
    pub(in super::super) fn describe(&mut self, description: &str, by: &str, now: Timestamp) {
        if self.description != description {
            description.clone_into(&mut self.description);
            self.touch(by, now);
        }
    }

    /// Dates a change, and never as the one before.
    pub(super) fn touch(&mut self, by: &str, now: Timestamp) {
        let next = self.last_change.saturating_add(SignedDuration::from_micros(1));
        self.last_change = now.max(next.expect("a signed duration is no calendar unit"));
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

    /// The answer to its creation, which alone has the date in nanoseconds.
    pub(super) fn fresh_to_json(&self, id: &str) -> Value {
        self.dated_to_json(id, &self.last_change.to_string())
    }

    pub(super) fn to_json(&self, id: &str) -> Value {
        self.dated_to_json(id, &stored_date(self.last_change))
    }

    fn dated_to_json(&self, id: &str, last_change: &str) -> Value {
        let number = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
        json!({
            "_id": id,
            "activeVersion": number(self.active().map(|version| version.number)),
            "loadedVersion": number(self.loaded()),
            "loaded": self.is_loaded(),
            "encoding": self.encoding,
            "useInPlaceholders": self.use_in_placeholders,
            "description": self.description,
            "lastChangeDate": last_change,
            "lastChangedBy": self.last_changed_by,
        })
    }

    /// Since 2026 `loaded` of a version is false even where its secret's own is true; until 2025 it was true with
    /// placeholders.
    pub(super) fn version_to_json(version: &Version) -> Value {
        json!({
            "version": version.number.to_string(),
            "createDate": stored_date(version.created),
            "loaded": false,
            "status": version.status.name(),
        })
    }
}
