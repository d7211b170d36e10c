//! The worker service and its workers.

use http::Method;
use serde_json::{Value, json};

use crate::caller::{AM, Caller, realm_path, send, worker_path};

fn service_path(realm: &str) -> String {
    format!("{}/services/pingOneWorkerService", realm_path(realm))
}

fn credential_worker() -> Value {
    json!({"useCredential": true, "credentialPurpose": "PingOne.AIC"})
}

async fn caller_with_service() -> Caller {
    let caller = Caller::start().await;
    caller.enable_worker_service("alpha").await;
    caller
}

#[tokio::test]
async fn a_realm_has_no_worker_service_until_it_is_put() {
    let caller = Caller::start().await;
    let path = service_path("alpha");
    caller.get(&path, AM).await.expect(404);
    caller
        .put(&worker_path("alpha", "a"), AM, &credential_worker())
        .await
        .expect(404);
    assert_eq!(
        caller.put(&path, AM, &json!({"enabled": true})).await.expect(201)["enabled"],
        true
    );
    caller
        .put(&path, AM, &json!({"enabled": false}))
        .await
        .expect(200);
    let read = caller.get(&path, AM).await.expect(200);
    assert_eq!(
        (&read["enabled"], &read["_type"]["_id"]),
        (&json!(false), &json!("pingOneWorkerService"))
    );
    caller
        .put(&path, AM, &json!({"enabled": "yes"}))
        .await
        .expect(400);
    caller.put(&path, AM, &json!({"other": true})).await.expect(400);
    let type_only = json!({"_id": "", "_type": {"_id": "pingOneWorkerService"}});
    let enabled = caller.put(&path, AM, &type_only).await.expect(200);
    assert_eq!(enabled["enabled"], true, "by a body that does not say so");
    caller.get(&service_path("bravo"), AM).await.expect(404);
    caller.get(&service_path("charlie"), AM).await.expect(404);
}

#[tokio::test]
async fn a_worker_is_created_updated_and_deleted() {
    let caller = caller_with_service().await;
    let path = worker_path("alpha", "PingOne-AIC");
    caller.get(&path, AM).await.expect(404);
    let created = caller.put(&path, AM, &credential_worker()).await.expect(201);
    assert_eq!(created["_id"], "PingOne-AIC");
    assert_eq!(
        created["_type"],
        json!({"_id": "workers", "name": "PingOne Worker", "collection": true})
    );
    assert_eq!(created["apiUrl"], "https://api.pingone.com/v1");
    assert!(created["_rev"].is_string());
    assert_eq!(caller.get(&path, AM).await.expect(200), created);
    let mut changed = created.clone();
    changed.as_object_mut().unwrap().remove("_rev");
    changed["environmentId"] = json!("an-environment");
    let updated = caller.put(&path, AM, &changed).await.expect(200);
    assert_eq!(updated["environmentId"], "an-environment");
    assert_ne!(updated["_rev"], created["_rev"]);
    assert_eq!(caller.delete(&path, AM).await.expect(200), updated);
    caller.get(&path, AM).await.expect(404);
    caller.delete(&path, AM).await.expect(404);
}

#[tokio::test]
async fn a_service_tells_its_workers_and_goes_with_them() {
    let caller = caller_with_service().await;
    caller.create_worker("alpha", "a", "A..B").await;
    let path = service_path("alpha");
    let told = caller
        .act(&format!("{path}?_action=nextdescendents"), AM)
        .await
        .expect(200);
    assert_eq!(
        (&told["result"][0]["_id"], told["result"][0].get("_rev")),
        (&json!("a"), None)
    );
    caller.delete(&path, AM).await.expect(200);
    caller.get(&path, AM).await.expect(404);
    caller.delete(&path, AM).await.expect(404);
    caller.enable_worker_service("alpha").await;
    caller.get(&worker_path("alpha", "a"), AM).await.expect(404);
}

#[tokio::test]
async fn a_put_replaces_what_it_leaves_out_by_the_default() {
    let caller = caller_with_service().await;
    let path = worker_path("alpha", "a");
    let full = json!({"clientId": "c", "apiUrl": "https://api.pingone.eu/v1", "useCredential": false});
    caller.put(&path, AM, &full).await.expect(201);
    let replaced = caller.put(&path, AM, &credential_worker()).await.expect(200);
    assert_eq!(
        (&replaced["clientId"], &replaced["apiUrl"]),
        (&Value::Null, &json!("https://api.pingone.com/v1"))
    );
}

