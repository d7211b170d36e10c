//! What the API server fills in.

use crate::admission::manifests::{NAME, connection, integration, promotion, stage};
use kube::api::{Patch, PatchParams};
use pingone_aic_harness::TestNamespace;
use serde_json::{Value, json};

/// The least that each kind needs, and the spec that becomes of it.
pub fn minimal() -> [(Value, Value); 3] {
    let of = |mut manifest: Value, spec: Value| {
        manifest["spec"] = spec;
        manifest
    };
    let tenant = json!({
        "url": "https://openam-mycompany-ew2-dev.id.forgerock.io",
        "environment": "Development",
        "serviceAccountSecretRef": {"name": "aic-dev"},
    });
    let order = json!([
        stage("development", &["dev-alpha"]),
        stage("staging", &["staging-alpha"])
    ]);
    [
        (
            of(
                connection(),
                json!({"credentialSecretRef": {"name": "pingone-dev"}, "environment": {"name": "dev"}}),
            ),
            json!({
                "credentialSecretRef": {"name": "pingone-dev", "key": "credential"},
                "environment": {"name": "dev"},
                "interval": "600s",
                "suspend": false,
            }),
        ),
        (
            of(
                integration(),
                json!({"connectionRef": {"name": "dev"}, "realm": "alpha", "tenant": tenant}),
            ),
            json!({
                "connectionRef": {"name": "dev"},
                "realm": "alpha",
                "tenant": tenant,
                "interval": "600s",
                "driftPolicy": "Correct",
                "deletionPolicy": "Retain",
                "adopt": false,
                "suspend": false,
            }),
        ),
        (
            of(
                promotion(),
                json!({"order": order, "upTo": "staging", "timeouts": {"lock": "20m"}}),
            ),
            json!({
                "order": order,
                "upTo": "staging",
                "mode": "Promote",
                "ignoreEncryptedSecrets": false,
                "onContentChange": "Hold",
                "onFailure": "Halt",
                "timeouts": {"lock": "20m", "promotion": "7200s", "verification": "900s"},
                "suspend": false,
                "abort": false,
            }),
        ),
    ]
}

#[tokio::test]
async fn what_is_left_out_is_filled_in() {
    let namespace = TestNamespace::create("what is left out is filled in").await;
    for (manifest, spec) in minimal() {
        let kind = manifest["kind"].as_str().unwrap();
        namespace.apply(&manifest).await.unwrap();
        let stored = namespace.get(kind, NAME).await.unwrap();
        assert_eq!(stored.data["spec"], spec, "{kind}");
        // An object that nobody has looked at must not read as done.
        assert_eq!(stored.data["status"], json!({"observedGeneration": -1}), "{kind}");
    }
}

#[tokio::test]
async fn a_status_without_a_generation_has_seen_none() {
    let namespace = TestNamespace::create("a status without a generation has seen none").await;
    for (manifest, _) in minimal() {
        let kind = manifest["kind"].as_str().unwrap();
        namespace.apply(&manifest).await.unwrap();
        let patch = Patch::Merge(json!({"status": {"conditions": [], "observedGeneration": null}}));
        let patched = namespace
            .api(kind)
            .patch_status(NAME, &PatchParams::default(), &patch)
            .await;
        assert_eq!(
            patched.unwrap().data["status"]["observedGeneration"],
            -1,
            "{kind}"
        );
    }
}
