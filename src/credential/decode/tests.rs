use serde_json::json;

use super::*;
use crate::credential::Grant;

fn claims() -> Value {
    json!({
        "jti": "c0ffee", "iat": 1_700_000_000, "environmentId": "11111111-2222-3333-4444-555555555555",
        "environmentName": "env-pingoneaic-mycompany-ew2-dev", "region": "EU",
        "apiServerUrl": "https://api.pingone.eu/v1", "authServerUrl": "https://auth.pingone.eu",
        "clientId": "client", "clientSecret": "marker",
    })
}

fn jwt(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

#[test]
fn what_pasting_leaves_around_a_credential_is_dropped() {
    let pasted = format!("\u{feff} \r\n{}\r\n", jwt(&claims()));
    let credential = decode(pasted.as_bytes()).unwrap();
    assert_eq!(credential.id, "c0ffee");
    assert_eq!(credential.api_url.unwrap().to_string(), "https://api.pingone.eu");
    assert!(credential.client.is_some());
}

#[test]
fn unknown_names_of_the_client_claims_do_not_make_a_credential_bad() {
    let mut claims = claims();
    for claim in ["clientId", "apiServerUrl"] {
        claims.as_object_mut().unwrap().remove(claim);
    }
    let credential = decode(jwt(&claims).as_bytes()).unwrap();
    assert!(credential.client.is_none() && credential.api_url.is_none());
    assert!(credential.claim_names.contains(&"clientSecret".to_owned()));
}

#[test]
fn the_claims_decide_how_pingone_is_asked() {
    let without = |claims: &Value, names: &[&str]| {
        let mut claims = claims.clone();
        for name in names {
            claims.as_object_mut().unwrap().remove(*name);
        }
        decode(jwt(&claims).as_bytes()).unwrap()
    };
    let mut gateway = with("gatewayId", json!("g-1"));
    gateway["gatewayType"] = json!("PING_FEDERATE");
    gateway["aud"] = json!("https://api.pingone.ca");
    let both = without(&gateway, &[]);
    assert!(matches!(both.grant(), Some(Grant::Client(_))));
    assert_eq!(both.api_url.unwrap().to_string(), "https://api.pingone.eu");
    let names = ["clientId", "clientSecret", "apiServerUrl"];
    let credential = without(&gateway, &names);
    assert!(matches!(credential.grant(), Some(Grant::Gateway(_))));
    assert_eq!(credential.gateway.unwrap().kind.as_deref(), Some("PING_FEDERATE"));
    assert_eq!(credential.api_url.unwrap().to_string(), "https://api.pingone.ca");
    gateway["aud"] = json!(["anything", 7]);
    assert!(
        without(&gateway, &names).api_url.is_none(),
        "an audience need not be a server"
    );
    assert!(without(&claims(), &names).grant().is_none());
}

#[test]
fn forged_and_damaged_credentials_are_refused_by_name() {
    let missing = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        jwt(&claims)
    };
    let table = [
        (String::new(), "it is empty"),
        ("x".repeat(LONGEST + 1), "bytes long"),
        ("no jwt".into(), "three parts"),
        ("a.b.c".into(), "header"),
        (jwt(&json!(["jti"])), "payload"),
        (jwt(&claims()).replace(".c2ln", "."), "signature"),
        (missing("jti"), "no claim jti (it has: apiServerUrl, "),
        (missing("environmentId"), "no claim environmentId"),
        (missing("environmentName"), "no claim environmentName"),
        (jwt(&with("jti", json!(7))), "claim jti is not"),
        (jwt(&with("jti", json!("a b"))), "claim jti is not"),
        (
            jwt(&with("environmentId", json!("../../x"))),
            "claim environmentId is not a UUID",
        ),
        (
            jwt(&with("environmentName", json!("a\nb"))),
            "claim environmentName is not",
        ),
        (jwt(&with("iat", json!("today"))), "claim iat is not"),
        (
            jwt(&with("apiServerUrl", json!("http://api.pingone.eu"))),
            "claim apiServerUrl cannot be used",
        ),
        (
            jwt(&with("apiUrl", json!("https://user@api.pingone.eu"))),
            "claim apiUrl cannot be used",
        ),
        (
            jwt(&with("authServerUrl", json!("https://auth.pingone.eu/as"))),
            "claim authServerUrl cannot be used",
        ),
    ];
    for (text, expected) in table {
        let error = decode(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        assert!(!error.contains("marker"), "{error:?}");
    }
}
