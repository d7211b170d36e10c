//! Mappings of secret labels to ESVs.

use pingone_aic_simulator::Realm;
use serde_json::{Value, json};

use crate::caller::{AM, Caller, ESV, credential_label, mapping_path, realm_path, worker_path};

async fn caller_with_worker() -> Caller {
    let caller = Caller::start().await;
    caller.enable_worker_service("alpha").await;
    caller.create_worker("alpha", "a", "A.B").await;
    caller
}

fn collection() -> String {
    mapping_path("alpha", "").trim_end_matches('/').to_owned()
}

#[tokio::test]
async fn a_label_is_mapped_remapped_and_unmapped() {
    let caller = caller_with_worker().await;
    let label = credential_label("A.B");
    let path = mapping_path("alpha", &label);
    caller.get(&path, AM).await.expect(404);
    let created = caller.map("alpha", &label, "esv-a").await.expect(201);
    assert_eq!(
        (&created["secretId"], &created["aliases"]),
        (&json!(label), &json!(["esv-a"]))
    );
    assert_eq!(caller.get(&path, AM).await.expect(200), created);
    let remapped = caller.map("alpha", &label, "esv-b").await.expect(200);
    assert_ne!(remapped["_rev"], created["_rev"]);
    assert_eq!(
        caller.map("alpha", &label, "esv-a").await.expect(200)["_rev"],
        created["_rev"]
    );
    let listed = caller
        .get(&format!("{}?_queryFilter=true", collection()), AM)
        .await
        .expect(200);
    assert_eq!(listed["result"], json!([created]));
    assert_eq!(caller.delete(&path, AM).await.expect(200), created);
    caller.get(&path, AM).await.expect(404);
    caller.delete(&path, AM).await.expect(404);
}

#[tokio::test]
async fn the_alias_is_not_checked() {
    let caller = caller_with_worker().await;
    assert!(caller.tenant.secrets().is_empty());
    caller
        .map("alpha", &credential_label("A.B"), "esv-not-there")
        .await
        .expect(201);
}

#[tokio::test]
async fn a_body_without_the_label_or_with_other_than_one_alias_is_refused() {
    let caller = caller_with_worker().await;
    let label = credential_label("A.B");
    let put = async |body: Value| {
        let refused = caller
            .put(&mapping_path("alpha", &label), AM, &body)
            .await
            .expect(400);
        refused["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        put(json!({"aliases": ["esv-a"]})).await,
        "Invalid config: Secret value is missing"
    );
    put(json!({"secretId": "another", "aliases": ["esv-a"]})).await;
    put(json!({"secretId": label})).await;
    put(json!({"secretId": label, "aliases": []})).await;
    assert_eq!(
        put(json!({"secretId": label, "aliases": ["esv-a", "esv-b"]})).await,
        "Invalid config: Only a single alias per mapping is allowed for this secret store type"
    );
    assert_eq!(
        put(json!({"secretId": label, "aliases": ["esv-a", "esv-a"]})).await,
        "Data validation failed for the attribute, aliases"
    );
    put(json!({"secretId": label, "aliases": ["esv-a"], "colour": "red"})).await;
    assert!(caller.tenant.mappings(Realm::Alpha).is_empty());
}

#[tokio::test]
async fn a_label_exists_while_a_worker_uses_it() {
    let caller = caller_with_worker().await;
    let labels = async || {
        let path = format!("{}?_action=schema", collection());
        let schema = caller.act(&path, AM).await.expect(200);
        schema["properties"]["secretId"]["enum"]
            .as_array()
            .unwrap()
            .clone()
    };
    let label = credential_label("A.B");
    assert!(labels().await.contains(&json!(label)));
    caller
        .map("alpha", &credential_label("Unknown"), "esv-a")
        .await
        .expect(400);
    caller.map("bravo", &label, "esv-a").await.expect(400);
    let secret_worker = json!({"clientId": "c", "clientSecretPurpose": "C"});
    caller
        .put(&worker_path("alpha", "a"), AM, &secret_worker)
        .await
        .expect(200);
    assert!(!labels().await.contains(&json!(label)));
    assert!(
        labels()
            .await
            .contains(&json!("am.services.pingone.worker.C.clientsecret"))
    );
    caller.map("alpha", &label, "esv-a").await.expect(400);
    caller.delete(&worker_path("alpha", "a"), AM).await.expect(200);
    assert!(
        !labels()
            .await
            .contains(&json!("am.services.pingone.worker.C.clientsecret"))
    );
    let built_in = caller.tenant.secret_labels(Realm::Alpha).remove(0);
    caller.map("alpha", &built_in, "esv-a").await.expect(201);
}

#[tokio::test]
async fn the_stores_themselves_are_not_available() {
    let caller = caller_with_worker().await;
    let store = "secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV";
    let (alpha, root) = (realm_path("alpha"), "/am/json/realms/root/realm-config");
    for path in [
        format!("{alpha}/secrets/stores?_queryFilter=true"),
        format!("{alpha}/secrets/stores/GoogleSecretManagerSecretStoreProvider"),
        format!("{root}/{store}"),
        format!("{root}/{store}/mappings?_queryFilter=true"),
        format!("/am/json/global-config/{store}"),
    ] {
        let refused = caller.get(&path, AM).await;
        assert_eq!(refused.header("x-forgerock-transactionid"), "", "{path}");
        let message = "This operation is not available in PingOne Advanced Identity Cloud.";
        assert_eq!(refused.expect(403)["message"], message, "{path}");
    }
    let path = format!("{alpha}/{store}");
    let read = caller.get(&path, "protocol=2.1,resource=2.0").await.expect(200);
    assert_eq!(read["expiryDurationSeconds"], 600);
    caller.delete(&path, AM).await.expect(403);
}

#[tokio::test]
async fn a_mapping_can_be_created_by_a_post_that_replaces_none() {
    let caller = caller_with_worker().await;
    let label = credential_label("A.B");
    let create = async |body: Value| {
        let path = format!("{}?_action=create", collection());
        caller.post(&path, AM, &body).await
    };
    let body = json!({"_id": label, "secretId": label, "aliases": ["esv-a"]});
    let created = create(body.clone()).await;
    let path = mapping_path("alpha", &label);
    assert_eq!(
        created.header("location"),
        format!("{}{path}", caller.tenant.url())
    );
    assert_eq!(caller.get(&path, AM).await.expect(200), created.expect(201));
    assert_eq!(
        create(body).await.expect(409)["message"],
        "Unable to save config: Service already exists"
    );
    let body = json!({"_id": label, "secretId": label, "aliases": ["esv-a", "esv-b"]});
    create(body).await.expect(400);
}

#[tokio::test]
async fn two_api_versions_are_answered() {
    let caller = caller_with_worker().await;
    let path = mapping_path("alpha", &credential_label("A.B"));
    caller
        .map("alpha", &credential_label("A.B"), "esv-a")
        .await
        .expect(201);
    for version in ["protocol=2.0,resource=1.0", "protocol=2.1,resource=2.0"] {
        caller.get(&path, version).await.expect(200);
    }
    caller.get(&path, ESV).await.expect(404);
    caller.get(&path, "resource=1.0").await.expect(404);
    caller
        .get(&format!("{}?_queryFilter=nonsense", collection()), AM)
        .await
        .expect(400);
}
