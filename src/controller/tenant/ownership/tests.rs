//! A row a case that differs in what decides, with a sentence of why.

use serde_json::{Value, json};

use super::*;

const OURS: Claimant<'static> = Claimant {
    name: "ns/dev",
    uid: "u1",
};

#[allow(clippy::unnecessary_wraps, reason = "it is what a description is read as")]
fn mark(owner: &str, uid: &str, credential: &str, version: &str) -> Option<OwnerMark> {
    Some(OwnerMark {
        owner: owner.into(),
        uid: uid.into(),
        credential: credential.into(),
        version: version.into(),
    })
}

fn memory(version: &str, uid: Option<&str>) -> EsvStatus {
    EsvStatus {
        version: Some(version.into()),
        credential_id: Some("c1".into()),
        owner_uid: uid.map(Into::into),
        ..EsvStatus::default()
    }
}

#[test]
fn an_esv_has_one_owner() {
    use Evidence::{FormerSelf, Marked as ByMark, Memory, SameCredential};
    let none = EsvStatus::default;
    let by = |evidence| EsvOwner::Ours(evidence);
    let ours = |credential: &str, version: &str| mark("ns/dev", "u1", credential, version);
    let former = |credential: &str, version: &str| mark("ns/dev", "u0", credential, version);
    let unproved = |mark: Option<OwnerMark>| EsvOwner::Unproved(mark.unwrap());
    let lost = |mark: Option<OwnerMark>| EsvOwner::Lost(mark.unwrap());
    let others = |mark: Option<OwnerMark>| EsvOwner::AnotherObjects(mark.unwrap());
    let other = || mark("ns/other", "u2", "c1", "1");
    let pending = || EsvStatus {
        pending: Some(Box::default()),
        ..memory("1", Some("u1"))
    };
    #[rustfmt::skip]
    let table = [
        // Without a memory, the mark is the memory.
        ("a person made it: nothing shows that it is ours", none(), None, "c1", EsvOwner::APersons),
        ("our uid: the answer to its creation was lost", none(), ours("c1", "1"), "c1", by(ByMark)),
        ("our uid: status was lost, and the Secret has changed since", none(), ours("c0", "1"), "c1", by(ByMark)),
        ("re-created: the mark names the credential that is in our Secret", none(), former("c1", "1"), "c1", by(SameCredential)),
        ("re-created with another credential: a test can show ours", none(), former("c0", "1"), "c1", unproved(former("c0", "1"))),
        ("another object's, though it holds our credential", none(), other(), "c1", others(other())),
        ("another namespace's object of our name is another object", none(), mark("other/dev", "u0", "c1", "1"), "c1", others(mark("other/dev", "u0", "c1", "1"))),
        ("another name under our uid: a uid is unique", none(), mark("ns/old", "u1", "c1", "1"), "c1", by(ByMark)),
        // With a memory under our own uid.
        ("unchanged", memory("3", Some("u1")), ours("c1", "3"), "c1", by(ByMark)),
        ("the mark lags behind: a crash came between version and mark", memory("3", Some("u1")), ours("c0", "2"), "c1", by(ByMark)),
        ("the mark is ahead: a restored status is older than our own mark", memory("2", Some("u1")), ours("c1", "3"), "c1", by(ByMark)),
        ("a person took the mark away: status remembers", memory("3", Some("u1")), None, "c1", by(Memory)),
        ("a pending write of ours, no mark", pending(), None, "c1", by(Memory)),
        ("another object has marked it since", memory("3", Some("u1")), other(), "c1", others(other())),
        ("another cluster has taken it over with our credential", memory("3", Some("u1")), former("c1", "3"), "c1", lost(former("c1", "3"))),
        ("another cluster has taken it over and rotated", memory("3", Some("u1")), former("c2", "4"), "c1", lost(former("c2", "4"))),
        ("another cluster's older mark is no less another's", memory("3", Some("u1")), former("c0", "1"), "c1", lost(former("c0", "1"))),
        ("a pending write does not win an ESV back", pending(), former("c1", "1"), "c1", lost(former("c1", "1"))),
        // With a memory that was written under a former uid: a restored backup.
        ("restored: the mark is our former self's", memory("3", Some("u0")), former("c1", "3"), "c1", by(FormerSelf)),
        ("restored, and the mark lagged behind then", memory("3", Some("u0")), former("c0", "2"), "c1", by(FormerSelf)),
        ("restored from an older backup, with the credential that is there", memory("2", Some("u0")), former("c1", "3"), "c1", by(SameCredential)),
        ("restored from an older backup, with an older credential: the newer one is not overwritten", memory("2", Some("u0")), former("c2", "3"), "c1", unproved(former("c2", "3"))),
        ("restored, and already marked by the restored object", memory("3", Some("u0")), ours("c1", "3"), "c1", by(ByMark)),
        ("restored, and a third object has marked it", memory("3", Some("u0")), mark("ns/dev", "u9", "c1", "3"), "c1", lost(mark("ns/dev", "u9", "c1", "3"))),
        ("restored, and the mark is gone", memory("3", Some("u0")), None, "c1", by(Memory)),
        // A status of an earlier version remembers no uid.
        ("upgraded, unchanged", memory("3", None), ours("c1", "3"), "c1", by(ByMark)),
        ("upgraded and restored at once: version and credential are the mark's own", memory("3", None), former("c1", "3"), "c1", by(FormerSelf)),
        ("upgraded, and the mark is of another version", memory("3", None), former("c1", "4"), "c1", lost(former("c1", "4"))),
        ("upgraded, and the mark is of another credential", memory("3", None), former("c9", "3"), "c1", lost(former("c9", "3"))),
        ("upgraded, and the mark is gone", memory("3", None), None, "c1", by(Memory)),
    ];
    for (why, memory, mark, credential, expected) in table {
        assert_eq!(of_esv(&OURS, &memory, mark, Some(credential)), expected, "{why}");
    }
    let unknown = of_esv(&OURS, &none(), former("c1", "1"), None);
    assert_eq!(
        unknown,
        unproved(former("c1", "1")),
        "without a credential, none can be compared"
    );
}

