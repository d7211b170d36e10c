//! What to do about an ESV that exists. No I/O.

use crate::{
    aic::{Esv, OwnerMark, Version},
    api::{EsvStatus, PendingVersion},
    controller::integration::ownership::{Claimant, EsvOwner, Evidence, is_remembered, of_esv},
};

#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// Another object has put its mark there.
    NotOurs(OwnerMark),
    /// An object of this name in another cluster has put its mark there since this one wrote it.
    Lost(OwnerMark),
    /// A person's, and this object has no memory: it can be adopted.
    Adoptable,
    /// Of a former object of our name, with another credential: ours only if a test shows the wanted one.
    Former(OwnerMark),
    /// A version of another credential was being written when the operator last knew: it may still arrive.
    AwaitPending(PendingVersion),
    /// Write the credential. Where the newest version holds it already, the tenant makes none and names that one, so
    /// that whoever does not know what it holds writes, too.
    Write,
    /// The same, because somebody has written one in between.
    WriteOverDrift(String),
    /// The newest version holds the wanted credential.
    Settled(String),
    /// The same, but the mark is gone.
    Unmarked(String),
}

/// The credential that the ESV should hold.
pub(super) struct Wanted<'a> {
    pub(super) id: &'a str,
    pub(super) digest: &'a str,
}

/// Whether the date of the newest version has to be seen before anything is decided: the mark is gone, so that the ESV
/// itself may have been made again.
pub(super) fn needs_date(memory: &EsvStatus, esv: &Esv) -> bool {
    memory.create_date.is_some()
        && memory.version.as_ref() == Some(&esv.active_version)
        && OwnerMark::read(&esv.description).is_none()
}

