//! What to do about an ESV that exists. No I/O.

use super::super::mark::Mark;
use crate::{
    aic::Esv,
    api::{EsvStatus, PendingVersion},
};

#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// Somebody else's; says whose.
    NotOurs(String),
    /// A version was being written when the operator last knew.
    Recover(PendingVersion),
    /// Write the credential as a new version.
    Write,
    /// The same, because somebody has written one in between.
    WriteOverDrift(String),
    /// The newest version holds this credential, the wanted one.
    Settled { version: String, credential_id: String },
}

pub(super) fn decide(memory: &EsvStatus, esv: &Esv, wanted: &str, owner: &str, uid: &str) -> Decision {
    let mark = Mark::read(&esv.description);
    let Some(version) = &memory.version else {
        return without_memory(mark.as_ref(), esv, wanted, owner, uid);
    };
    // An object that remembers its ESV owns it even when a person has edited the description; not when another
    // object has put its mark there.
    if let Some(mark) = mark.filter(|mark| mark.uid != uid && mark.owner != owner) {
        return Decision::NotOurs(format!("bears the mark of {}", mark.owner));
    }
    if let Some(pending) = &memory.pending {
        return Decision::Recover(pending.clone());
    }
    if *version != esv.active_version {
        return Decision::WriteOverDrift(format!(
            "version {} of the ESV was not written by the operator",
            esv.active_version
        ));
    }
    match &memory.credential_id {
        Some(credential) if credential == wanted => Decision::Settled {
            version: version.clone(),
            credential_id: wanted.to_owned(),
        },
        _ => Decision::Write,
    }
}

/// The object has no memory: it is new, or re-created, or its status was lost. The mark is the memory.
fn without_memory(mark: Option<&Mark>, esv: &Esv, wanted: &str, owner: &str, uid: &str) -> Decision {
    match mark {
        Some(mark) if mark.uid == uid || (mark.owner == owner && mark.credential == wanted) => {
            if mark.version == esv.active_version && mark.credential == wanted {
                Decision::Settled {
                    version: mark.version.clone(),
                    credential_id: wanted.to_owned(),
                }
            } else {
                Decision::Write
            }
        }
        Some(mark) => Decision::NotOurs(format!("bears the mark of {} ({})", mark.owner, mark.uid)),
        None => Decision::NotOurs("was not made by the operator".to_owned()),
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
        }
    }

    fn mark(owner: &str, uid: &str, credential: &str, version: &str) -> String {
        let (owner, uid, credential, version) = (owner.into(), uid.into(), credential.into(), version.into());
        Mark {
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

    #[test]
    fn each_state_has_one_decision() {
        let ours = |credential: &str, version: &str| mark("ns/dev", "u1", credential, version);
        let settled = |version: &str| Decision::Settled {
            version: version.into(),
            credential_id: "c1".into(),
        };
        let none = EsvStatus::default;
        let table = [
            (
                "the creation's answer was lost",
                none(),
                esv("1", &ours("c1", "1")),
                settled("1"),
            ),
            (
                "the status was lost after a rotation",
                none(),
                esv("2", &ours("c1", "2")),
                settled("2"),
            ),
            (
                "the mark lags behind",
                none(),
                esv("2", &ours("c1", "1")),
                Decision::Write,
            ),
            (
                "re-created with the same credential",
                none(),
                esv("1", &mark("ns/dev", "u0", "c1", "1")),
                settled("1"),
            ),
            (
                "remembered and unchanged",
                memory("3", "c1"),
                esv("3", &ours("c1", "3")),
                settled("3"),
            ),
            (
                "a person edited the description",
                memory("3", "c1"),
                esv("3", "hello"),
                settled("3"),
            ),
            (
                "the credential changed",
                memory("3", "c0"),
                esv("3", &ours("c0", "3")),
                Decision::Write,
            ),
        ];
        for (what, memory, esv, expected) in table {
            assert_eq!(decide(&memory, &esv, "c1", "ns/dev", "u1"), expected, "{what}");
        }
    }

    #[test]
    fn what_is_somebody_elses_is_not_touched() {
        for (what, memory, description) in [
            ("made in the console", EsvStatus::default(), "mine".to_owned()),
            (
                "another object's",
                EsvStatus::default(),
                mark("ns/other", "u2", "c1", "1"),
            ),
            (
                "a predecessor with another credential",
                EsvStatus::default(),
                mark("ns/dev", "u0", "c0", "1"),
            ),
            (
                "taken over meanwhile",
                memory("1", "c1"),
                mark("ns/other", "u2", "c9", "1"),
            ),
        ] {
            let decision = decide(&memory, &esv("1", &description), "c1", "ns/dev", "u1");
            assert!(matches!(decision, Decision::NotOurs(_)), "{what}: {decision:?}");
        }
    }

    #[test]
    fn a_version_that_nobody_told_us_of_is_drift_and_a_pending_one_is_recovered_first() {
        let mut memory = memory("1", "c1");
        assert!(matches!(
            decide(&memory, &esv("2", ""), "c1", "ns/dev", "u1"),
            Decision::WriteOverDrift(_)
        ));
        memory.pending = Some(PendingVersion {
            base: "1".into(),
            ..PendingVersion::default()
        });
        assert!(matches!(
            decide(&memory, &esv("2", ""), "c1", "ns/dev", "u1"),
            Decision::Recover(_)
        ));
    }
}
