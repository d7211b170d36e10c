//! A row a case, with what decides it.

use super::*;
use crate::{
    aic::{Esv, Version},
    api::Realm,
    controller::tenant::ownership::needs_date,
};

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

fn observed(esv: Esv) -> Observation {
    Observation {
        esv,
        newest: None,
        tested: None,
        labels: Vec::new(),
        is_read_by_test: false,
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

fn label(name: &str) -> Label {
    Label {
        realm: Realm::Alpha,
        secret_label: name.into(),
    }
}

fn decided_for(memory: &EsvStatus, observed: &Observation, adopts: bool) -> Decision {
    let (name, uid) = ("ns/dev", "u1");
    let wanted = Wanted {
        id: "c1",
        digest: "d1",
        label: &label("own"),
        adopts,
    };
    decide(memory, observed, &wanted, &Claimant { name, uid })
}

fn decided(memory: &EsvStatus, esv: Esv) -> Decision {
    decided_for(memory, &observed(esv), false)
}

fn keep(version: &str, is_marked: bool) -> Decision {
    let version = Written {
        version: version.into(),
        create_date: None,
    };
    Decision::Keep { version, is_marked }
}

#[test]
fn each_state_has_one_decision() {
    let ours = |credential: &str, version: &str| mark("ns/dev", "u1", credential, version);
    let none = EsvStatus::default;
    let digest = |digest: &str| EsvStatus {
        digest: Some(digest.into()),
        ..memory("3", "c1")
    };
    let others =
        |mark: &str| Decision::NotOurs(NotOurs::AnotherObjects(OwnerMark::read(mark).expect("a mark")));
    let other = mark("ns/other", "u2", "c1", "1");
    let former = mark("ns/dev", "u0", "c0", "1");
    #[rustfmt::skip]
    let table = [
        ("the creation's answer was lost", none(), esv("1", &ours("c1", "1")), keep("1", true)),
        ("the status was lost after a rotation", none(), esv("2", &ours("c1", "2")), keep("2", true)),
        ("the status was lost, the mark lags behind", none(), esv("2", &ours("c1", "1")), Decision::Write),
        ("the status was lost, the Secret changed", none(), esv("2", &ours("c0", "2")), Decision::Write),
        ("re-created with the same credential", none(), esv("1", &mark("ns/dev", "u0", "c1", "1")), keep("1", true)),
        ("re-created with another", none(), esv("1", &former), others(&former)),
        ("made in the console", none(), esv("1", "mine"), Decision::NotOurs(NotOurs::APersons(None))),
        ("another object's", none(), esv("1", &other), others(&other)),
        ("another object has marked it meanwhile", memory("1", "c1"), esv("1", &other), others(&other)),
        ("remembered and unchanged", memory("3", "c1"), esv("3", &ours("c1", "3")), keep("3", true)),
        ("a person edited the description", memory("3", "c1"), esv("3", "hello"), keep("3", false)),
        ("restored from a backup under a new uid", memory("3", "c1"), esv("3", &mark("ns/dev", "u0", "c1", "3")), keep("3", true)),
        ("the credential changed", memory("3", "c0"), esv("3", &ours("c0", "3")), Decision::Write),
        ("the same digest", digest("d1"), esv("3", &ours("c1", "3")), keep("3", true)),
        ("repaired under its id", digest("d0"), esv("3", &ours("c1", "3")), Decision::Write),
    ];
    for (what, memory, esv, expected) in table {
        assert_eq!(decided(&memory, esv), expected, "{what}");
    }
}

#[test]
fn only_a_test_that_names_the_credential_gives_a_former_objects_esv() {
    let former = mark("ns/dev", "u0", "c0", "1");
    let tested = |tested| Observation {
        tested: Some(tested),
        ..observed(esv("1", &former))
    };
    let decided = |said| decided_for(&EsvStatus::default(), &tested(said), false);
    assert_eq!(decided(Tested::Credential("c1".into())), Decision::Write);
    for nothing in [
        Tested::Credential("c0".into()),
        Tested::NoCredential,
        Tested::NoWorker,
    ] {
        let decision = decided(nothing);
        assert!(matches!(decision, Decision::NotOurs(_)), "{decision:?}");
    }
}

#[test]
fn a_persons_esv_is_adopted_only_where_it_can_be_nothing_else() {
    let own = || vec![label("own")];
    let console = || Esv {
        use_in_placeholders: true,
        ..esv("1", "mine")
    };
    let binary = Esv {
        encoding: "base64hex".into(),
        ..esv("1", "mine")
    };
    let with = |labels, tested, esv| Observation {
        tested,
        labels,
        ..observed(esv)
    };
    let credential = |id: &str| Some(Tested::Credential(id.into()));
    #[rustfmt::skip]
    let table = [
        ("nothing uses it", with(vec![], None, esv("1", "mine")), None),
        ("our label alone uses it", with(own(), None, esv("1", "mine")), None),
        ("another encoding", with(vec![], None, binary), Some("encoding is base64hex")),
        ("another label uses it", with(vec![label("own"), label("other")], None, esv("1", "mine")), Some("mapped to other")),
        ("the same label of the other realm", with(vec![Label { realm: Realm::Bravo, ..label("own") }], None, esv("1", "mine")), Some("in realm bravo")),
        ("a console's, or a journey's password", with(vec![], None, console()), Some("used in placeholders")),
        ("a console's with our label, the test names a credential", with(own(), credential("c7"), console()), None),
        ("a console's with our label, and no worker to test", with(own(), Some(Tested::NoWorker), console()), None),
        ("a password with our label", with(own(), Some(Tested::NoCredential), console()), Some("reads no credential")),
    ];
    for (what, observed, obstacle) in table {
        let decision = decided_for(&EsvStatus::default(), &observed, true);
        match obstacle {
            None => assert_eq!(decision, Decision::Adopt { holds_it: false }, "{what}"),
            Some(said) => {
                let Decision::NotOurs(NotOurs::APersons(Some(why))) = decision else {
                    panic!("{what}: {decision:?}");
                };
                assert!(why.contains(said), "{what}: {why}");
            }
        }
    }
}

#[test]
fn what_holds_the_credential_for_certain_is_adopted_as_it_is() {
    for (credential, is_read, holds_it) in [("c1", true, true), ("c1", false, false), ("c7", true, false)] {
        let observed = Observation {
            tested: Some(Tested::Credential(credential.into())),
            labels: vec![label("own")],
            is_read_by_test: is_read,
            ..observed(esv("1", "mine"))
        };
        let decision = decided_for(&EsvStatus::default(), &observed, true);
        assert_eq!(decision, Decision::Adopt { holds_it }, "{credential} {is_read}");
    }
}

#[test]
fn a_version_that_nobody_told_us_of_is_drift() {
    let says = |active: &str| match decided(&memory("1", "c1"), esv(active, "")) {
        Decision::WriteOverDrift(what) => what,
        other => panic!("{other:?}"),
    };
    assert!(says("2").starts_with("version 2 "));
    assert!(says("").starts_with("no version "));
}

#[test]
fn a_date_that_was_never_told_is_learned_and_one_that_differs_is_another_esv() {
    let at = |date: &str| Observation {
        newest: Some(Version {
            version: "3".into(),
            create_date: date.into(),
            status: "ENABLED".into(),
        }),
        ..observed(esv("3", &mark("ns/dev", "u1", "c1", "3")))
    };
    let (then, later) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
    let dated = |date: Option<&str>| EsvStatus {
        create_date: date.map(Into::into),
        ..memory("3", "c1")
    };
    let marked = &at(then).esv;
    assert!(needs_date(&dated(None), marked) && !needs_date(&dated(Some(then)), marked));
    assert!(
        needs_date(&dated(Some(then)), &esv("3", "hello")),
        "the mark is gone"
    );
    assert!(
        !needs_date(&dated(None), &esv("4", "hello")),
        "the number says enough"
    );
    let learned = Decision::Keep {
        version: Written {
            version: "3".into(),
            create_date: Some(then.into()),
        },
        is_marked: true,
    };
    assert_eq!(decided_for(&dated(None), &at(then), false), learned);
    let drift = decided_for(&dated(Some(then)), &at(later), false);
    assert!(matches!(drift, Decision::WriteOverDrift(_)), "{drift:?}");
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
    assert_eq!(decided(&pending("c1", "d1"), esv("2", "")), Decision::Write);
    for other in [pending("c0", "d0"), pending("c1", "d0")] {
        let decision = decided(&other, esv("2", ""));
        assert!(matches!(decision, Decision::AwaitPending(_)), "{decision:?}");
    }
}
