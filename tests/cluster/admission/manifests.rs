//! One good manifest of each kind, changed by JSON merge patches (RFC 7386: null removes a field).

use kube::{
    Error,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::Status,
};
use pingone_aic_harness::TestNamespace;
use serde_json::{Value, json};

/// The name of every object here.
pub const NAME: &str = "dev";

/// A change of a good manifest, a part of the field that must be named, a part of the remedy.
pub type Refusal = (Value, &'static str, &'static str);

/// A good `PingOneConnection`, with every optional field.
pub fn connection() -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1",
        "kind": "PingOneConnection",
        "metadata": {"name": NAME},
        "spec": {
            "credentialSecretRef": {"name": "pingone-dev", "key": "credential"},
            "environment": {
                "name": "env-pingoneaic-mycompany-ew2-dev",
                "id": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            },
            "interval": "10m",
            "suspend": false,
        },
    })
}

/// A good `AICIntegration` of an immutable environment, with every optional field.
pub fn integration() -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1",
        "kind": "AICIntegration",
        "metadata": {"name": NAME},
        "spec": {
            "connectionRef": {"name": "dev"},
            "name": "PingOne-Integration-AIC",
            "realm": "alpha",
            "tenant": {
                "url": "https://openam-mycompany-ew2-staging.id.forgerock.io",
                "environment": "Staging",
                "serviceAccountSecretRef": {"name": "aic-staging"},
            },
            "esvId": "esv-pingone-integration-aic",
            "secretLabelIdentifier": "PingOne.Integration.AIC",
            "interval": "10m",
            "driftPolicy": "Correct",
            "deletionPolicy": "Retain",
            "adopt": false,
            "suspend": false,
        },
    })
}

/// A good `Promotion`, with every optional field.
pub fn promotion() -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1",
        "kind": "Promotion",
        "metadata": {"name": NAME},
        "spec": {
            "order": [stage("development", &["dev-alpha"]), stage("staging", &["staging-alpha"])],
            "upTo": "staging",
            "mode": "Promote",
            "ignoreEncryptedSecrets": false,
            "promoter": "Ada",
            "description": "The quarterly release",
            "ticketReference": "IAM-1",
            "onFailure": "Halt",
            "timeouts": {"lock": "30m", "promotion": "2h", "verification": "15m"},
            "suspend": false,
            "abort": false,
        },
    })
}

/// One stage of a promotion.
pub fn stage(name: &str, integrations: &[&str]) -> Value {
    json!({"name": name, "integrations": integrations})
}

/// The good manifest with a change.
pub fn changed(mut manifest: Value, change: &Value) -> Value {
    merge(&mut manifest, change);
    manifest
}

fn merge(target: &mut Value, change: &Value) {
    let Value::Object(change) = change else {
        *target = change.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in change {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}

/// Asks the API server to create the object, without keeping it.
pub async fn try_create(namespace: &TestNamespace, manifest: &Value) -> Result<DynamicObject, Error> {
    let object = serde_json::from_value(manifest.clone()).unwrap();
    let params = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    namespace.api(kind(manifest)).create(&params, &object).await
}

/// Asks the API server to change the object of this manifest, without keeping the change.
pub async fn try_update(
    namespace: &TestNamespace,
    manifest: &Value,
    change: &Value,
) -> Result<DynamicObject, Error> {
    let params = PatchParams {
        dry_run: true,
        ..PatchParams::default()
    };
    namespace
        .api(kind(manifest))
        .patch(NAME, &params, &Patch::Merge(change))
        .await
}

/// What is wrong with this answer, if it is not the refusal that was expected.
pub fn not_refused(
    answer: Result<DynamicObject, Error>,
    (change, field, remedy): &Refusal,
) -> Option<String> {
    let status = match answer {
        Ok(_) => return Some(format!("{change} was accepted")),
        Err(Error::Api(status)) => status,
        Err(error) => return Some(format!("{change} was not answered: {error}")),
    };
    let named = causes(&status).any(|cause| cause.contains(field) && cause.contains(remedy));
    (!named).then(|| {
        format!(
            "{change} was refused without one cause that says '{field}' and '{remedy}':\n  {}",
            status.message
        )
    })
}

/// Each thing that the API server finds wrong: the field and what it says of it.
fn causes(status: &Status) -> impl Iterator<Item = String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| format!("{}: {}", cause.field, cause.message))
}

fn kind(manifest: &Value) -> &str {
    manifest["kind"].as_str().unwrap()
}
