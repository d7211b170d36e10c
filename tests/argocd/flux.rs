//! Flux's own notification-controller sends what its sample of alerts selects.

use std::{fs, time::Duration};

use k8s_openapi::jiff::Timestamp;
use pingone_aic_harness::{FluxNotifications, TestNamespace, repository};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::{team::Team, world::SOON};

const INTEGRATIONS: &str = "pingone-integrations";
const PROMOTIONS: &str = "pingone-promotions";
const RELEASE: &str = "pingone-aic-operator";

/// Events as Flux's kustomize-controller and helm-controller word them, and what a person is told: what asks for nobody
/// first.
const EVENTS: [(&str, &str, &str, Option<&str>); 8] = [
    (
        PROMOTIONS,
        "info",
        "Reconciliation finished in 1.2s, next run in 10m0s",
        None,
    ),
    (
        PROMOTIONS,
        "info",
        "Dependencies do not meet ready condition, retrying in 30s",
        None,
    ),
    (INTEGRATIONS, "info", "Health check passed in 1.2s", None),
    (
        "theirs",
        "error",
        "health check failed after 30ms: failed early due to stalled resources: [Deployment/theirs/web status: 'Failed']",
        None,
    ),
    (
        PROMOTIONS,
        "error",
        "health check failed after 2m0s: timeout waiting for: [Promotion/pingone-aic/release-7 status: 'InProgress']",
        Some("Perhaps a run is Held"),
    ),
    (
        INTEGRATIONS,
        "error",
        "health check failed after 30ms: failed early due to stalled resources: [AICIntegration/pingone-aic/dev status: 'Failed']",
        Some("Read the message"),
    ),
    (
        RELEASE,
        "error",
        "Helm upgrade failed for release pingone-aic/pingone-aic-operator",
        Some("Read the message"),
    ),
    (
        PROMOTIONS,
        "info",
        "Health check passed in 1m2s",
        Some("What the next stage would change"),
    ),
];

#[tokio::test]
async fn flux_tells_of_what_a_person_has_to_see() {
    let namespace = TestNamespace::create("flux notifies").await;
    let flux = FluxNotifications::start(&namespace).await.unwrap();
    let (team, url) = Team::start().await;
    let file = fs::read_to_string(repository().join("deploy/flux/alerts.yaml")).unwrap();
    for mut object in serde_saphyr::from_multiple::<Value>(&file).unwrap() {
        object["metadata"]["namespace"] = json!(namespace.name());
        if object["kind"] == "Provider" {
            // The sample's own form is taken, too.
            namespace.apply(object.clone()).await.unwrap();
            object["spec"] = json!({"type": "generic", "address": url});
        }
        namespace.apply(object).await.unwrap();
    }
    for (name, severity, message, _) in EVENTS {
        let (version, kind, place) = if name == RELEASE {
            ("helm.toolkit.fluxcd.io/v2", "HelmRelease", "pingone-aic")
        } else {
            (
                "kustomize.toolkit.fluxcd.io/v1",
                "Kustomization",
                namespace.name(),
            )
        };
        let event = json!({
            "involvedObject": {"apiVersion": version, "kind": kind, "name": name, "namespace": place},
            "severity": severity, "timestamp": Timestamp::now().to_string(), "message": message,
            "reason": "HealthCheck", "reportingController": "kustomize-controller",
        });
        timeout(SOON, send(&flux.events, &event)).await.unwrap();
    }
    let told: Vec<_> = EVENTS
        .iter()
        .filter_map(|event| Some((event.2, event.3?)))
        .collect();
    for (message, _) in &told {
        team.hears(message).await;
    }
    let heard = team.heard();
    assert_eq!(heard.len(), told.len(), "each once: {heard:#?}");
    for (message, summary) in told {
        let mut texts = heard.iter().filter(|text| text.contains(message));
        assert!(texts.all(|text| text.contains(summary)), "{message}: {heard:#?}");
    }
}

/// Sends an event as another of Flux's controllers, which tries until it is taken.
async fn send(url: &str, event: &Value) {
    let client = reqwest::Client::new();
    loop {
        let answer = client.post(url).json(event).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}
