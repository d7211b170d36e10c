//! A hundred groups on one page, held against `kubectl get` of the same objects in the same run.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use pingone_aic_harness::{ControlPlane, TestNamespace};
use pingone_aic_simulator::Network;
use serde_json::{Value, json};

use crate::{READS, browser::Browser, person::Person, served::Served};

const GROUPS: usize = 100;
const STAGES: [(&str, &str); 3] = [
    ("dev", "Development"),
    ("staging", "Staging"),
    ("prod", "Production"),
];
/// The middle of so many counts.
const LOOKS: usize = 7;

/// A group's objects.
fn group(number: usize) -> Vec<Value> {
    let mut objects = Vec::new();
    let mut order = Vec::new();
    for (stage, environment) in STAGES {
        let name = format!("g{number}-{stage}");
        objects.push(json!({
            "kind": "PingOneConnection", "metadata": {"name": name},
            "spec": {"credentialSecretRef": {"name": name}, "environment": {"name": name}},
        }));
        objects.push(json!({
            "kind": "AICIntegration", "metadata": {"name": name},
            "spec": {
                "connectionRef": {"name": name}, "realm": "alpha", "name": "PingOne-Integration-AIC",
                "tenant": {
                    "url": format!("https://openam-g{number}-ew2-{stage}.id.forgerock.io"),
                    "environment": environment, "serviceAccountSecretRef": {"name": name},
                },
            },
        }));
        order.push(json!({"name": stage, "integrations": [name]}));
    }
    objects.push(json!({
        "kind": "Promotion", "metadata": {"name": format!("g{number}")},
        "spec": {"order": order, "upTo": "prod"},
    }));
    for object in &mut objects {
        object["apiVersion"] = json!("pingone-aic.io/v1alpha1");
    }
    objects
}

/// What an operator says of them when a release waits for production.
fn statuses(number: usize) -> Vec<(&'static str, String, Value)> {
    let conditions = |reason: &str| {
        let of = |type_: &str| {
            json!({
                "type": type_, "status": "True", "reason": reason, "message": "the tenant works with its credential",
                "observedGeneration": 1, "lastTransitionTime": "2026-11-01T00:00:00Z",
            })
        };
        [of("Active"), of("Ready")]
    };
    let mut all = Vec::new();
    for (stage, _) in STAGES {
        let name = format!("g{number}-{stage}");
        let integration = json!({"observedGeneration": 1, "conditions": conditions("TestPassed")});
        let credential = json!({
            "id": "c", "issuedAt": "2026-10-01T00:00:00Z", "environmentId": "e", "environmentName": name,
        });
        let connection = json!({
            "observedGeneration": 1, "conditions": conditions("CredentialAccepted"), "credential": credential,
        });
        all.push(("AICIntegration", name.clone(), integration));
        all.push(("PingOneConnection", name, connection));
    }
    let items: Vec<_> = (0..20)
        .map(|item| format!("AM /alpha Scripts: script {item}"))
        .collect();
    let report = json!({"totals": {"added": 20, "modified": 0, "deleted": 0, "hash": "h"}, "added": items});
    let run = json!({
        "observedGeneration": 1, "conditions": conditions("Gated"), "phase": "Gated",
        "next": {"stage": "prod", "provisional": report},
        "stages": [{"name": "staging", "step": "Done", "outcome": "Promoted", "retries": 0}],
    });
    all.push(("Promotion", format!("g{number}"), run));
    all
}

#[tokio::test]
async fn a_hundred_groups_take_at_most_twice_what_kubectl_takes() {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = TestNamespace::create_in(&control_plane, "a board shows a hundred groups").await;
    let objects = (0..GROUPS).flat_map(group);
    let applied = stream::iter(objects).map(|object| namespace.apply(object));
    applied
        .buffer_unordered(16)
        .for_each(async |applied| drop(applied.unwrap()))
        .await;
    let settled = stream::iter((0..GROUPS).flat_map(statuses));
    let settled = settled.map(async |(kind, name, status)| {
        namespace
            .patch_status(kind, &name, &json!({"status": status}))
            .await
            .unwrap();
    });
    settled.buffer_unordered(16).collect::<Vec<_>>().await;
    let network = Network::start().await;
    let reader = Person::who_may(&network, &namespace, "reader", &READS).await;
    let board = Served::start(&reader, &[]);
    let browser = Browser::start().await;
    browser.goto(&board.link).await;
    browser.until("main", &format!("g{}-prod", GROUPS - 1)).await;
    assert_eq!(
        browser
            .run("return document.querySelectorAll('.group').length")
            .await,
        GROUPS
    );

    let get = [
        "get",
        "pingoneconnections,aicintegrations,promotions",
        "--namespace",
        namespace.name(),
        "--output",
        "json",
    ];
    let (mut pages, mut kubectls) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let started = Instant::now();
        // The driver waits until the page is loaded.
        browser.goto(&format!("{}/", board.base)).await;
        let shown = browser
            .run("return document.querySelectorAll('.group').length")
            .await;
        pages.push(started.elapsed());
        assert_eq!(shown, GROUPS);
        let started = Instant::now();
        control_plane.kubectl(&get).await.unwrap();
        kubectls.push(started.elapsed());
    }
    let [page, kubectl] = [pages, kubectls].map(middle);
    eprintln!("a page of {GROUPS} groups: {page:?}; kubectl get: {kubectl:?}");
    assert!(
        page <= 2 * kubectl,
        "{page:?} for a page, {kubectl:?} for kubectl"
    );
    browser.is_accessible("a hundred groups").await;
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
