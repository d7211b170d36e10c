//! Forged credentials and strange tenants are refused by name, before any connection is opened.

use serde_json::{Value, json};

use crate::integration::world::{Kind, World, credential_of};

#[tokio::test]
async fn forged_credentials_are_refused_by_name_before_any_connection_is_opened() {
    let mut world = World::start("forged credentials are refused before any connection is opened").await;
    let site = world.site("dev", Kind::Development);
    let genuine = Value::Object(site.connection.credential().of_gateway().add().claims);
    let forge = |claim: &str, value: Value| {
        let mut claims = genuine.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        } else {
            claims[claim] = value;
        }
        world.network.forge_credential(&json!({"alg": "RS256"}), &claims)
    };
    let mut table = vec![
        (
            "not-a-jwt",
            "hello".to_owned(),
            "CredentialMalformed",
            "not a JWT",
        ),
        ("empty", " \r\n".to_owned(), "CredentialMalformed", "empty"),
        ("huge", "x".repeat(100_000), "CredentialMalformed", "100000 bytes"),
        (
            "garbage-payload",
            "e30.!!!.e30".to_owned(),
            "CredentialMalformed",
            "payload",
        ),
    ];
    for (name, claim, value, reason, says) in [
        (
            "other-host",
            "apiServerUrl",
            json!("https://api.evil.example/v1"),
            "HostNotAllowed",
            "api.evil.example",
        ),
        (
            "other-auth-host",
            "authUrl",
            json!("https://auth.evil.example"),
            "HostNotAllowed",
            "auth.evil.example",
        ),
        (
            "plain-http",
            "apiServerUrl",
            json!("http://api.pingone.eu/v1"),
            "HostNotAllowed",
            "https://",
        ),
        (
            "userinfo",
            "authUrl",
            json!("https://auth.pingone.eu@evil.example"),
            "HostNotAllowed",
            "authUrl",
        ),
        (
            "look-alike",
            "authUrl",
            json!("https://auth.pingone.eu.evil.example"),
            "HostNotAllowed",
            "evil.example",
        ),
        (
            "look-alike-prefix",
            "authUrl",
            json!("https://xauth.pingone.eu"),
            "HostNotAllowed",
            "xauth.pingone.eu",
        ),
        (
            "ip-address",
            "authUrl",
            json!("https://127.0.0.1"),
            "HostNotAllowed",
            "127.0.0.1",
        ),
        (
            "ip6-address",
            "authUrl",
            json!("https://[::1]"),
            "HostNotAllowed",
            "authUrl",
        ),
        (
            "number-address",
            "authUrl",
            json!("https://2130706433"),
            "HostNotAllowed",
            "2130706433",
        ),
        (
            "other-port",
            "authUrl",
            json!("https://auth.pingone.eu:8443"),
            "HostNotAllowed",
            "auth.pingone.eu:8443",
        ),
        (
            "path",
            "authUrl",
            json!("https://auth.pingone.eu/as"),
            "HostNotAllowed",
            "authUrl",
        ),
        (
            "trailing-dot",
            "authUrl",
            json!("https://auth.pingone.eu."),
            "HostNotAllowed",
            "authUrl",
        ),
        (
            "audience",
            "aud",
            json!("https://api.evil.example"),
            "HostNotAllowed",
            "api.evil.example",
        ),
        (
            "second-spelling",
            "authServerUrl",
            json!("https://auth.evil.example"),
            "CredentialMalformed",
            "authUrl",
        ),
        (
            "url-not-a-text",
            "authServerUrl",
            json!(["https://auth.pingone.eu"]),
            "CredentialMalformed",
            "authServerUrl",
        ),
        ("id-not-a-text", "jti", json!(17), "CredentialMalformed", "jti"),
        (
            "id-with-spaces",
            "jti",
            json!("a b"),
            "CredentialMalformed",
            "jti",
        ),
        ("id-missing", "jti", Value::Null, "ClaimMissing", "jti"),
        (
            "environment-missing",
            "environmentId",
            Value::Null,
            "ClaimMissing",
            "environmentId",
        ),
        (
            "environment-name-missing",
            "environmentName",
            Value::Null,
            "ClaimMissing",
            "environmentName",
        ),
        (
            "environment-escapes",
            "environmentId",
            json!("../../../x"),
            "CredentialMalformed",
            "environmentId",
        ),
        (
            "other-environment",
            "environmentName",
            json!("env-pingoneaic-mycompany-ew2-prod"),
            "EnvironmentMismatch",
            "ew2-prod",
        ),
    ] {
        table.push((name, forge(claim, value), reason, says));
    }
    for (name, credential, _, _) in &table {
        world
            .namespace
            .secret(name, &[("credential", credential)])
            .await
            .unwrap();
        world
            .namespace
            .apply(json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": name},
                "spec": {"credentialSecretRef": {"name": name}, "environment": {"name": site.environment.name()}},
            }))
            .await
            .unwrap();
    }
    for (name, _, reason, says) in &table {
        let message = world
            .reason("PingOneConnection", name, "CredentialValid", reason)
            .await;
        assert!(message.contains(says), "{name}: {message}");
        assert!(message.len() < 2000, "{name}: {message}");
        world.reason("PingOneConnection", name, "Stalled", reason).await;
    }
    assert_eq!(world.network.connects(), Vec::<String>::new());
    world.check_outputs().await;
}

