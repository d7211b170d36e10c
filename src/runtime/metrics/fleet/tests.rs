//! What a scrape tells of objects that are given.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-01-01T12:00:00Z";

fn object<K: DeserializeOwned>(text: &Value) -> Arc<K> {
    Arc::new(serde_json::from_value(text.clone()).unwrap())
}

fn fleet(integrations: &[Value], promotions: &[Value]) -> Fleet {
    Fleet {
        connections: vec![],
        integrations: integrations.iter().map(object).collect(),
        promotions: promotions.iter().map(object).collect(),
        now: NOW.parse().unwrap(),
    }
}

fn integration(environment: &str, status: &Value) -> Value {
    json!({
        "metadata": {"namespace": "a", "name": "b"},
        "spec": {
            "connectionRef": {"name": "c"}, "realm": "alpha", "name": "N",
            "tenant": {
                "url": "https://host", "environment": environment,
                "serviceAccountSecretRef": {"name": "s"},
            },
        },
        "status": status,
    })
}

fn condition(type_: &str, status: &str, reason: &str) -> Value {
    json!({
        "type": type_, "status": status, "reason": reason, "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}

#[test]
fn an_integration_counts_as_lost_only_if_it_has_been_active() {
    let failed = condition("Active", "False", "TestFailed");
    let cases = [
        (json!({"conditions": [failed]}), 0),
        (json!({"conditions": [failed], "credentialId": "j"}), 1),
        (
            json!({"conditions": [condition("Active", "True", "TestPassed")], "credentialId": "j"}),
            0,
        ),
    ];
    for (status, lost) in cases {
        let health = FleetHealth::of(&fleet(&[integration("Production", &status)], &[]));
        assert_eq!(health.active_lost.values().sum::<usize>(), lost, "{status}");
    }
}

#[test]
fn a_credential_is_unserved_from_its_writing_to_its_first_passing_test() {
    let since = "2026-01-01T11:40:00Z";
    let cases = [
        // As a rotation leaves it: the version that was proved is not the newest one any more.
        (
            json!({"id": "e", "version": "2", "provenDigest": "d", "unprovenSince": since}),
            1200,
        ),
        (
            json!({"id": "e", "version": "2", "provenDigest": "d", "provenVersion": "2"}),
            0,
        ),
        (json!({"id": "e", "version": "1", "unprovenSince": since}), 0),
    ];
    for (esv, seconds) in cases {
        let health = FleetHealth::of(&fleet(&[integration("UAT", &json!({"esv": esv}))], &[]));
        assert_eq!(health.longest_unserved, Duration::from_secs(seconds), "{esv}");
    }
}

#[test]
fn the_words_of_others_are_no_labels() {
    let status = json!({"conditions": [condition("Active", "False", "SomebodysWord")]});
    let health = FleetHealth::of(&fleet(&[integration("UAT", &status)], &[]));
    let reasons: Vec<_> = health.conditions.keys().map(|labels| labels.reason).collect();
    assert_eq!(reasons, ["Other"]);
}

fn run(created: &str, more: &Value, status: &Value) -> Value {
    let mut run = json!({
        "metadata": {"namespace": "a", "name": created, "creationTimestamp": created},
        "spec": {
            "order": [{"name": "d", "integrations": ["dev"]}, {"name": "p", "integrations": ["prod"]}],
            "upTo": "p",
        },
        "status": status,
    });
    for (name, value) in more.as_object().unwrap() {
        run["spec"][name] = value.clone();
    }
    run
}

/// The same under another name, and not over.
fn named(name: &str, run: &Value) -> Value {
    let mut run = run.clone();
    run["metadata"]["name"] = json!(name);
    run["status"] = json!({});
    run
}

#[test]
fn a_run_that_is_over_counts_until_another_one_follows_it() {
    let failed = run("2026-01-01T10:00:00Z", &json!({}), &json!({"phase": "Failed"}));
    let elsewhere = json!([{"name": "d", "integrations": ["x"]}, {"name": "p", "integrations": ["y"]}]);
    let followers = [
        (None, 1),
        (Some(run("2026-01-01T11:00:00Z", &json!({}), &json!({}))), 0),
        // Of the same second.
        (Some(named("z", &failed)), 0),
        (Some(named("0", &failed)), 1),
        (Some(run("2026-01-01T09:00:00Z", &json!({}), &json!({}))), 1),
        (
            Some(run(
                "2026-01-01T11:00:00Z",
                &json!({"mode": "DryRun"}),
                &json!({}),
            )),
            1,
        ),
        (
            Some(run(
                "2026-01-01T11:00:00Z",
                &json!({"order": elsewhere}),
                &json!({}),
            )),
            1,
        ),
    ];
    for (follower, counts) in followers {
        let runs: Vec<_> = std::iter::once(failed.clone()).chain(follower).collect();
        let health = FleetHealth::of(&fleet(&[], &runs));
        let failed = health
            .promotions
            .iter()
            .filter(|(labels, _)| labels.phase == "Failed");
        assert_eq!(failed.map(|(_, count)| count).sum::<usize>(), counts, "{runs:?}");
    }
}

/// Its finalizer keeps it for as long as its lock may be open.
#[test]
fn a_run_that_is_being_deleted_counts() {
    let mut run = run("2026-01-01T09:00:00Z", &json!({}), &json!({"phase": "Running"}));
    run["metadata"]["deletionTimestamp"] = json!("2026-01-01T11:00:00Z");
    let health = FleetHealth::of(&fleet(&[], &[run]));
    assert_eq!(health.promotions.values().sum::<usize>(), 1);
}

#[test]
fn a_lock_is_overdue_when_both_timeouts_have_passed() {
    for (requested, overdue) in [("2026-01-01T09:40:00Z", 0), ("2026-01-01T09:20:00Z", 1)] {
        let stage = json!({
            "name": "p", "step": "Promoting", "action": "Promotion", "retries": 0,
            "lock": {"attempt": "a", "requestedAt": requested},
        });
        // 30 minutes for the lock and two hours for the promotion.
        let status = json!({"phase": "Running", "stages": [stage]});
        let health = FleetHealth::of(&fleet(&[], &[run("2026-01-01T09:00:00Z", &json!({}), &status)]));
        assert_eq!(health.locks_overdue, overdue, "{requested}");
    }
}
