//! What is assumed about the vendors, turned round: the operator works, or says precisely what it met.

use pingone_aic_simulator::{
    Fault, Realm, Rule,
    pingone::{ClientClaims, UrlClaims},
};
use serde_json::json;

use crate::integration::world::{Kind, WORKER, World, credential_of};

#[tokio::test]
async fn another_name_of_the_label_attribute_is_found_by_its_title() {
    let mut world = World::start("another name of the label attribute").await;
    let site = world.site("dev", Kind::Development);
    site.tenant.set_label_attribute("credentialSecretLabelIdentifier");
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    world.check_outputs().await;
}

#[tokio::test]
async fn without_a_schema_the_assumed_name_of_the_attribute_is_used() {
    let mut world = World::start("no schema").await;
    let site = world.site("dev", Kind::Development);
    world.network.fault(
        Rule::on(site.tenant.host()).path_contains("_action=schema"),
        Fault::status(403).body(r#"{"code": 403, "reason": "Forbidden", "message": "Forbidden"}"#),
    );
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    world.check_outputs().await;
}

#[tokio::test]
async fn a_tenant_without_product_connections_says_so() {
    let mut world = World::start("a tenant without product connections").await;
    let site = world.site("dev", Kind::Development);
    site.tenant.set_product_connections(false);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason(
            "AICIntegration",
            "dev",
            "Stalled",
            "ProductConnectionsNotSupported",
        )
        .await;
    assert!(message.contains("rapid channel"), "{message}");
    world.check_outputs().await;
}

#[tokio::test]
async fn the_other_spellings_of_the_claims_are_known_and_unknown_ones_cost_a_warning_only() {
    let mut world = World::start("spellings of the claims").await;
    let site = world.site("dev", Kind::Development);
    let spelled = site
        .connection
        .credential()
        .client_claims(ClientClaims::SnakeCase)
        .url_claims(UrlClaims::Short)
        .add();
    world.apply(&site, Kind::Development, &spelled.jwt).await;
    world.active("dev").await;
    world
        .reason("PingOneConnection", "dev", "Active", "CredentialAccepted")
        .await;

    let unknown = site
        .connection
        .credential()
        .client_claims(ClientClaims::Unknown)
        .url_claims(UrlClaims::Unknown)
        .add();
    world.credential(&site, &unknown.jwt).await;
    let message = world
        .reason("PingOneConnection", "dev", "Active", "CannotAskPingOne")
        .await;
    assert!(
        message.contains("environmentId"),
        "names the claims that there are: {message}"
    );
    let object = world.namespace.get("PingOneConnection", "dev").await.unwrap();
    assert_eq!(
        crate::integration::witness::condition(&object, "Ready")["status"],
        "True"
    );
    // The integration goes on: what it concludes, the tenant's own test decides.
    world
        .wait(
            "AICIntegration",
            "dev",
            "to have pushed the credential",
            |object| object.data["status"]["esv"]["credentialId"] == unknown.id.as_str(),
        )
        .await;
    world.check_outputs().await;
}

#[tokio::test]
async fn a_credential_that_may_not_read_its_environment_is_accepted_by_its_claims() {
    let mut world = World::start("a credential without rights").await;
    let site = world.site("dev", Kind::Development);
    site.connection.set_may_read_environment(false);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("PingOneConnection", "dev", "Active", "CredentialAccepted")
        .await;
    assert!(message.contains("compared only the claims"), "{message}");
    world.active("dev").await;
    world.check_outputs().await;
}

#[tokio::test]
async fn a_renamed_environment_is_a_warning() {
    let mut world = World::start("a renamed environment").await;
    let site = world.site("dev", Kind::Development);
    let credential = credential_of(&site);
    world.apply(&site, Kind::Development, &credential.jwt).await;
    world.active("dev").await;
    site.environment.rename("Renamed");
    let patch = json!({"metadata": {"annotations": {"pingone-aic.io/requestedAt": "1"}}});
    world
        .namespace
        .patch("PingOneConnection", "dev", &patch)
        .await
        .unwrap();
    world
        .wait("PingOneConnection", "dev", "to warn of the new name", |object| {
            crate::integration::witness::condition(object, "Active")["message"]
                .as_str()
                .is_some_and(|text| text.contains("Renamed"))
        })
        .await;
    world.check_outputs().await;
}

#[tokio::test]
async fn a_worker_of_somebody_else_is_not_touched() {
    let mut world = World::start("a worker of somebody else").await;
    let site = world.site("dev", Kind::Development);
    let console = site.tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    console.put_worker(
        Realm::Alpha,
        "PingOne-Integration-AIC",
        json!({"useCredential": true, "credentialPurpose": "theirs"}),
    );
    let before = site.tenant.workers(Realm::Alpha);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "WorkerNotOwned")
        .await;
    assert!(message.contains("theirs"), "{message}");
    assert_eq!(site.tenant.workers(Realm::Alpha), before);
    world.check_outputs().await;
}

