//! Changes of objects that are there: what is immutable says so, and what may move does.

use crate::admission::manifests::{
    Refusal, connection, integration, not_refused, promotion, stage, try_update,
};
use pingone_aic_harness::TestNamespace;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_immutable_in_an_integration_stays() {
    let spec = |spec: Value| json!({"spec": spec});
    let refusals = [
        (
            spec(json!({"name": "Other"})),
            "name is immutable",
            "create a new AICIntegration for another name",
        ),
        (
            spec(json!({"name": null})),
            "name is immutable",
            "create a new AICIntegration for another name",
        ),
        (
            spec(json!({"realm": "bravo"})),
            "spec.realm",
            "create a new AICIntegration for another realm",
        ),
        (
            spec(json!({"tenant": {"url": "https://other.id.forgerock.io"}})),
            "spec.tenant.url",
            "create a new AICIntegration for another tenant",
        ),
        (
            spec(json!({"tenant": {"environment": "Production"}})),
            "spec.tenant.environment",
            "create a new AICIntegration for another environment",
        ),
        (
            spec(json!({"esvId": "esv-other"})),
            "esvId is immutable",
            "create a new AICIntegration for another ESV",
        ),
        (
            spec(json!({"esvId": null})),
            "esvId is immutable",
            "create a new AICIntegration for another ESV",
        ),
        (
            spec(json!({"secretLabelIdentifier": "Other"})),
            "secretLabelIdentifier is immutable",
            "create a new AICIntegration for another label",
        ),
        (
            spec(json!({"secretLabelIdentifier": null})),
            "secretLabelIdentifier is immutable",
            "create a new AICIntegration for another label",
        ),
    ];
    let movable = [
        spec(json!({"connectionRef": {"name": "other"}})),
        spec(json!({"tenant": {"serviceAccountSecretRef": {"name": "other"}}})),
        spec(json!({"interval": "1h", "driftPolicy": "Warn", "deletionPolicy": "Delete", "adopt": true})),
        spec(json!({"suspend": true})),
    ];
    check(&integration(), &refusals, &movable).await;
}

#[tokio::test]
async fn a_name_is_not_given_later() {
    let mut nameless = integration();
    nameless["spec"].as_object_mut().unwrap().remove("name");
    nameless["spec"]["tenant"]["environment"] = json!("Development");
    let named = json!({"spec": {"name": "PingOne-Integration-AIC"}});
    let refusals = [(
        named,
        "name is immutable",
        "create a new AICIntegration for another name",
    )];
    check(&nameless, &refusals, &[json!({"spec": {"suspend": true}})]).await;
}

#[tokio::test]
async fn what_is_immutable_in_a_promotion_stays() {
    let spec = |spec: Value| json!({"spec": spec});
    let longer = [
        stage("development", &["dev-alpha"]),
        stage("staging", &["staging-alpha", "staging-bravo"]),
    ];
    let refusals = [
        (
            spec(json!({"order": longer})),
            "order is immutable",
            "create a new Promotion",
        ),
        (
            spec(json!({"mode": "DryRun"})),
            "mode is immutable",
            "create a new Promotion",
        ),
        (
            spec(json!({"promoter": "Grace"})),
            "promoter is immutable",
            "create a new Promotion",
        ),
        (
            spec(json!({"promoter": null})),
            "promoter is immutable",
            "create a new Promotion",
        ),
        (
            spec(json!({"description": "Another"})),
            "description is immutable",
            "create a new Promotion",
        ),
        (
            spec(json!({"ticketReference": "IAM-2"})),
            "ticketReference is immutable",
            "create a new Promotion",
        ),
        (
            spec(json!({"timeouts": {"lock": "31m"}})),
            "timeouts are immutable",
            "create a new Promotion",
        ),
        (
            spec(json!({"upTo": "production"})),
            "upTo",
            "must name a stage of order",
        ),
    ];
    let movable = [
        spec(json!({"upTo": "development"})),
        spec(json!({"onFailure": "Rollback"})),
        spec(json!({"suspend": true, "abort": true, "ignoreEncryptedSecrets": true})),
    ];
    check(&promotion(), &refusals, &movable).await;
}

#[tokio::test]
async fn everything_in_a_connection_may_change_within_its_rules() {
    let spec = |spec: Value| json!({"spec": spec});
    let refusals = [(
        spec(json!({"interval": "1s"})),
        "spec.interval",
        "a duration from 1m to 24h",
    )];
    let movable = [
        spec(json!({"credentialSecretRef": {"name": "other", "key": "jwt"}})),
        spec(json!({"environment": {"name": "env-pingoneaic-mycompany-ew2-uat", "id": null}})),
        spec(json!({"interval": "1h", "suspend": true})),
    ];
    check(&connection(), &refusals, &movable).await;
}

/// Creates the object, then tries the changes on it.
async fn check(good: &Value, refusals: &[Refusal], movable: &[Value]) {
    let namespace = TestNamespace::create("what is immutable stays").await;
    namespace.apply(good).await.unwrap();
    let mut complaints = Vec::new();
    for refusal in refusals {
        complaints.extend(not_refused(
            try_update(&namespace, good, &refusal.0).await,
            refusal,
        ));
    }
    for change in movable {
        if let Err(error) = try_update(&namespace, good, change).await {
            complaints.push(format!("{change} was refused: {error}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
