//! Decides what to do about an existing ESV. No I/O.

use super::observe::{Observation, Tested};
use crate::{
    aic::OwnerMark,
    api::{EsvStatus, PendingVersion},
    controller::{
        integration::usage::Label,
        tenant::ownership::{Claimant, EsvOwner, Evidence, is_remembered, of_esv},
    },
};

#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// Somebody else's: write nothing.
    NotOurs(NotOurs),
    /// A person's, and this object may take it over.
    Adopt {
        /// Whether the tenant's test has shown that its newest version holds the credential.
        holds_it: bool,
    },
    /// A version of another credential may still arrive: its write was recorded, and its answer was not.
    AwaitPending(PendingVersion),
    /// Write the credential. If the newest version has it already, the tenant creates none and returns that one. So
    /// this is right even if the content is unknown.
    Write,
    /// The same, because somebody has written a version in between.
    WriteOverDrift(String),
    /// The newest version has the right credential.
    Keep {
        version: Written,
        /// Whether the ESV has the operator's mark.
        is_marked: bool,
    },
}

/// Whose an ESV is, if not this object's.
#[derive(Debug, PartialEq)]
pub(super) enum NotOurs {
    /// A person's. With the obstacle to adopting it, if the spec asks for that.
    APersons(Option<String>),
    /// Another object's, or that of a former object of this name with another credential.
    AnotherObjects(OwnerMark),
    /// An object of this name in another cluster has put its mark there since this one wrote it.
    Lost(OwnerMark),
}

/// A version that holds the credential.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub(super) version: String,
    /// If the tenant has just returned it.
    pub(super) create_date: Option<String>,
}

/// What the ESV should contain, and what may be done for that.
pub(super) struct Wanted<'a> {
    /// The credential's id.
    pub(super) id: &'a str,
    pub(super) digest: &'a str,
    /// The label that the ESV is for.
    pub(super) label: &'a Label,
    /// Whether a person's ESV may be taken over.
    pub(super) adopts: bool,
}

pub(super) fn decide(
    memory: &EsvStatus,
    observed: &Observation,
    wanted: &Wanted<'_>,
    claimant: &Claimant<'_>,
) -> Decision {
    let esv = &observed.esv;
    let mark = OwnerMark::read(&esv.description);
    let evidence = match of_esv(claimant, memory, mark.clone(), Some(wanted.id)) {
        EsvOwner::Ours(evidence) => evidence,
        EsvOwner::Unproved(mark) => {
            let is_shown = matches!(&observed.tested, Some(Tested::Credential(id)) if id == wanted.id);
            return if is_shown {
                Decision::Write
            } else {
                Decision::NotOurs(NotOurs::AnotherObjects(mark))
            };
        }
        EsvOwner::Lost(mark) => return Decision::NotOurs(NotOurs::Lost(mark)),
        EsvOwner::AnotherObjects(mark) => return Decision::NotOurs(NotOurs::AnotherObjects(mark)),
        EsvOwner::APersons if !wanted.adopts => return Decision::NotOurs(NotOurs::APersons(None)),
        EsvOwner::APersons => {
            let obstacle = obstacle(observed, wanted.label);
            let is_shown = matches!(&observed.tested, Some(Tested::Credential(id)) if id == wanted.id);
            let holds_it = is_shown && observed.is_read_by_test;
            return obstacle.map_or(Decision::Adopt { holds_it }, |why| {
                Decision::NotOurs(NotOurs::APersons(Some(why)))
            });
        }
    };
    let keep = |version: &str, is_marked| Decision::Keep {
        version: Written {
            version: version.to_owned(),
            create_date: observed.newest.as_ref().map(|newest| newest.create_date.clone()),
        },
        is_marked,
    };
    let memory_counts = evidence != Evidence::SameCredential;
    let Some(version) = memory.version.as_ref().filter(|_| memory_counts) else {
        // The object is new, or was created again, or lost its status. The mark is its memory.
        return match mark {
            Some(mark) if mark.credential == wanted.id && mark.version == esv.active_version => {
                keep(&mark.version, true)
            }
            _ => Decision::Write,
        };
    };
    if let Some(pending) = &memory.pending {
        // The same value creates no second version, whichever write arrives first.
        return if pending.credential_id == wanted.id && pending.digest == wanted.digest {
            Decision::Write
        } else {
            Decision::AwaitPending((**pending).clone())
        };
    }
    if *version != esv.active_version {
        return Decision::WriteOverDrift(match esv.active_version.as_str() {
            "" => "no version of the ESV is enabled".to_owned(),
            other => format!("version {other} of the ESV was not written by the operator"),
        });
    }
    let newest = observed.newest.as_ref();
    if let Some(other) = newest.filter(|newest| !is_remembered(memory, newest)) {
        return Decision::WriteOverDrift(format!(
            "the ESV was created again in the tenant: its version {version} is of {}, and the operator's was of {}",
            other.create_date,
            memory.create_date.as_deref().unwrap_or("another date")
        ));
    }
    // A credential that was replaced under its id is another one.
    let same = memory.credential_id.as_deref() == Some(wanted.id)
        && memory
            .digest
            .as_deref()
            .is_none_or(|digest| digest == wanted.digest);
    if same {
        keep(version, mark.is_some())
    } else {
        Decision::Write
    }
}

/// Why a person's ESV cannot be taken over. Users who may write these objects must not be able to overwrite any ESV.
fn obstacle(observed: &Observation, own: &Label) -> Option<String> {
    let Observation { esv, labels, .. } = observed;
    if esv.encoding != "generic" {
        return Some(format!("its encoding is {}, and generic is needed", esv.encoding));
    }
    if let Some(other) = labels.iter().find(|label| *label != own) {
        return Some(format!("it is mapped to {other}, too"));
    }
    // So is every ESV that people create in the console, passwords of journeys included.
    if esv.use_in_placeholders && labels.is_empty() {
        return Some(format!(
            "it is used in placeholders, and nothing shows that it is a PingOne integration's: map the label {own} to it first"
        ));
    }
    if esv.use_in_placeholders && observed.tested == Some(Tested::NoCredential) {
        return Some(
            "it is used in placeholders, and the tenant's test reads no credential in it".to_owned(),
        );
    }
    None
}

#[cfg(test)]
mod tests;