#[test]
fn a_version_is_known_by_its_number_and_its_date() {
    let at = |version: &str, create_date: &str| Version {
        version: version.into(),
        create_date: create_date.into(),
        status: "ENABLED".into(),
    };
    let remembers = |version: &str, date: Option<&str>| EsvStatus {
        create_date: date.map(Into::into),
        ..memory(version, Some("u1"))
    };
    #[rustfmt::skip]
    let table = [
        ("the same instant", "2", Some("2026-01-01T00:00:00.123456Z"), "2026-01-01T00:00:00.123456Z", true),
        ("the answer had nine digits, the list has six", "2", Some("2026-01-01T00:00:00.123456789Z"), "2026-01-01T00:00:00.123456Z", true),
        ("trailing zeros are left out", "2", Some("2026-01-01T00:00:00.120000Z"), "2026-01-01T00:00:00.12Z", true),
        ("another offset of the same instant", "2", Some("2026-01-01T01:00:00+01:00"), "2026-01-01T00:00:00Z", true),
        ("made again: the number is the same, the date is not", "2", Some("2026-01-01T00:00:00Z"), "2026-01-01T00:00:01Z", false),
        ("a microsecond is another instant", "2", Some("2026-01-01T00:00:00.000001Z"), "2026-01-01T00:00:00.000002Z", false),
        ("no date is remembered: nothing shows that it is another", "2", None, "2026-01-01T00:00:00Z", true),
        ("dates that cannot be read are compared as they are", "2", Some("then"), "then", true),
        ("and differ as they are", "2", Some("then"), "now", false),
        ("a first version is some 50 ms older than its ESV", "1", Some("2026-01-01T00:00:00.270Z"), "2026-01-01T00:00:00.219Z", true),
        ("but not younger: it was made again", "1", Some("2026-01-01T00:00:00.219Z"), "2026-01-01T00:00:00.270Z", false),
        ("nor much older", "1", Some("2026-01-01T00:00:05Z"), "2026-01-01T00:00:00Z", false),
    ];
    for (why, version, remembered, listed, expected) in table {
        let known = is_remembered(&remembers(version, remembered), &at(version, listed));
        assert_eq!(known, expected, "{why}");
    }
}

const DRIFTED: &str = "drifted";
const ANOTHERS: &str = "another's";

fn name(owner: &Owner) -> &'static str {
    match owner {
        Owner::Good => "good",
        Owner::Nobodys => "nobody's",
        Owner::Drifted(_) => DRIFTED,
        Owner::Anothers(_) => ANOTHERS,
    }
}

