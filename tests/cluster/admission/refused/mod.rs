//! Manifests that are refused when they are created, each in words that name the field and the remedy.

mod connections;
mod integrations;
mod promotions;

use crate::admission::manifests::{
    Refusal, changed, connection, integration, not_refused, promotion, try_create,
};
use pingone_aic_harness::TestNamespace;
use serde_json::{Value, json};

const INTERVAL: &str = "interval must be a duration from 1m to 24h, for example 10m";
const OBJECT_NAME: &str = "must be the name of an object in this namespace: lower-case letters";

/// kubectl asks for strict validation: a field that does not exist is a typing error, and not dropped in silence.
#[tokio::test]
async fn a_field_that_does_not_exist_is_refused_by_kubectl() {
    let namespace = TestNamespace::create("a field that does not exist is refused by kubectl").await;
    for (good, field) in [
        (connection(), "credentialRef"),
        (integration(), "esvID"),
        (promotion(), "upto"),
    ] {
        let file = file_of(&changed(good, &json!({"spec": {field: "x"}})));
        let arguments = [
            "create",
            "--dry-run=server",
            "--namespace",
            namespace.name(),
            "--filename",
            &file,
        ];
        let refused = namespace
            .control_plane()
            .kubectl(&arguments)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(&format!(r#"unknown field "spec.{field}""#)),
            "{refused}"
        );
    }
}

/// A file for kubectl, in the folder that cargo keeps for tests.
fn file_of(manifest: &Value) -> String {
    let file = format!(
        "{}/{}.json",
        env!("CARGO_TARGET_TMPDIR"),
        manifest["kind"].as_str().unwrap()
    );
    std::fs::write(&file, manifest.to_string()).unwrap();
    file
}

async fn all_refused(good: &Value, refusals: &[Refusal]) {
    let namespace = TestNamespace::create("a bad manifest is refused").await;
    let mut complaints = Vec::new();
    for refusal in refusals {
        let answer = try_create(&namespace, &changed(good.clone(), &refusal.0)).await;
        complaints.extend(not_refused(answer, refusal));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
