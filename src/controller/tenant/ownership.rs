//! Whose a thing in the tenant is: one rule for ESV, worker service, worker and mapping, asked by creation, adoption,
//! drift, rotation and deletion. No I/O.
//!
//! Only what is ours is changed or removed, what is nobody's is created, what is another's is named and left alone.

use crate::{
    aic::{Esv, EsvId, LabelAttribute, Mapping, OwnerMark, Service, Version, Worker},
    api::{EsvStatus, Origin},
};

/// Who asks.
pub(crate) struct Claimant<'a> {
    /// `namespace/name`.
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
}

/// Whose an ESV that exists is.
#[derive(Debug, PartialEq)]
pub(crate) enum EsvOwner {
    /// This object's.
    Ours(Evidence),
    /// It has the mark of a former object of this name with another credential: a test of the tenant can show
    /// that it works with this object's credential all the same.
    Unproved(OwnerMark),
    /// This object remembers the ESV, and an object of its name in another cluster has marked it since.
    Lost(OwnerMark),
    /// It bears another object's mark.
    AnotherObjects(OwnerMark),
    /// It bears no mark, and this object does not remember it: a person made it.
    APersons,
}

/// What shows that an ESV is this object's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// The mark bears its uid.
    Marked,
    /// The mark bears the uid under which status was written: the object was restored from a backup.
    FormerSelf,
    /// There is no mark, and status remembers the ESV.
    Memory,
    /// The mark bears this object's name under another uid, and the credential that is in its Secret.
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
    // A backup that is older than the mark remembers nothing that counts; any other memory was overtaken.
    if remembers && former_self.is_none() {
        return EsvOwner::Lost(mark);
    }
    if credential == Some(mark.credential.as_str()) {
        EsvOwner::Ours(Evidence::SameCredential)
    } else {
        EsvOwner::Unproved(mark)
    }
}

/// Whether the mark was set when this status was written, or by a later write of the same object, which this status
/// does not know. `None`: the mark is not of the object that wrote this status.
fn is_of_former_self(memory: &EsvStatus, mark: &OwnerMark) -> Option<bool> {
    let remembered = number(memory.version.as_deref()?);
    match &memory.owner_uid {
        Some(uid) if *uid == mark.uid => Some(number(&mark.version) <= remembered),
        Some(_) => None,
        // Written before the uid was remembered: version and credential must be the mark's own.
        None => (memory.credential_id.as_ref() == Some(&mark.credential)
            && number(&mark.version) == remembered)
            .then_some(true),
    }
}

/// A version's number; versions are counted from 1.
pub(crate) fn number(version: &str) -> Option<u64> {
    version.parse().ok()
}

/// Whether the date of the newest version has to be seen before anything is decided: it was never told, or the mark is
/// gone, so that the ESV itself may have been made again.
pub(crate) fn needs_date(memory: &EsvStatus, esv: &Esv) -> bool {
    memory.version.as_ref() == Some(&esv.active_version)
        && (memory.create_date.is_none() || OwnerMark::read(&esv.description).is_none())
}

/// Whether this version is the one that status remembers: a number alone is not the content.
///
/// Instants are compared in microseconds, for the list has no more. What is remembered of a first version is the
/// date of the ESV's creation, which is some 50 ms later than the version's own (recorded).
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

/// Whose a thing without a mark is, and what is to be done about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It is as it should be.
    Good,
    /// It is not there: it is made.
    Nobodys,
    /// It is this object's, and differs: so it was changed since.
    Drifted(String),
    /// It is another's.
    Anothers(String),
}

/// Whether status remembers that this object made or took over a thing: recording that it is about to is no memory.
fn remembers(origin: Option<Origin>) -> bool {
    matches!(origin, Some(Origin::Made | Origin::Adopted | Origin::TakenOver))
}

/// A service that is disabled was disabled by somebody.
pub(crate) fn of_service(service: Option<&Service>, memory: Option<Origin>) -> Owner {
    match service {
        Some(service) if service.is_enabled() => Owner::Good,
        _ if remembers(memory) => Owner::Drifted("the PingOne worker service is not enabled".to_owned()),
        None => Owner::Nobodys,
        Some(_) => Owner::Anothers("is disabled".to_owned()),
    }
}

/// One that looks as ours would is used, whoever made it.
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
