//! `PingOne`: tokens for clients, and the read of an environment.

use std::time::Duration;

use http::header::AUTHORIZATION;
use pingone_aic_simulator::pingone::{ClientClaims, Credential, Environment, ProductConnection, UrlClaims};
use pingone_aic_simulator::{Network, Region};
use serde_json::{Value, json};

use crate::caller::{Reply, client, send};

pub(crate) struct World {
    pub(crate) network: Network,
    pub(crate) http: reqwest::Client,
    pub(crate) environment: Environment,
}

impl World {
    pub(crate) async fn start() -> Self {
        let network = Network::start().await;
        let environment = network
            .pingone(Region::Australia)
            .create_environment("env-pingoneaic-mycompany-ew2-dev");
        let http = client(&network);
        Self {
            network,
            http,
            environment,
        }
    }

    /// A new connection, and a credential of it with client claims.
    fn client(&self) -> (ProductConnection, Credential) {
        let connection = self.environment.create_connection();
        let credential = connection.credential().with_client_claims().add();
        (connection, credential)
    }

    pub(crate) fn token_url(&self) -> String {
        format!("https://auth.pingone.com.au/{}/as/token", self.environment.id())
    }

    async fn token(&self, credential: &Credential) -> Reply {
        let form = [("grant_type", "client_credentials")];
        let claim = |name: &str| credential.claims[name].as_str().unwrap().to_owned();
        let request = self.http.post(self.token_url()).form(&form);
        send(request.basic_auth(claim("clientId"), Some(claim("clientSecret")))).await
    }

    pub(crate) async fn read(&self, environment: &str, token: &str) -> Reply {
        let url = format!("https://api.pingone.com.au/v1/environments/{environment}");
        send(self.http.get(url).bearer_auth(token)).await
    }
}