/// `newest` is the newest version that is enabled, where its date is needed.
pub(super) fn decide(
    memory: &EsvStatus,
    esv: &Esv,
    newest: Option<&Version>,
    wanted: &Wanted<'_>,
    claimant: &Claimant<'_>,
) -> Decision {
    let mark = OwnerMark::read(&esv.description);
    let evidence = match of_esv(claimant, memory, mark.clone(), Some(wanted.id)) {
        EsvOwner::Ours(evidence) => evidence,
        EsvOwner::Unproved(mark) => return Decision::Former(mark),
        EsvOwner::Lost(mark) => return Decision::Lost(mark),
        EsvOwner::AnotherObjects(mark) => return Decision::NotOurs(mark),
        EsvOwner::APersons => return Decision::Adoptable,
    };
    let memory_counts = evidence != Evidence::SameCredential;
    let Some(version) = memory.version.as_ref().filter(|_| memory_counts) else {
        // The object is new, or re-created, or its status was lost: the mark is the memory.
        return match mark {
            Some(mark) if mark.credential == wanted.id && mark.version == esv.active_version => {
                Decision::Settled(mark.version)
            }
            _ => Decision::Write,
        };
    };
    if let Some(pending) = &memory.pending {
        // The same again makes no second version, whichever arrives first.
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
    if let Some(other) = newest.filter(|newest| !is_remembered(memory, newest)) {
        return Decision::WriteOverDrift(format!(
            "the ESV was made again in the tenant: its version {version} is of {}, and the operator's was of {}",
            other.create_date,
            memory.create_date.as_deref().unwrap_or("another date")
        ));
    }
    // A credential that was repaired under its id is another one.
    let same = memory.credential_id.as_deref() == Some(wanted.id)
        && memory
            .digest
            .as_deref()
            .is_none_or(|digest| digest == wanted.digest);
    match mark {
        _ if !same => Decision::Write,
        None => Decision::Unmarked(version.clone()),
        Some(_) => Decision::Settled(version.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn esv(version: &str, description: &str) -> Esv {
        Esv {
            active_version: version.into(),
            encoding: "generic".into(),
            use_in_placeholders: false,
            description: description.into(),
            last_change_date: None,
            loaded_version: None,
        }
    }

    fn mark(owner: &str, uid: &str, credential: &str, version: &str) -> String {
        let (owner, uid, credential, version) = (owner.into(), uid.into(), credential.into(), version.into());
        OwnerMark {
            owner,
            uid,
            credential,
            version,
        }
        .to_string()
    }

    fn memory(version: &str, credential: &str) -> EsvStatus {
        EsvStatus {
            version: Some(version.into()),
            credential_id: Some(credential.into()),
            ..EsvStatus::default()
        }
    }

    fn decided(memory: &EsvStatus, esv: &Esv) -> Decision {
        let (name, uid) = ("ns/dev", "u1");
        decide(
            memory,
            esv,
            None,
            &Wanted {
                id: "c1",
                digest: "d1",
            },
            &Claimant { name, uid },
        )
    }

    #[test]
    fn each_state_has_one_decision() {
        let ours = |credential: &str, version: &str| mark("ns/dev", "u1", credential, version);
        let settled = |version: &str| Decision::Settled(version.into());
        let none = EsvStatus::default;
        let digest = |digest: &str| EsvStatus {
            digest: Some(digest.into()),
            ..memory("3", "c1")
        };
        let not_ours = |description: &str| Decision::NotOurs(OwnerMark::read(description).unwrap());
        let other = mark("ns/other", "u2", "c1", "1");
        let former = mark("ns/dev", "u0", "c0", "1");
        #[rustfmt::skip]
        let table = [
            ("the creation's answer was lost", none(), esv("1", &ours("c1", "1")), settled("1")),
            ("the status was lost after a rotation", none(), esv("2", &ours("c1", "2")), settled("2")),
            ("the status was lost, the mark lags behind", none(), esv("2", &ours("c1", "1")), Decision::Write),
            ("the status was lost, the Secret changed", none(), esv("2", &ours("c0", "2")), Decision::Write),
            ("re-created with the same credential", none(), esv("1", &mark("ns/dev", "u0", "c1", "1")), settled("1")),
            ("re-created with another", none(), esv("1", &former), Decision::Former(OwnerMark::read(&former).unwrap())),
            ("made in the console", none(), esv("1", "mine"), Decision::Adoptable),
            ("another object's", none(), esv("1", &other), not_ours(&other)),
            ("remembered and unchanged", memory("3", "c1"), esv("3", &ours("c1", "3")), settled("3")),
            ("a person edited the description", memory("3", "c1"), esv("3", "hello"), Decision::Unmarked("3".into())),
            ("restored from a backup under a new uid", memory("3", "c1"), esv("3", &mark("ns/dev", "u0", "c1", "3")), settled("3")),
            ("the credential changed", memory("3", "c0"), esv("3", &ours("c0", "3")), Decision::Write),
            ("the same digest", digest("d1"), esv("3", &ours("c1", "3")), settled("3")),
            ("repaired under its id", digest("d0"), esv("3", &ours("c1", "3")), Decision::Write),
        ];
        for (what, memory, esv, expected) in table {
            assert_eq!(decided(&memory, &esv), expected, "{what}");
        }
    }

    #[test]
    fn what_another_object_has_marked_meanwhile_is_not_touched() {
        let decision = decided(&memory("1", "c1"), &esv("1", &mark("ns/other", "u2", "c9", "1")));
        assert!(matches!(decision, Decision::NotOurs(_)), "{decision:?}");
    }

    #[test]
    fn a_version_that_nobody_told_us_of_is_drift() {
        let says = |active: &str| match decided(&memory("1", "c1"), &esv(active, "")) {
            Decision::WriteOverDrift(what) => what,
            other => panic!("{other:?}"),
        };
        assert!(says("2").starts_with("version 2 "));
        assert!(says("").starts_with("no version "));
    }

    #[test]
    fn a_pending_version_is_written_again_and_one_of_another_credential_is_awaited() {
        let pending = |id: &str, digest: &str| EsvStatus {
            pending: Some(Box::new(PendingVersion {
                credential_id: id.into(),
                digest: digest.into(),
                base: "1".into(),
                ..PendingVersion::default()
            })),
            ..memory("1", "c0")
        };
        let written_since = esv("2", "");
        assert_eq!(decided(&pending("c1", "d1"), &written_since), Decision::Write);
        for other in [pending("c0", "d0"), pending("c1", "d0")] {
            let decision = decided(&other, &written_since);
            assert!(matches!(decision, Decision::AwaitPending(_)), "{decision:?}");
        }
    }
}
