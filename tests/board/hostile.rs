//! Texts of vendors and tenants that hold markup, wherever one is shown.

use pingone_aic_harness::{ControlPlane, TestNamespace};
use pingone_aic_simulator::Network;
use serde_json::{Value, json};

use crate::{READS, browser::Browser, person::Person, served::Served};

/// It would tell, if a browser took it for more than a text.
const MARKUP: &str = "\"'><img src=x onerror=\"window.taken=1\"><script>window.taken=1</script><b>M</b>";

/// Every text of a status that somebody else writes is this one.
fn conditions(reason: &str) -> Value {
    let condition = |type_: &str, status: &str| {
        json!({
            "type": type_, "status": status, "reason": reason, "message": MARKUP,
            "observedGeneration": 1, "lastTransitionTime": "2026-11-01T00:00:00Z",
        })
    };
    let all = [("Active", "False"), ("Ready", "False"), ("Stalled", "True")];
    all.map(|(type_, status)| condition(type_, status))
        .into_iter()
        .collect()
}

/// A run that is held, with a list in which everything is hostile.
fn run() -> Value {
    let report = json!({
        "totals": {"added": 1, "modified": 1, "deleted": 1, "ours": 0, "others": 3, "hash": MARKUP},
        "added": [MARKUP], "modified": [MARKUP], "deleted": [MARKUP],
    });
    json!({
        "observedGeneration": 1, "conditions": conditions("DryRunFailed"), "phase": "Held",
        "next": {"stage": "staging", "source": MARKUP, "provisional": report},
        "stages": [{"name": "staging", "step": "DryRun", "message": MARKUP, "reason": "DryRunFailed", "retries": 0}],
    })
}

#[tokio::test]
async fn names_that_hold_markup_do_nothing() {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = TestNamespace::create_in(&control_plane, "a board is shown hostile texts").await;
    let objects = [
        json!({
            "kind": "PingOneConnection", "metadata": {"name": "dev"},
            "spec": {"credentialSecretRef": {"name": "jwt"}, "environment": {"name": MARKUP}},
        }),
        json!({
            "kind": "AICIntegration", "metadata": {"name": "dev"},
            "spec": {
                "connectionRef": {"name": "dev"}, "realm": "alpha",
                "tenant": {
                    "url": "https://openam-a-ew2-dev.id.forgerock.io", "environment": "Development",
                    "serviceAccountSecretRef": {"name": "aic"},
                },
            },
        }),
        json!({
            "kind": "Promotion", "metadata": {"name": "release"},
            "spec": {
                "order": [
                    {"name": "dev", "integrations": ["dev"]}, {"name": "staging", "integrations": ["missing"]},
                ],
                "upTo": "staging",
            },
        }),
    ];
    for mut object in objects {
        object["apiVersion"] = json!("pingone-aic.io/v1alpha1");
        namespace.apply(object).await.unwrap();
    }
    let status = json!({"observedGeneration": 1, "conditions": conditions("EnvironmentLocked")});
    for (kind, name, status) in [
        ("PingOneConnection", "dev", &status),
        ("AICIntegration", "dev", &status),
        ("Promotion", "release", &run()),
    ] {
        namespace
            .patch_status(kind, name, &json!({"status": status}))
            .await
            .unwrap();
    }
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "told"},
        "eventTime": "2026-11-01T00:00:00.000000Z", "reportingController": "c", "reportingInstance": "i",
        "action": "Told", "reason": "Told", "note": MARKUP, "type": "Warning",
        "regarding": {
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "name": "release",
            "namespace": namespace.name(),
        },
    });
    namespace.apply(event).await.unwrap();

    let network = Network::start().await;
    let reader = Person::who_may(&network, &namespace, "reader", &READS).await;
    let board = Served::start(&reader, &[]);
    let browser = Browser::start().await;
    browser.goto(&board.link).await;
    // Connection, integration and its lock, run and stage.
    is_a_text(&browser, 5).await;
    browser
        .goto(&format!("{}/runs/{}/release", board.base, namespace.name()))
        .await;
    // Run, stage, hash, source, three lists and the event.
    is_a_text(&browser, 8).await;
    browser.is_accessible("hostile texts").await;
}

/// It stands on the page as often as that, as it was written, and nothing of it was done.
async fn is_a_text(browser: &Browser, times: usize) {
    browser.until("main", MARKUP).await;
    let text = browser.text("main").await;
    assert_eq!(text.matches(MARKUP).count(), times, "{text}");
    let elements = browser
        .run("return document.querySelectorAll('main img, main script, main b').length")
        .await;
    assert_eq!(elements, 0);
    assert_eq!(browser.run("return window.taken ?? null").await, Value::Null);
}