pub(crate) fn access_token(reply: &Reply) -> String {
    reply.expect(200)["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_credential_buys_a_token_that_reads_its_environment() {
    let world = World::start().await;
    let (_, credential) = world.client();
    let reply = world.token(&credential).await;
    assert_eq!(reply.expect(200)["token_type"], "Bearer");
    assert_eq!(reply.json()["expires_in"], 3600);
    let environment = world
        .read(world.environment.id(), &access_token(&reply))
        .await
        .expect(200);
    assert_eq!(environment["id"], world.environment.id());
    assert_eq!(environment["name"], "env-pingoneaic-mycompany-ew2-dev");
    assert_eq!(environment["region"], "AU");
    assert_eq!(
        environment["organization"]["id"],
        world.environment.organization_id()
    );
}

#[tokio::test]
async fn a_credential_with_client_claims_names_its_client_and_its_urls() {
    let world = World::start().await;
    let (connection, credential) = world.client();
    let claims = credential.claims;
    assert_eq!(claims["environmentId"], world.environment.id());
    assert_eq!(claims["environmentName"], "env-pingoneaic-mycompany-ew2-dev");
    assert_eq!(claims["apiServerUrl"], "https://api.pingone.com.au/v1");
    assert_eq!(claims["authServerUrl"], "https://auth.pingone.com.au");
    for name in [
        "jti",
        "iat",
        "iss",
        "aud",
        "organizationId",
        "organizationName",
        "region",
        "consoleUrl",
    ] {
        assert!(claims.contains_key(name), "{name}");
    }
    let other = connection
        .credential()
        .client_claims(ClientClaims::SnakeCase)
        .url_claims(UrlClaims::Short);
    let other = other
        .claim("environmentName", "forged")
        .without_claim("region")
        .add()
        .claims;
    assert_eq!(other["client_id"], connection.id());
    assert!(
        other.contains_key("client_secret") && other.contains_key("apiUrl") && other.contains_key("authUrl")
    );
    let old = connection
        .credential()
        .issued_at(jiff::Timestamp::UNIX_EPOCH)
        .add()
        .claims;
    assert_eq!(old["iat"], 0);
    assert!(!other.contains_key("clientId") && !other.contains_key("region"));
    assert_eq!(other["environmentName"], "forged");
}

#[tokio::test]
async fn disabled_revoked_deleted_and_unknown_clients_are_invalid() {
    let world = World::start().await;
    let (connection, first) = world.client();
    let second = connection.credential().with_client_claims().add();
    world.token(&first).await.expect(200);
    connection.revoke(&first.id);
    let refused = world.token(&first).await;
    assert_eq!(refused.expect(401)["error"], "invalid_client");
    assert_eq!(refused.text.lines().count(), 4, "{}", refused.text);
    let text = refused.json()["error_description"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("Request denied: Invalid client credentials (Correlation ID: "),
        "{text}"
    );
    assert_ne!(
        world.token(&first).await.text,
        refused.text,
        "each refusal has an id of its own"
    );
    assert!(refused.header("www-authenticate").starts_with("Basic"));
    world.token(&second).await.expect(200);
    connection.disable();
    assert_eq!(world.token(&second).await.expect(401)["error"], "invalid_client");
    connection.enable();
    world.token(&second).await.expect(200);
    connection.delete();
    assert_eq!(world.token(&second).await.expect(401)["error"], "invalid_client");
}

#[tokio::test]
async fn the_token_endpoint_refuses_what_an_oauth_server_refuses() {
    let world = World::start().await;
    let good = [("grant_type", "client_credentials")];
    let url = world.token_url();
    let post = || world.http.post(&url);
    let error = |reply: Reply| {
        (
            reply.status.as_u16(),
            reply.json()["error"].as_str().unwrap().to_owned(),
        )
    };
    let invalid_request = (400, "invalid_request".to_owned());
    let invalid_client = (401, "invalid_client".to_owned());
    assert_eq!(error(send(post().form(&good)).await), invalid_client);
    assert_eq!(
        error(send(post().form(&good).header(AUTHORIZATION, "Basic !")).await),
        invalid_client
    );
    assert_eq!(
        error(send(post().form(&good).basic_auth("a", Some("b"))).await),
        invalid_client
    );
    assert_eq!(
        error(send(post().json(&json!({"grant_type": "client_credentials"}))).await),
        invalid_request
    );
    assert_eq!(
        error(send(post().form(&[("scope", "x")]).basic_auth("a", Some("b"))).await),
        invalid_request
    );
    assert_eq!(
        error(send(post().form(&[good[0], good[0]]).basic_auth("a", Some("b"))).await),
        invalid_request
    );
    let both = [good[0], ("client_secret", "b")];
    assert_eq!(
        error(send(post().form(&both).basic_auth("a", Some("b"))).await),
        invalid_request
    );
    let other_grant = post()
        .form(&[("grant_type", "password")])
        .basic_auth("a", Some("b"));
    assert_eq!(
        error(send(other_grant).await),
        (400, "unsupported_grant_type".to_owned())
    );
    let unknown = world
        .http
        .post("https://auth.pingone.com.au/nobody/as/token")
        .form(&good);
    assert_eq!(
        send(unknown.basic_auth("a", Some("b"))).await.expect(404)["code"],
        "NOT_FOUND"
    );
    assert_eq!(send(world.http.get(&url)).await.status, 405);
}

#[tokio::test]
async fn an_environment_is_read_only_with_the_right_and_a_living_token() {
    let world = World::start().await;
    let (connection, credential) = world.client();
    let token = access_token(&world.token(&credential).await);
    let id = world.environment.id();
    let refused = |reply: Reply, status: u16| {
        let body = reply.expect(status);
        assert!(
            body["id"].is_string() && body["message"].is_string() && body["details"].is_array(),
            "{body}"
        );
        body["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(world.read(id, "made-up").await, 401), "ACCESS_FAILED");
    assert_eq!(
        refused(
            world.read("8e8e9b1a-0000-0000-0000-000000000000", &token).await,
            404
        ),
        "NOT_FOUND"
    );
    let other = world
        .network
        .pingone(Region::Australia)
        .create_environment("other");
    assert_eq!(
        refused(world.read(other.id(), &token).await, 403),
        "ACCESS_FAILED"
    );
    connection.set_may_read_environment(false);
    assert_eq!(refused(world.read(id, &token).await, 403), "ACCESS_FAILED");
    connection.set_may_read_environment(true);
    world.read(id, &token).await.expect(200);
    world.network.clock().advance(Duration::from_hours(1));
    assert_eq!(refused(world.read(id, &token).await, 401), "ACCESS_FAILED");
}

#[tokio::test]
async fn a_renamed_environment_keeps_its_id() {
    let world = World::start().await;
    let (_, credential) = world.client();
    world.environment.rename("renamed");
    let token = access_token(&world.token(&credential).await);
    assert_eq!(
        world.read(world.environment.id(), &token).await.expect(200)["name"],
        "renamed"
    );
    assert_eq!(
        credential.claims["environmentName"],
        "env-pingoneaic-mycompany-ew2-dev"
    );
    world.environment.delete();
    world.read(world.environment.id(), &token).await.expect(401);
}

#[tokio::test]
async fn every_secret_that_was_minted_is_a_marker() {
    let world = World::start().await;
    let (_, credential) = world.client();
    let token = access_token(&world.token(&credential).await);
    let forged = world
        .network
        .forge_credential(&json!({"alg": "none"}), &Value::Null);
    let markers = world.network.secret_markers();
    let has = |secret: &str| markers.iter().any(|marker| marker == secret);
    assert!(has(&credential.jwt) && has(&token) && has(&forged));
    assert!(has(credential.jwt.rsplit('.').next().unwrap()));
    assert!(has(credential.claims["clientSecret"].as_str().unwrap()));
    assert!(!has(&credential.id));
}