#[tokio::test]
async fn an_esv_of_somebody_else_is_not_touched() {
    let mut world = World::start("an ESV of somebody else").await;
    let site = world.site("dev", Kind::Development);
    site.tenant
        .console()
        .create_secret("esv-pingone-integration-aic", "ours", false, "value");
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "EsvNotOwned")
        .await;
    assert!(message.contains("esv-pingone-integration-aic"), "{message}");
    let secret = site.tenant.secret("esv-pingone-integration-aic").unwrap();
    assert_eq!((secret.versions.len(), secret.description.as_str()), (1, "ours"));
    world.check_outputs().await;
}

#[tokio::test]
async fn a_mapping_of_somebody_else_is_not_touched() {
    let mut world = World::start("a mapping of somebody else").await;
    let site = world.site("dev", Kind::Development);
    let console = site.tenant.console();
    console.create_secret("esv-by-hand", "made by hand", false, "value");
    console.set_worker_service(Realm::Alpha, true);
    console.put_worker(
        Realm::Alpha,
        "PingOne-Integration-AIC",
        json!({"useCredential": true, "credentialPurpose": "PingOne.Integration.AIC"}),
    );
    let label = "am.services.pingone.worker.PingOne.Integration.AIC.credential";
    console.put_mapping(Realm::Alpha, label, "esv-by-hand");
    let before = site.tenant.mappings(Realm::Alpha);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "LabelNotOwned")
        .await;
    assert!(message.contains("esv-by-hand"), "{message}");
    assert_eq!(site.tenant.mappings(Realm::Alpha), before);
    world.check_outputs().await;
}

#[tokio::test]
async fn a_promoted_worker_with_another_label_is_reported_by_field() {
    let mut world = World::start("a promoted worker with another label").await;
    let staging = world.site("staging", Kind::Staging);
    let console = staging.tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    console.put_worker(
        Realm::Alpha,
        "PingOne-Integration-AIC",
        json!({"useCredential": true, "credentialPurpose": "another"}),
    );
    world
        .apply(&staging, Kind::Staging, &credential_of(&staging).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "staging", "Stalled", "DriftDetected")
        .await;
    assert!(
        message.contains("uses the credential label another, not"),
        "{message}"
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn an_attribute_that_an_upgrade_of_the_tenant_renamed_is_no_drift() {
    let (mut world, site, credential) = World::active_development("a renamed attribute").await;
    site.tenant.set_label_attribute("renamed");
    let worker = json!({"useCredential": true, "renamed": "PingOne.Integration.AIC"});
    site.tenant.console().put_worker(Realm::Alpha, WORKER, worker);
    let from = world.network.position();
    world.check_now("dev").await;
    world.proved("dev", &credential.id).await;
    let calls = world.network.journal_since(from);
    assert!(
        calls.iter().all(|call| call.method != "PUT"),
        "nothing was written"
    );
    world.check_outputs().await;
}
