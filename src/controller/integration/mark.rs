//! The mark: an ESV's description, by which its owner is known. People read it in the tenant's console.

use std::fmt;

use crate::api::FIELD_MANAGER;

/// `pingone-aic-operator <namespace>/<name> <uid> credential=<jti> version=<n>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) owner: String,
    pub(super) uid: String,
    pub(super) credential: String,
    pub(super) version: String,
}

impl Mark {
    /// Reads a description; `None` if it is not a mark.
    pub(super) fn read(description: &str) -> Option<Self> {
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

impl fmt::Display for Mark {
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
        let mark = Mark {
            owner: "ns/dev".into(),
            uid: "u".into(),
            credential: "c".into(),
            version: "2".into(),
        };
        assert_eq!(Mark::read(&mark.to_string()), Some(mark));
        for other in [
            "",
            "Created by the console",
            "pingone-aic-operator ns/dev u credential=c",
            "x ns/dev u credential=c version=2",
        ] {
            assert_eq!(Mark::read(other), None, "{other}");
        }
    }
}
