//! A tenant's token endpoint, and what a token opens.

use std::time::Duration;

use jiff::SignedDuration;
use pingone_aic_simulator::{Mutability, Network};
use serde_json::{Value, json};

use crate::caller::{AM, Caller, ESV, HOST, Reply, realm_path, send, sign};

impl Caller {
    /// Asks for a token with these claims changed; the error and its status, or 200.
    async fn try_claims(&self, changes: Value) -> (u16, String) {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims
                    .as_object_mut()
                    .unwrap()
                    .insert(name.clone(), value.clone()),
            };
        }
        let assertion = sign(&self.account.jwk, &json!({"alg": "RS256"}), &claims);
        error(&self.ask_for_token(&Self::form(&assertion, "fr:am:*")).await)
    }
}

fn error(reply: &Reply) -> (u16, String) {
    (
        reply.status.as_u16(),
        reply.json()["error"].as_str().unwrap_or_default().to_owned(),
    )
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn scopes_come_back_in_another_order() {
    let caller = Caller::start().await;
    let assertion = sign(&caller.account.jwk, &json!({"alg": "RS256"}), &caller.claims());
    let reply = caller
        .ask_for_token(&Caller::form(&assertion, "fr:am:* fr:idc:esv:*"))
        .await
        .expect(200);
    assert_eq!(reply["scope"], "fr:idc:esv:* fr:am:*");
    assert_eq!(
        (reply["token_type"].as_str(), reply["expires_in"].as_i64()),
        (Some("Bearer"), Some(899))
    );
}

#[tokio::test]
async fn the_audience_is_the_url_posted_to_with_or_without_its_port() {
    let caller = Caller::start().await;
    let with = |audience: String| caller.try_claims(json!({"aud": audience}));
    assert_eq!(
        with(format!("https://{HOST}/am/oauth2/access_token")).await.0,
        200
    );
    assert_eq!(
        with(format!("https://{HOST}:443/am/oauth2/access_token")).await.0,
        200
    );
    assert_eq!(
        with(format!("https://{HOST}/am/oauth2/access_token/")).await,
        invalid_grant()
    );
    assert_eq!(
        with("https://other.id.forgerock.io/am/oauth2/access_token".to_owned()).await,
        invalid_grant()
    );
    assert_eq!(caller.try_claims(json!({"aud": null})).await, invalid_grant());
}

#[tokio::test]
async fn an_assertion_expires_soon_by_the_clock_of_the_tenant() {
    let caller = Caller::start().await;
    let now = caller.network.clock().now().as_second();
    let with = |expires: i64| caller.try_claims(json!({"exp": expires}));
    assert_eq!(with(now - 1).await, invalid_grant());
    assert_eq!(with(now + 920).await, invalid_grant());
    assert_eq!(with(now + 890).await.0, 200);
    caller.tenant.set_assertion_limit(Duration::from_mins(3));
    assert_eq!(with(now + 200).await, invalid_grant());
    assert_eq!(with(now + 170).await.0, 200);
    caller.tenant.set_clock_skew(SignedDuration::from_mins(5));
    assert_eq!(with(now + 170).await, invalid_grant());
    assert_eq!(with(now + 300 + 170).await.0, 200);
    assert_eq!(caller.try_claims(json!({"exp": null})).await, invalid_grant());
}

#[tokio::test]
async fn an_assertion_names_the_account_twice_and_itself_once() {
    let caller = Caller::start().await;
    assert_eq!(
        caller.try_claims(json!({"sub": "another"})).await,
        invalid_grant()
    );
    assert_eq!(
        caller
            .try_claims(json!({"iss": "another", "sub": "another"}))
            .await,
        invalid_grant()
    );
    assert_eq!(caller.try_claims(json!({"jti": null})).await, invalid_grant());
    assert_eq!(caller.try_claims(json!({"jti": "once"})).await.0, 200);
    assert_eq!(caller.try_claims(json!({"jti": "once"})).await, invalid_grant());
}

#[tokio::test]
async fn an_assertion_is_signed_with_rs256_by_the_key_of_the_account() {
    let caller = Caller::start().await;
    let other = caller.tenant.create_service_account("other", &["fr:am:*"]);
    let try_assertion =
        async |assertion: &str| error(&caller.ask_for_token(&Caller::form(assertion, "fr:am:*")).await);
    let header = json!({"alg": "RS256"});
    assert_eq!(
        try_assertion(&sign(&other.jwk, &header, &caller.claims())).await,
        invalid_grant()
    );
    let none = sign(&caller.account.jwk, &json!({"alg": "none"}), &caller.claims());
    assert_eq!(try_assertion(&none).await, invalid_grant());
    assert_eq!(try_assertion("garbage").await, invalid_grant());
    caller.tenant.revoke_service_account(&caller.account.id);
    assert_eq!(
        try_assertion(&sign(&caller.account.jwk, &header, &caller.claims())).await,
        invalid_grant()
    );
}

#[tokio::test]
async fn the_form_has_four_fields_and_the_scope_is_the_accounts() {
    let caller = Caller::start().await;
    let assertion = || sign(&caller.account.jwk, &json!({"alg": "RS256"}), &caller.claims());
    let with = async |name: &str, value: Option<&str>| {
        let mut form = Caller::form(&assertion(), "fr:am:*");
        match value {
            Some(value) => form
                .iter_mut()
                .filter(|it| it.0 == name)
                .for_each(|it| value.clone_into(&mut it.1)),
            None => form.retain(|it| it.0 != name),
        }
        error(&caller.ask_for_token(&form).await)
    };
    assert_eq!(
        with("grant_type", Some("client_credentials")).await,
        (400, "unsupported_grant_type".into())
    );
    assert_eq!(
        with("client_id", Some("idm")).await,
        (401, "invalid_client".into())
    );
    assert_eq!(
        with("scope", Some("fr:am:* fr:idc:release:*")).await,
        (400, "invalid_scope".into())
    );
    let unsupported = Caller::form(&assertion(), "fr:idc:ws:admin fr:am:* fr:idc:release:*");
    assert_eq!(
        caller.ask_for_token(&unsupported).await.expect(400)["error_description"],
        "Unsupported scope for service account: fr:idc:ws:admin,fr:idc:release:*"
    );
    assert_eq!(with("scope", Some(" ")).await, (400, "invalid_scope".into()));
    for name in ["grant_type", "client_id", "scope", "assertion"] {
        assert_eq!(with(name, None).await, (400, "invalid_request".into()), "{name}");
    }
    let url = format!("{}/am/oauth2/access_token", caller.tenant.url());
    assert_eq!(send(caller.http.post(url).json(&json!({}))).await.status, 400);
}

#[tokio::test]
async fn a_scope_includes_its_parts() {
    let network = Network::start().await;
    let ask = async |scopes: &[&str], asked: &str, host: &str| {
        let caller = Caller::at(&network, host, Mutability::Mutable, scopes).await;
        let assertion = sign(&caller.account.jwk, &json!({"alg": "RS256"}), &caller.claims());
        error(&caller.ask_for_token(&Caller::form(&assertion, asked)).await).0
    };
    let whole = ["fr:idc:promotion:*", "fr:idc:esv:*"];
    let parts = "fr:idc:promotion:read fr:idc:esv:read fr:idc:esv:update fr:idc:esv:restart";
    assert_eq!(ask(&whole, parts, "a.example").await, 200);
    for (index, (scope, asked)) in [
        ("fr:idc:promotion:read", "fr:idc:promotion:*"),
        ("fr:idc:promotion:*", "fr:idc:promotion:update"),
        ("fr:am:*", "fr:am:read"),
        ("fr:am:*", "fr:idc:promotion:read"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(
            ask(&[scope], asked, &format!("{index}.example")).await,
            400,
            "{asked}"
        );
    }
}

#[tokio::test]
async fn a_token_dies_with_its_time_and_with_its_account() {
    let mut caller = Caller::start().await;
    caller.network.clock().advance(Duration::from_secs(890));
    caller.get("/environment/secrets", ESV).await.expect(200);
    caller.network.clock().advance(Duration::from_secs(9));
    let reply = caller.get("/environment/secrets", ESV).await;
    assert_eq!(reply.expect(401)["code"], 401);
    assert!(!reply.header("www-authenticate").is_empty());
    caller.log_in(&["fr:am:*", "fr:idc:esv:*"]).await;
    caller.get("/environment/secrets", ESV).await.expect(200);
    caller.tenant.revoke_service_account(&caller.account.id);
    caller.get("/environment/secrets", ESV).await.expect(401);
    let path = format!("{}/services/pingOneWorkerService", realm_path("alpha"));
    assert_eq!(caller.get(&path, AM).await.expect(401)["reason"], "Unauthorized");
}

#[tokio::test]
async fn each_endpoint_wants_its_scope() {
    let network = Network::start().await;
    let reader = Caller::at(&network, HOST, Mutability::Mutable, &["fr:idc:esv:read"]).await;
    reader.get("/environment/secrets", ESV).await.expect(200);
    reader.delete("/environment/secrets/esv-a", ESV).await.expect(403);
    reader
        .post("/environment/startup?_action=restart", ESV, &json!({}))
        .await
        .expect(403);
    reader
        .get(
            &format!("{}/services/pingOneWorkerService", realm_path("alpha")),
            AM,
        )
        .await
        .expect(403);
    let am = Caller::at(&network, "sandbox.example", Mutability::Mutable, &["fr:am:*"]).await;
    am.get("/environment/secrets", ESV).await.expect(403);
    am.get(
        &format!("{}/services/pingOneWorkerService", realm_path("alpha")),
        AM,
    )
    .await
    .expect(404);
}

#[tokio::test]
async fn every_secret_of_a_service_account_is_a_marker() {
    let caller = Caller::start().await;
    let markers = caller.network.secret_markers();
    let has = |secret: &str| markers.iter().any(|marker| marker == secret);
    let jwk: Value = serde_json::from_str(&caller.account.jwk).unwrap();
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        assert!(has(jwk[member].as_str().unwrap()), "{member}");
    }
    assert!(!has(jwk["n"].as_str().unwrap()) && !has("AQAB") && !has("RSA"));
    assert!(has(&caller.token));
    let assertion = caller.network.journal()[0].request["assertion"].clone();
    assert!(
        has(assertion.as_str().unwrap()),
        "an assertion opens the tenant while it lives"
    );
}