fn parsed<T: for<'de> serde::Deserialize<'de>>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_mapping_has_one_owner() {
    let esv: EsvId = "esv-ours".parse().unwrap();
    let to = |aliases: &[&str]| Some(parsed::<Mapping>(json!({"_id": "label", "aliases": aliases})));
    #[rustfmt::skip]
    let table = [
        ("the label is free", None, None, "nobody's"),
        ("an intent is no memory: it was not made yet", None, Some(Origin::Making), "nobody's"),
        ("it was there, and is gone", None, Some(Origin::Made), DRIFTED),
        ("it was adopted, and is gone", None, Some(Origin::Adopted), DRIFTED),
        ("it leads to our ESV: whoever owns the ESV owns the label", to(&["esv-ours"]), None, "good"),
        ("our intent came true", to(&["esv-ours"]), Some(Origin::Making), "good"),
        ("unchanged", to(&["esv-ours"]), Some(Origin::Made), "good"),
        ("a person's: it leads to another ESV, and we remember nothing", to(&["esv-theirs"]), None, ANOTHERS),
        ("a person was faster than our intent", to(&["esv-theirs"]), Some(Origin::Making), ANOTHERS),
        ("it was ours, and somebody leads it elsewhere", to(&["esv-theirs"]), Some(Origin::Made), DRIFTED),
        ("a value that a later version wrote is no memory", to(&["esv-theirs"]), Some(Origin::Unknown), ANOTHERS),
        ("it leads to two ESVs", to(&["esv-ours", "esv-theirs"]), None, ANOTHERS),
        ("it leads nowhere", to(&[]), None, ANOTHERS),
    ];
    for (why, mapping, memory, expected) in table {
        assert_eq!(
            name(&of_mapping(mapping.as_ref(), &esv, memory)),
            expected,
            "{why}"
        );
    }
}

#[test]
fn a_worker_service_has_one_owner() {
    let is = |enabled: bool| Some(Service::of(&json!({"enabled": enabled})));
    #[rustfmt::skip]
    let table = [
        ("the realm has none", None, None, "nobody's"),
        ("an intent is no memory", None, Some(Origin::Making), "nobody's"),
        ("we made it, and it is gone", None, Some(Origin::Made), DRIFTED),
        ("enabled by whomever", is(true), None, "good"),
        ("disabled by somebody else: a decision", is(false), None, ANOTHERS),
        ("disabled while we were about to make it", is(false), Some(Origin::Making), ANOTHERS),
        ("we made it, and somebody disabled it", is(false), Some(Origin::Made), DRIFTED),
        ("we were asked to enable it, and somebody disabled it", is(false), Some(Origin::Adopted), DRIFTED),
    ];
    for (why, service, memory, expected) in table {
        assert_eq!(name(&of_service(service.as_ref(), memory)), expected, "{why}");
    }
}

#[test]
fn a_worker_has_one_owner() {
    let attribute = LabelAttribute::named("credentialPurpose");
    let with = |uses: bool, label: Value| {
        Some(Worker::of(
            &json!({"useCredential": uses, "credentialPurpose": label}),
        ))
    };
    #[rustfmt::skip]
    let table = [
        ("the name is free", None, None, "nobody's"),
        ("it was there, and is gone", None, Some(Origin::Made), DRIFTED),
        ("it looks as ours would: it is used", with(true, json!("ours")), None, "good"),
        ("unchanged", with(true, json!("ours")), Some(Origin::Made), "good"),
        ("a person's: another label", with(true, json!("theirs")), None, ANOTHERS),
        ("a person's: our label, and a client's secret", with(false, json!("ours")), None, ANOTHERS),
        ("a person's: no label", with(true, json!("")), None, ANOTHERS),
        ("a person's: no label attribute at all", with(true, Value::Null), None, ANOTHERS),
        ("somebody changed its label since", with(true, json!("theirs")), Some(Origin::Made), DRIFTED),
        ("somebody took its label since", with(true, json!("")), Some(Origin::Made), DRIFTED),
        ("somebody switched the credential off since", with(false, json!("ours")), Some(Origin::Made), DRIFTED),
        ("the person whose worker is only used changed it", with(true, json!("theirs")), Some(Origin::Making), ANOTHERS),
        ("our intent came true", with(true, json!("ours")), Some(Origin::Making), "good"),
        ("it was a former object's, and somebody changed it", with(true, json!("theirs")), Some(Origin::TakenOver), DRIFTED),
        ("it was adopted, and is gone", None, Some(Origin::Adopted), DRIFTED),
        ("an intent is no memory", None, Some(Origin::Making), "nobody's"),
    ];
    for (why, worker, memory, expected) in table {
        let owner = of_worker(worker.as_ref(), &attribute, "ours", memory);
        assert_eq!(name(&owner), expected, "{why}");
    }
}
