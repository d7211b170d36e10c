//! The good neighbours of what is refused: just inside each bound.

use crate::admission::manifests::{changed, connection, integration, promotion, stage, try_create};
use pingone_aic_harness::TestNamespace;
use serde_json::{Value, json};

#[tokio::test]
async fn a_good_connection_is_accepted() {
    let spec = |spec: Value| json!({"spec": spec});
    all_accepted(
        &connection(),
        &[
            json!({}),
            spec(json!({"interval": "1m"})),
            spec(json!({"interval": "60s"})),
            spec(json!({"interval": "24h"})),
            spec(json!({"interval": "1h30m"})),
            spec(json!({"interval": "86400000ms"})),
            spec(json!({"credentialSecretRef": {"name": "a.b-c", "key": "tls.crt_1"}})),
            spec(json!({"environment": {"name": "Mein Überblick", "id": null}})),
            spec(json!({"environment": {"name": "x".repeat(256)}})),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_good_integration_is_accepted() {
    let spec = |spec: Value| json!({"spec": spec});
    let url = |url: &str| spec(json!({"tenant": {"url": url}}));
    let nameless = |environment: &str| spec(json!({"name": null, "tenant": {"environment": environment}}));
    all_accepted(
        &integration(),
        &[
            json!({}),
            nameless("Development"),
            nameless("Sandbox"),
            spec(json!({"tenant": {"environment": "UAT"}})),
            spec(json!({"tenant": {"environment": "Production"}})),
            spec(json!({"realm": "bravo"})),
            spec(json!({"name": "x"})),
            spec(json!({"name": "x".repeat(64)})),
            spec(json!({"esvId": "esv-a_b-1", "secretLabelIdentifier": "a"})),
            spec(json!({"esvId": null, "secretLabelIdentifier": null})),
            spec(json!({"driftPolicy": "Warn", "deletionPolicy": "Delete", "adopt": true, "suspend": true})),
            url("https://openam-mycompanysandbox1-ew2.forgeblocks.com"),
            url("https://127.0.0.1:8443"),
            url("https://tenant.example.com:4443"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_good_promotion_is_accepted() {
    let spec = |spec: Value| json!({"spec": spec});
    // The widest that the bounds allow: what the rules cost is bounded by it.
    let full: Vec<Value> = (0..8)
        .map(|place| {
            let integrations: Vec<String> = (0..16).map(|number| format!("i-{place}-{number}")).collect();
            json!({"name": format!("stage-{place}"), "integrations": integrations})
        })
        .collect();
    all_accepted(
        &promotion(),
        &[
            json!({}),
            spec(json!({"upTo": "development"})),
            spec(json!({"order": full, "upTo": "stage-7"})),
            spec(json!({"order": [stage("1", &["a.b"]), stage("2", &["b"])], "upTo": "1"})),
            spec(json!({"mode": "DryRun", "onFailure": "Rollback", "suspend": true, "abort": true})),
            spec(json!({"timeouts": {"lock": "15m", "promotion": "24h", "verification": "90s"}})),
            spec(json!({"description": "x".repeat(1024), "promoter": "x".repeat(256)})),
            spec(json!({"description": "by the pingone-aic-operator"})),
        ],
    )
    .await;
}

async fn all_accepted(good: &Value, changes: &[Value]) {
    let namespace = TestNamespace::create("a good manifest is accepted").await;
    let mut complaints = Vec::new();
    for change in changes {
        if let Err(error) = try_create(&namespace, &changed(good.clone(), change)).await {
            complaints.push(format!("{change} was refused: {error}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
