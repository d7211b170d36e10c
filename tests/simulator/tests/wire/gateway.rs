//! Gateway credentials, and their exchange for a token.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pingone_aic_simulator::pingone::Credential;
use pingone_aic_simulator::{CredentialKind, Region};
use serde_json::{Value, json};

use crate::caller::{Reply, base64, send};
use crate::pingone::{World, access_token};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const SUBJECT_TOKEN_TYPE: &str = "pingone_gateway_credential";

impl World {
    fn exchange_request(&self, jwt: &str) -> reqwest::RequestBuilder {
        self.http.post(self.token_url()).form(&[
            ("grant_type", GRANT_TYPE),
            ("subject_token_type", SUBJECT_TOKEN_TYPE),
            ("subject_token", jwt),
        ])
    }

    async fn exchange(&self, jwt: &str) -> Reply {
        send(self.exchange_request(jwt)).await
    }
}

/// Whatever the environment says, what is added here is a gateway credential.
async fn start() -> World {
    let world = World::start().await;
    world.network.set_default_credential(CredentialKind::Gateway);
    world
}

/// A part of a JWT, decoded.
fn part(jwt: &str, index: usize) -> Value {
    let part = jwt.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_gateway_credential_is_exchanged_for_a_token_that_reads_its_environment() {
    let world = start().await;
    let connection = world.environment.create_connection();
    let reply = world.exchange(&connection.add_credential().jwt).await;
    let body = reply.expect(200);
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(300))
    );
    let (token, id) = (access_token(&reply), world.environment.id());
    world.read(id, &token).await.expect(200);
    connection.set_may_read_environment(false);
    world.read(id, &token).await.expect(403);
    connection.set_may_read_environment(true);
    world.network.clock().advance(Duration::from_mins(5));
    world.read(id, &token).await.expect(401);
}

#[tokio::test]
async fn it_has_the_documented_claims_and_no_others() {
    let world = start().await;
    let connection = world.environment.create_connection();
    let credential = connection.add_credential();
    let claims = &credential.claims;
    let expected = json!({
        "iss": "wss://gateways.pingone.com.au",
        "aud": "https://api.pingone.com.au",
        "authUrl": "https://auth.pingone.com.au",
        "consoleUrl": "https://console.pingone.com.au",
        "environmentId": world.environment.id(),
        "environmentName": world.environment.name(),
        "organizationId": world.environment.organization_id(),
        "organizationName": world.environment.organization_name(),
        "gatewayId": connection.id(),
        "gatewayName": "PingOne Connection AIC 1",
        "gatewayType": "PING_FEDERATE",
        "region": "Australia",
        "targetClusterEnvironment": "PROD",
        "targetGeography": "AU",
        "iat": claims["iat"],
        "jti": credential.id,
    });
    assert_eq!(json!(claims), expected);
    assert_eq!(part(&credential.jwt, 1), expected);
    let header = part(&credential.jwt, 0);
    assert_eq!(header["alg"], "RS256");
    assert!(header["kid"].is_string() && header.as_object().unwrap().len() == 2);
    connection.set_gateway_type("PING_ONE_AIC");
    let other = connection
        .credential()
        .claim("directLdapUrl", "https://api.pingone.com.au")
        .without_claim("aud")
        .add();
    assert_eq!(other.claims["gatewayType"], "PING_ONE_AIC");
    assert!(other.claims.contains_key("directLdapUrl") && !other.claims.contains_key("aud"));
    world.exchange(&other.jwt).await.expect(200);
}