#[tokio::test]
async fn a_worker_with_something_wrong_is_refused() {
    let caller = caller_with_service().await;
    for (name, value) in [
        ("colour", json!("red")),
        ("_rev", json!("1")),
        ("_id", json!("another")),
        ("useCredential", json!("true")),
        ("clientId", json!(7)),
        ("credentialPurpose", json!("with-hyphen")),
        ("credentialPurpose", json!(".leading")),
        ("credentialPurpose", json!("trailing.")),
        ("credentialPurpose", json!("")),
    ] {
        let mut wrong = credential_worker();
        wrong[name] = value.clone();
        let refused = caller
            .put(&worker_path("alpha", "a"), AM, &wrong)
            .await
            .expect(400);
        assert_eq!(refused["reason"], "Bad Request", "{name} {value}");
    }
    caller
        .put(&worker_path("alpha", "a"), AM, &json!({"useCredential": true}))
        .await
        .expect(400);
    let text = caller
        .request(Method::PUT, &worker_path("alpha", "a"), AM)
        .body("{}");
    send(text).await.expect(415);
    let patch = caller.request(Method::PATCH, &worker_path("alpha", "a"), AM);
    send(patch.json(&json!([]))).await.expect(405);
}

#[tokio::test]
async fn a_name_with_a_space_is_encoded_in_the_path() {
    let caller = caller_with_service().await;
    let created = caller
        .put(&worker_path("alpha", "my%20worker"), AM, &credential_worker())
        .await
        .expect(201);
    assert_eq!(created["_id"], "my worker");
}

#[tokio::test]
async fn workers_are_queried_by_what_they_use() {
    let caller = caller_with_service().await;
    caller.create_worker("alpha", "a", "A").await;
    caller
        .put(&worker_path("alpha", "b"), AM, &json!({"clientId": "c"}))
        .await
        .expect(201);
    let path = worker_path("alpha", "");
    let path = path.trim_end_matches('/');
    let names = async |filter: &str| {
        let found = caller
            .get(&format!("{path}?_queryFilter={filter}"), AM)
            .await
            .expect(200);
        let found = found["result"].as_array().unwrap().iter();
        found
            .map(|it| it["_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("true").await, ["a", "b"]);
    assert_eq!(names("useCredential%20eq%20true").await, ["a"]);
    caller.get(path, AM).await.expect(400);
    caller
        .get(&format!("{path}?_queryFilter=nonsense"), AM)
        .await
        .expect(400);
}

#[tokio::test]
async fn the_schema_tells_the_attribute_behind_the_title() {
    let caller = Caller::start().await;
    let path = format!(
        "{}?_action=schema",
        worker_path("alpha", "").trim_end_matches('/')
    );
    let titled = async || {
        let schema = caller.act(&path, AM).await.expect(200);
        let properties = schema["properties"].as_object().unwrap().clone();
        let found = properties
            .iter()
            .find(|(_, it)| it["title"] == "Credential Secret Label Identifier");
        (
            found.map(|(name, _)| name.clone()),
            properties.contains_key("useCredential"),
        )
    };
    assert_eq!(titled().await, (Some("credentialPurpose".to_owned()), true));
    caller
        .tenant
        .set_label_attribute("credentialSecretLabelIdentifier");
    assert_eq!(
        titled().await,
        (Some("credentialSecretLabelIdentifier".to_owned()), true)
    );
    caller.enable_worker_service("alpha").await;
    caller
        .put(&worker_path("alpha", "a"), AM, &credential_worker())
        .await
        .expect(400);
    let renamed = json!({"useCredential": true, "credentialSecretLabelIdentifier": "A"});
    caller
        .put(&worker_path("alpha", "a"), AM, &renamed)
        .await
        .expect(201);
    caller.tenant.set_product_connections(false);
    assert_eq!(titled().await, (None, false));
    caller
        .put(&worker_path("alpha", "b"), AM, &renamed)
        .await
        .expect(400);
}

#[tokio::test]
async fn a_wrong_or_missing_api_version_is_refused() {
    let caller = caller_with_service().await;
    let path = service_path("alpha");
    caller.get(&path, "resource=1.0").await.expect(200);
    caller.get(&path, "resource=1.0, protocol=2.0").await.expect(200);
    caller.get(&path, "protocol=1.0,resource=1.0").await.expect(404);
    caller.get(&path, "resource=2.0").await.expect(404);
    let bare = caller
        .http
        .get(format!("{}{path}", caller.tenant.url()))
        .bearer_auth(&caller.token);
    send(bare).await.expect(404);
}
