//! Immutable tenants.

use http::StatusCode;
use pingone_aic_simulator::{Mutability, Network, Realm, Region};
use serde_json::json;

use crate::caller::{ALL_SCOPES, AM, Caller, HOST, credential_label, mapping_path, realm_path, worker_path};

const UPPER: &str = "openam-mycompany-ew2-staging.id.forgerock.io";

#[tokio::test]
async fn static_configuration_cannot_be_written_and_dynamic_can() {
    let network = Network::start().await;
    let caller = Caller::at(&network, UPPER, Mutability::Immutable, &ALL_SCOPES).await;
    let service = format!("{}/services/pingOneWorkerService", realm_path("alpha"));
    let label = credential_label("A");
    for status in [StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED] {
        caller.tenant.set_static_write_refusal(status);
        let status = status.as_u16();
        caller
            .put(&service, AM, &json!({"enabled": true}))
            .await
            .expect(status);
        let worker = json!({"useCredential": true, "credentialPurpose": "A"});
        caller
            .put(&worker_path("alpha", "a"), AM, &worker)
            .await
            .expect(status);
        caller.delete(&worker_path("alpha", "a"), AM).await.expect(status);
        caller.map("alpha", &label, "esv-a").await.expect(status);
        caller
            .delete(&mapping_path("alpha", &label), AM)
            .await
            .expect(status);
    }
    caller.create_secret("esv-a", "x").await;
    caller.get(&worker_path("alpha", "a"), AM).await.expect(404);
    assert_eq!(caller.tenant.worker_service(Realm::Alpha), None);
}

#[tokio::test]
async fn a_promotion_brings_static_configuration_and_leaves_the_esvs() {
    let network = Network::start().await;
    let lower = Caller::at(&network, HOST, Mutability::Mutable, &ALL_SCOPES).await;
    let upper = Caller::at(&network, UPPER, Mutability::Immutable, &ALL_SCOPES).await;
    lower.enable_worker_service("alpha").await;
    lower.create_worker("alpha", "a", "A").await;
    lower.create_secret("esv-a", "of the lower tenant").await;
    lower
        .map("alpha", &credential_label("A"), "esv-a")
        .await
        .expect(201);
    let environment = network.pingone(Region::Europe).create_environment("staging");
    let credential = environment.create_connection().add_credential();
    upper.create_secret("esv-a", &credential.jwt).await;

    upper.tenant.import_static_configuration_from(&lower.tenant);

    assert_eq!(
        upper.tenant.workers(Realm::Alpha),
        lower.tenant.workers(Realm::Alpha)
    );
    assert_eq!(
        upper.tenant.mappings(Realm::Alpha),
        lower.tenant.mappings(Realm::Alpha)
    );
    assert_eq!(upper.tenant.worker_service(Realm::Alpha), Some(true));
    let path = format!("{}?_action=testConnection", worker_path("alpha", "a"));
    assert_eq!(
        upper.post(&path, AM, &json!({})).await.expect(200)["credentialId"],
        credential.id
    );
}
