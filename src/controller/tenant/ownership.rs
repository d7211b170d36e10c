//! Decides whose a thing in the tenant is: one rule for ESV, worker service, worker and mapping. Creation, adoption,
//! drift, rotation and deletion use it. No I/O.
//!
//! The operator changes and removes only what belongs to the object, creates what belongs to nobody, and leaves
//! everything else alone.

use crate::{
    aic::{Esv, EsvId, LabelAttribute, Mapping, OwnerMark, Service, Version, Worker},
    api::{EsvStatus, Origin},
};

/// The object that claims a thing.
pub(crate) struct Claimant<'a> {
    /// `namespace/name`.
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
}

/// Whose an existing ESV is.
#[derive(Debug, PartialEq)]
pub(crate) enum EsvOwner {
    /// This object's.
    Ours(Evidence),
    /// It has the mark of a former object of this name with another credential: a test of the tenant can show
    /// that it works with this object's credential all the same.
    Unproved(OwnerMark),
    /// This object remembers the ESV, and an object of its name in another cluster has marked it since.
    Lost(OwnerMark),
    /// It has another object's mark.
    AnotherObjects(OwnerMark),
    /// It has no mark, and this object does not remember it: a person created it.
    APersons,
}

/// What shows that an ESV is this object's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// The mark has the object's uid.
    Marked,
    /// The mark has the uid under which status was written: the object was restored from a backup.
    FormerSelf,
    /// There is no mark, and status remembers the ESV.
    Memory,
    /// The mark has this object's name, another uid, and the credential in its Secret.
    SameCredential,
}

/// `credential` is the one in the Secret, where it is known.
pub(crate) fn of_esv(
    claimant: &Claimant<'_>,
    memory: &EsvStatus,
    mark: Option<OwnerMark>,
    credential: Option<&str>,
) -> EsvOwner {
    let remembers = memory.version.is_some();
    let Some(mark) = mark else {
        return if remembers {
            EsvOwner::Ours(Evidence::Memory)
        } else {
            EsvOwner::APersons
        };
    };
    if mark.uid == claimant.uid {
        return EsvOwner::Ours(Evidence::Marked);
    }
    if mark.owner != claimant.name {
        return EsvOwner::AnotherObjects(mark);
    }
    let former_self = is_of_former_self(memory, &mark);
    if former_self == Some(true) {
        return EsvOwner::Ours(Evidence::FormerSelf);
    }
    // A backup that is older than the mark counts as no memory. Any other memory means that another object took over.
    if remembers && former_self.is_none() {
        return EsvOwner::Lost(mark);
    }
    if credential == Some(mark.credential.as_str()) {
        EsvOwner::Ours(Evidence::SameCredential)
    } else {
        EsvOwner::Unproved(mark)
    }
}

/// Whether this status knows the mark, or the same object wrote the mark later. `None`: another object wrote it.
fn is_of_former_self(memory: &EsvStatus, mark: &OwnerMark) -> Option<bool> {
    let remembered = number(memory.version.as_deref()?);
    match &memory.owner_uid {
        Some(uid) if *uid == mark.uid => Some(number(&mark.version) <= remembered),
        Some(_) => None,
        // A status from before `ownerUid`: version and credential must be the mark's.
        None => (memory.credential_id.as_ref() == Some(&mark.credential)
            && number(&mark.version) == remembered)
            .then_some(true),
    }
}

/// A version's number; versions are counted from 1.
pub(crate) fn number(version: &str) -> Option<u64> {
    version.parse().ok()
}

/// Whether the decision needs the newest version's date: it is not known yet, or the mark is missing and the ESV may
/// have been created again.
pub(crate) fn needs_date(memory: &EsvStatus, esv: &Esv) -> bool {
    memory.version.as_ref() == Some(&esv.active_version)
        && (memory.create_date.is_none() || OwnerMark::read(&esv.description).is_none())
}

/// Whether this version is the one in status. Its number alone does not tell.
///
/// Compares in microseconds, because the list has no more. The date of a first version is that of the ESV's creation,
/// which is some 50 ms later than the version's own (recorded).
pub(crate) fn is_remembered(memory: &EsvStatus, version: &Version) -> bool {
    use k8s_openapi::jiff::Timestamp;
    let micros = |date: &str| date.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
    let Some(remembered) = &memory.create_date else {
        return true;
    };
    match (micros(remembered), micros(&version.create_date)) {
        (Some(remembered), Some(listed)) if version.version == "1" => {
            (0..=CREATION_TAKES_AT_MOST).contains(&(remembered - listed))
        }
        (Some(remembered), Some(listed)) => remembered == listed,
        _ => *remembered == version.create_date,
    }
}

/// In microseconds.
const CREATION_TAKES_AT_MOST: i64 = 2_000_000;

/// Whose a thing without a mark is, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It is as it should be.
    Good,
    /// It does not exist: create it.
    Nobodys,
    /// It is this object's and differs: somebody has changed it.
    Drifted(String),
    /// It is somebody else's.
    Anothers(String),
}

/// Whether status says that this object created or took over a thing. An intent to create it does not count.
fn remembers(origin: Option<Origin>) -> bool {
    matches!(origin, Some(Origin::Made | Origin::Adopted | Origin::TakenOver))
}

/// Somebody has disabled a disabled service.
pub(crate) fn of_service(service: Option<&Service>, memory: Option<Origin>) -> Owner {
    match service {
        Some(service) if service.is_enabled() => Owner::Good,
        _ if remembers(memory) => Owner::Drifted("the PingOne worker service is not enabled".to_owned()),
        None => Owner::Nobodys,
        Some(_) => Owner::Anothers("is disabled".to_owned()),
    }
}

/// A worker that looks like the operator's is used, whoever created it.
pub(crate) fn of_worker(
    worker: Option<&Worker>,
    attribute: &LabelAttribute,
    label: &str,
    memory: Option<Origin>,
) -> Owner {
    let was_ours = remembers(memory);
    let Some(worker) = worker else {
        return if was_ours {
            Owner::Drifted("the worker is gone".to_owned())
        } else {
            Owner::Nobodys
        };
    };
    match worker.label(attribute) {
        Some(used) if used == label && worker.uses_credential() => Owner::Good,
        Some(used) if used == label && was_ours => {
            Owner::Drifted("useCredential of the worker is false".to_owned())
        }
        used if was_ours => Owner::Drifted(match used {
            Some(used) => format!("the worker's Credential Secret Label Identifier is {used}"),
            None => "the worker's Credential Secret Label Identifier is empty".to_owned(),
        }),
        Some(used) if used == label => {
            Owner::Anothers(format!("uses no credential, though it has the label {used}"))
        }
        Some(used) => Owner::Anothers(format!("uses the credential label {used}")),
        None => Owner::Anothers("uses no credential label".to_owned()),
    }
}

/// A label belongs to whoever owns the ESV that it is mapped to, whoever made the worker.
pub(crate) fn of_mapping(mapping: Option<&Mapping>, esv: &EsvId, memory: Option<Origin>) -> Owner {
    match mapping {
        Some(mapping) if mapping.leads_to(esv) => Owner::Good,
        None if remembers(memory) => Owner::Drifted("the mapping of the worker's label is gone".to_owned()),
        None => Owner::Nobodys,
        Some(mapping) => {
            let what = format!("is mapped to {}", mapping.aliases.join(", "));
            if remembers(memory) {
                Owner::Drifted(format!("the worker's label {what}"))
            } else {
                Owner::Anothers(what)
            }
        }
    }
}

#[cfg(test)]
mod tests;
