//! The tenant's own test of the connection.

use std::time::Duration;

use jiff::Timestamp;
use pingone_aic_simulator::pingone::{ClientClaims, Environment, ProductConnection, UrlClaims};
use pingone_aic_simulator::{Realm, Region};
use serde_json::json;

use crate::caller::{AM, Caller, Reply, credential_label, worker_path};

struct Setup {
    caller: Caller,
    environment: Environment,
    connection: ProductConnection,
}

impl Setup {
    /// A worker `a`, whose label leads to the ESV `esv-a`, which is not there yet.
    async fn start() -> Self {
        let caller = Caller::start().await;
        let environment = caller
            .network
            .pingone(Region::Europe)
            .create_environment("env-pingoneaic-mycompany-ew2-dev");
        let connection = environment.create_connection();
        caller.enable_worker_service("alpha").await;
        caller.create_worker("alpha", "a", "A").await;
        caller
            .map("alpha", &credential_label("A"), "esv-a")
            .await
            .expect(201);
        Self {
            caller,
            environment,
            connection,
        }
    }

    async fn test(&self) -> Reply {
        let path = format!("{}?_action=testConnection", worker_path("alpha", "a"));
        self.caller.act(&path, AM).await
    }

    async fn refusal(&self) -> String {
        let refused = self.test().await.expect(400);
        assert_eq!(
            (&refused["code"], &refused["reason"]),
            (&json!(400), &json!("Bad Request"))
        );
        refused["message"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_good_credential_passes_and_is_named() {
    let setup = Setup::start().await;
    let issued: Timestamp = "2026-04-21T17:42:00Z".parse().unwrap();
    let credential = setup.connection.credential().of_gateway().issued_at(issued).add();
    setup.caller.create_secret("esv-a", &credential.jwt).await;
    let before = setup.caller.network.position();
    let passed = setup.test().await.expect(200);
    let expected = json!({
        "environmentId": setup.environment.id(),
        "environmentName": "env-pingoneaic-mycompany-ew2-dev",
        "apiServerUrl": "https://api.pingone.eu/v1",
        "authServerUrl": "https://auth.pingone.eu",
        "region": "Europe",
        "organizationId": setup.environment.organization_id(),
        "organizationName": setup.environment.organization_name(),
        "credentialId": credential.id,
        "createdAt": "2026-04-21T17:42:00Z",
    });
    assert_eq!(passed, expected);
    assert_eq!(
        setup.caller.network.position(),
        before + 1,
        "its call of PingOne is not in the journal"
    );
    assert!(
        !setup
            .caller
            .network
            .connects()
            .iter()
            .any(|host| host.contains("pingone"))
    );
}

#[tokio::test]
async fn a_refused_credential_fails_with_the_answer_of_pingone_and_what_could_be_read() {
    let setup = Setup::start().await;
    let credential = setup.connection.add_credential();
    setup.caller.create_secret("esv-a", &credential.jwt).await;
    setup.connection.disable();
    let message = setup.refusal().await;
    let lines: Vec<_> = message.lines().collect();
    let start = "Failed to retrieve PingOne Worker access token.[Status: 401 Unauthorized]-{";
    assert_eq!((lines[0], lines[1]), (start, "  \"error\" : \"invalid_client\","));
    assert!(
        lines[2].contains("Request denied: Invalid client credentials (Correlation ID: "),
        "{message}"
    );
    assert_ne!(
        setup.refusal().await,
        message,
        "each refusal has an id of its own"
    );
    let detail = setup.test().await.json()["detail"].clone();
    assert_eq!(detail["credentialId"], credential.id);
}

#[tokio::test]
async fn every_step_that_is_missing_is_a_failure_of_its_own() {
    let setup = Setup::start().await;
    let console = setup.caller.tenant.console();
    assert!(setup.refusal().await.contains("esv-a"));
    console.create_secret("esv-a", "", false, "garbage");
    assert!(setup.refusal().await.contains("parse"));
    let foreign = setup
        .connection
        .credential()
        .of_gateway()
        .claim("authUrl", "https://evil.example")
        .add();
    console.add_version("esv-a", &foreign.jwt);
    assert!(setup.refusal().await.contains("unknown"));
    console.add_version(
        "esv-a",
        &setup
            .connection
            .credential()
            .without_claim("environmentId")
            .add()
            .jwt,
    );
    assert!(setup.refusal().await.contains("claim"));
    console.add_version("esv-a", &setup.connection.add_credential().jwt);
    setup.test().await.expect(200);
    console.delete_mapping(Realm::Alpha, &credential_label("A"));
    assert!(setup.refusal().await.contains("not mapped"));
    console.edit_worker(Realm::Alpha, "a", "useCredential", false);
    assert!(
        setup
            .refusal()
            .await
            .contains("does not connect via a credential")
    );
    console.set_worker_service(Realm::Alpha, false);
    assert!(setup.refusal().await.contains("disabled"));
    console.delete_worker(Realm::Alpha, "a");
    setup.test().await.expect(404);
}

#[tokio::test]
async fn the_newest_enabled_version_counts() {
    let setup = Setup::start().await;
    let (old, new) = (
        setup.connection.add_credential(),
        setup.connection.add_credential(),
    );
    setup.caller.create_secret("esv-a", &old.jwt).await;
    setup.caller.tenant.console().add_version("esv-a", &new.jwt);
    assert_eq!(setup.test().await.expect(200)["credentialId"], new.id);
    setup
        .caller
        .delete("/environment/secrets/esv-a/versions/2", "resource=1.0")
        .await
        .expect(200);
    assert_eq!(setup.test().await.expect(200)["credentialId"], old.id);
}

#[tokio::test]
async fn am_may_go_on_with_an_old_value_until_its_cache_expires() {
    let setup = Setup::start().await;
    setup.caller.tenant.set_secret_cache(Duration::from_mins(10));
    let (old, new) = (
        setup.connection.add_credential(),
        setup.connection.add_credential(),
    );
    setup.caller.create_secret("esv-a", &old.jwt).await;
    assert_eq!(setup.test().await.expect(200)["credentialId"], old.id);
    setup.caller.tenant.console().add_version("esv-a", &new.jwt);
    setup.caller.network.clock().advance(Duration::from_secs(590));
    assert_eq!(setup.test().await.expect(200)["credentialId"], old.id);
    setup.caller.network.clock().advance(Duration::from_secs(10));
    assert_eq!(setup.test().await.expect(200)["credentialId"], new.id);
}

#[tokio::test]
async fn the_tenant_understands_a_credential_whatever_its_claims_are_called() {
    let setup = Setup::start().await;
    let builder = setup.connection.credential().client_claims(ClientClaims::Unknown);
    let credential = builder.url_claims(UrlClaims::Unknown).add();
    setup.caller.create_secret("esv-a", &credential.jwt).await;
    let passed = setup.test().await.expect(200);
    assert_eq!(passed["credentialId"], credential.id);
    assert_eq!(passed["authServerUrl"], "https://auth.pingone.eu");
}

#[tokio::test]
async fn the_tenant_proves_both_kinds_of_credential_and_needs_no_client_of_its_own() {
    let setup = Setup::start().await;
    let pingone = setup.caller.network.pingone(Region::Europe);
    pingone.set_exchange_demands_client(true);
    let console = setup.caller.tenant.console();
    console.create_secret("esv-a", "", false, "garbage");
    for builder in [
        setup.connection.credential().of_gateway(),
        setup.connection.credential().with_client_claims(),
    ] {
        let credential = builder.add();
        console.add_version("esv-a", &credential.jwt);
        let passed = setup.test().await.expect(200);
        assert_eq!(passed["credentialId"], credential.id);
        assert_eq!(passed["apiServerUrl"], "https://api.pingone.eu/v1");
        setup.connection.revoke(&credential.id);
        setup.test().await.expect(400);
    }
    let neither = setup
        .connection
        .credential()
        .of_gateway()
        .without_claim("gatewayId");
    console.add_version("esv-a", &neither.add().jwt);
    assert!(setup.refusal().await.contains("a claim is missing"));
}

#[tokio::test]
async fn an_esv_serves_both_realms() {
    let setup = Setup::start().await;
    let credential = setup.connection.add_credential();
    setup.caller.create_secret("esv-a", &credential.jwt).await;
    setup.caller.enable_worker_service("bravo").await;
    setup.caller.create_worker("bravo", "b", "B").await;
    setup
        .caller
        .map("bravo", &credential_label("B"), "esv-a")
        .await
        .expect(201);
    let path = format!("{}?_action=testConnection", worker_path("bravo", "b"));
    let passed = setup.caller.act(&path, AM).await.expect(200);
    assert_eq!(passed["credentialId"], credential.id);
}
