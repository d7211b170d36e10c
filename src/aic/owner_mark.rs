//! The owner's mark: an ESV's description, which names its owner. People see it in the tenant's console.

use std::fmt;

use crate::api::FIELD_MANAGER;

/// `pingone-aic-operator <namespace>/<name> <uid> credential=<jti> version=<n>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerMark {
    /// `namespace/name` of the object.
    pub owner: String,
    /// Its uid.
    pub uid: String,
    /// The id of the credential in that version.
    pub credential: String,
    /// The number of the version that the owner wrote last.
    pub version: String,
}

impl OwnerMark {
    /// Reads a description; `None` if it is not a mark.
    #[must_use]
    pub fn read(description: &str) -> Option<Self> {
        let [name, owner, uid, credential, version] = description.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        if name != FIELD_MANAGER {
            return None;
        }
        Some(Self {
            owner: owner.to_owned(),
            uid: uid.to_owned(),
            credential: credential.strip_prefix("credential=")?.to_owned(),
            version: version.strip_prefix("version=")?.to_owned(),
        })
    }
}

impl fmt::Display for OwnerMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            owner,
            uid,
            credential,
            version,
        } = self;
        write!(
            formatter,
            "{FIELD_MANAGER} {owner} {uid} credential={credential} version={version}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_other_texts_are_none() {
        let mark = OwnerMark {
            owner: "ns/dev".into(),
            uid: "u".into(),
            credential: "c".into(),
            version: "2".into(),
        };
        assert_eq!(OwnerMark::read(&mark.to_string()), Some(mark));
        for other in [
            "",
            "Created by the console",
            "pingone-aic-operator ns/dev u credential=c",
            "x ns/dev u credential=c version=2",
        ] {
            assert_eq!(OwnerMark::read(other), None, "{other}");
        }
    }
}