#[tokio::test]
async fn a_credential_is_not_carried_to_a_tenant_that_it_does_not_belong_to() {
    let mut world = World::start("a credential is not carried to another tenant").await;
    let site = world.site("dev", Kind::Development);
    let stranger = world.network.tenant(
        "openam-stranger-ew2.id.forgerock.io",
        pingone_aic_simulator::Mutability::Mutable,
    );
    let account = stranger.create_service_account("operator", &crate::integration::world::SCOPES);
    world.secrets(&site, &credential_of(&site).jwt).await;
    world
        .namespace
        .secret(
            "aic-dev",
            &[("serviceAccountId", &account.id), ("jwk", &account.jwk)],
        )
        .await
        .unwrap();
    let tenant = |url: &str| json!({"tenant": {"url": url, "environment": "Development", "serviceAccountSecretRef": {"name": "aic-dev"}}});
    world
        .objects(&site, Kind::Development, tenant(&stranger.url()))
        .await;
    let message = world
        .reason(
            "AICIntegration",
            "dev",
            "Stalled",
            "TenantNotAllowedForCredential",
        )
        .await;
    assert!(
        message.contains("pingone-aic.io/tenant-hosts: openam-stranger-ew2.id.forgerock.io"),
        "{message}"
    );
    let strangers = |connects: Vec<String>| {
        connects
            .into_iter()
            .filter(|host| host.contains("stranger"))
            .count()
    };
    assert_eq!(strangers(world.network.connects()), 0);

    // Whoever may write the Secret may say otherwise.
    let patch = json!({"metadata": {"annotations": {"pingone-aic.io/tenant-hosts": "openam-stranger-ew2.id.forgerock.io"}}});
    world
        .namespace
        .patch("v1/Secret", "pingone-dev", &patch)
        .await
        .unwrap();
    world.active("dev").await;
    assert_ne!(strangers(world.network.connects()), 0);
    world.check_outputs().await;
}

#[tokio::test]
async fn a_tenant_outside_the_allow_list_is_not_called() {
    let mut world = World::start("a tenant outside the allow-list is not called").await;
    let site = world.site("dev", Kind::Development);
    world.secrets(&site, &credential_of(&site).jwt).await;
    for (name, url) in [
        (
            "evil",
            "https://openam-mycompany-ew2-dev.id.forgerock.io.evil.example",
        ),
        ("port", "https://openam-mycompany-ew2-dev.id.forgerock.io:8443"),
        ("address", "https://127.0.0.1"),
    ] {
        world
            .namespace
            .apply(json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": name},
                "spec": {
                    "connectionRef": {"name": "dev"}, "realm": "alpha",
                    "tenant": {"url": url, "environment": "Development", "serviceAccountSecretRef": {"name": "aic-dev"}},
                },
            }))
            .await
            .unwrap();
        let message = world
            .reason("AICIntegration", name, "Stalled", "HostNotAllowed")
            .await;
        assert!(message.contains(url.trim_start_matches("https://")), "{message}");
    }
    assert_eq!(world.network.connects(), Vec::<String>::new());
    world.check_outputs().await;
}