#[tokio::test]
async fn what_is_revoked_disabled_deleted_or_never_minted_is_refused_alike() {
    let world = start().await;
    let connection = world.environment.create_connection();
    let (first, second) = (connection.add_credential(), connection.add_credential());
    let refused = async |jwt: &str| {
        let reply = world.exchange(jwt).await;
        assert_eq!(reply.expect(401)["error"], "invalid_client");
        reply.text
    };
    let forged = world
        .network
        .forge_credential(&part(&first.jwt, 0), &part(&first.jwt, 1));
    let tampered = {
        let (signed, _) = first.jwt.rsplit_once('.').unwrap();
        let (_, signature) = second.jwt.rsplit_once('.').unwrap();
        format!("{signed}.{signature}")
    };
    let mut claims = part(&first.jwt, 1);
    claims["environmentName"] = json!("another");
    let renamed = world.network.forge_credential(&part(&first.jwt, 0), &claims);
    assert_eq!(forged, first.jwt, "the same content has the same signature");
    for jwt in [tampered.as_str(), renamed.as_str(), "garbage"] {
        refused(jwt).await;
    }
    let elsewhere = world
        .network
        .pingone(Region::Australia)
        .create_environment("other");
    let foreign = elsewhere.create_connection().add_credential();
    refused(&foreign.jwt).await;

    world.exchange(&first.jwt).await.expect(200);
    connection.revoke(&first.id);
    assert_ne!(refused(&first.jwt).await, refused(&first.jwt).await);
    connection.disable();
    refused(&second.jwt).await;
    connection.enable();
    world.exchange(&second.jwt).await.expect(200);
    connection.delete();
    refused(&second.jwt).await;
}

#[tokio::test]
async fn the_form_of_an_exchange_has_three_fields() {
    let world = start().await;
    let jwt = world.environment.create_connection().add_credential().jwt;
    let fields = [
        ("grant_type", GRANT_TYPE),
        ("subject_token_type", SUBJECT_TOKEN_TYPE),
        ("subject_token", jwt.as_str()),
    ];
    for missing in ["grant_type", "subject_token_type", "subject_token"] {
        let form: Vec<_> = fields.into_iter().filter(|(name, _)| *name != missing).collect();
        let reply = send(world.http.post(world.token_url()).form(&form)).await;
        assert_eq!(reply.expect(400)["error"], "invalid_request", "{missing}");
    }
    let mut other = fields;
    other[1].1 = "urn:ietf:params:oauth:token-type:jwt";
    let reply = send(world.http.post(world.token_url()).form(&other)).await;
    assert_eq!(reply.expect(400)["error"], "invalid_request");
}

#[tokio::test]
async fn the_exchange_can_demand_a_client_of_the_environment() {
    let world = start().await;
    let connection = world.environment.create_connection();
    let jwt = connection.add_credential().jwt;
    let client = connection.credential().with_client_claims().add();
    let claim = |name: &str| client.claims[name].as_str().unwrap().to_owned();
    world
        .network
        .pingone(Region::Australia)
        .set_exchange_demands_client(true);
    assert_eq!(world.exchange(&jwt).await.expect(401)["error"], "invalid_client");
    let with_client = |secret: String| {
        world
            .exchange_request(&jwt)
            .basic_auth(claim("clientId"), Some(secret))
    };
    send(with_client("wrong".to_owned())).await.expect(401);
    send(with_client(claim("clientSecret"))).await.expect(200);
}

#[tokio::test]
async fn the_kind_of_a_credential_is_the_networks_default_unless_it_is_named() {
    let world = start().await;
    let connection = world.environment.create_connection();
    let names_its_gateway = |credential: &Credential| credential.claims.contains_key("gatewayId");
    for kind in [CredentialKind::ClientClaims, CredentialKind::Gateway] {
        world.network.set_default_credential(kind);
        let credential = connection.add_credential();
        assert_eq!(credential.kind, kind);
        assert_eq!(names_its_gateway(&credential), kind == CredentialKind::Gateway);
        assert!(names_its_gateway(&connection.credential().of_gateway().add()));
        let client = connection.credential().with_client_claims().add();
        assert!(!names_its_gateway(&client));
        world.exchange(&client.jwt).await.expect(401);
    }
}

#[tokio::test]
async fn everything_secret_about_it_is_a_marker() {
    let world = start().await;
    let credential = world.environment.create_connection().add_credential();
    let token = access_token(&world.exchange(&credential.jwt).await);
    world.exchange("a credential of somebody else").await.expect(401);
    let markers = world.network.secret_markers();
    let has = |secret: &str| markers.iter().any(|marker| marker == secret);
    assert!(has(&credential.jwt) && has(&base64(&credential.jwt)) && has(&token));
    assert!(has(credential.jwt.rsplit('.').next().unwrap()));
    assert!(has("a credential of somebody else"));
    assert!(!has(&credential.id));
}
