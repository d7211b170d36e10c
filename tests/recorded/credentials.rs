//! Recorded and documented credentials, and the tenants that they belong to.

use std::collections::BTreeSet;

use pingone_aic_operator::{
    credential::{self, Credential, Grant},
    http::Host,
};
use pingone_aic_simulator::Network;
use serde_json::{Map, Value, json};

use crate::folder::{Folder, keys, texts};

const CREDENTIALS: &str = "credential-jwt.json";

/// A credential with recorded claims. The recordings have no signatures, so that it gets one of its own.
fn signed(network: &Network, header: &Value, claims: &Value) -> Credential {
    credential::decode(network.forge_credential(header, claims).as_bytes()).unwrap()
}

#[tokio::test]
async fn recorded_credentials_are_read_claim_by_claim() {
    let Some(folder) = Folder::open("credentials are not held") else {
        return;
    };
    let network = Network::start().await;
    for sample in folder.file(CREDENTIALS)["samples"].as_array().unwrap() {
        let claims = &sample["claims"];
        let credential = signed(&network, &sample["header"], claims);
        let read = json!({
            "jti": credential.id,
            "iat": credential.issued_at.map(jiff::Timestamp::as_second),
            "environmentId": credential.environment_id,
            "environmentName": credential.environment_name,
            "organizationId": credential.organization_id,
            "organizationName": credential.organization_name,
            "region": credential.region,
            "aud": credential.api_url.as_ref().map(ToString::to_string),
            "authUrl": credential.auth_url.as_ref().map(ToString::to_string),
            "gatewayId": credential.gateway.as_ref().map(|gateway| &gateway.id),
            "gatewayType": credential.gateway.as_ref().and_then(|gateway| gateway.kind.as_ref()),
        });
        for (name, read) in read.as_object().unwrap() {
            assert_eq!(read, &claims[name], "{name} of {}", claims["jti"]);
        }
        assert!(credential.client.is_none(), "no claim names a client: {claims}");
        let is_exchanged = matches!(credential.grant(), Some(Grant::Gateway(_)));
        assert!(
            is_exchanged,
            "a gateway credential is exchanged for a token: {claims}"
        );
        let names: BTreeSet<_> = credential.claim_names.into_iter().collect();
        assert_eq!(names, keys(claims));
    }
}

#[tokio::test]
async fn a_credential_with_the_documented_claims_alone_can_be_read() {
    let Some(folder) = Folder::open("the documented claims are not held") else {
        return;
    };
    let network = Network::start().await;
    let (sample, documented) = (
        &folder.file(CREDENTIALS)["samples"][0],
        &folder.file(CREDENTIALS)["documented"],
    );
    let claims: Map<_, _> = texts(&documented["claims"])
        .into_iter()
        .map(|name| (name.to_owned(), sample["claims"][name].clone()))
        .collect();
    let credential = signed(&network, &sample["header"], &Value::Object(claims));
    for name in texts(&documented["no claim named"]) {
        assert!(!credential.claim_names.iter().any(|has| has == name), "{name}");
    }
    assert!(credential.client.is_none() && credential.auth_url.is_some() && credential.api_url.is_some());
}

#[tokio::test]
async fn a_gateway_credential_of_another_kind_is_refused_by_name() {
    let Some(folder) = Folder::open("old credentials are not held") else {
        return;
    };
    let network = Network::start().await;
    let mut found = 0;
    for exchange in folder.file("pingone-gateway-credential.json")["exchanges"]
        .as_array()
        .unwrap()
    {
        let Some(claims) = exchange.get("claims of that JWT") else {
            continue;
        };
        let jwt = network.forge_credential(&json!({"alg": "RS256"}), claims);
        let error = credential::decode(jwt.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("no claim environmentName"), "{error}");
        found += 1;
    }
    assert!(found > 0, "there is no such JWT any more");
}

#[tokio::test]
async fn a_mapped_environment_leads_to_its_own_tenant_alone() {
    let Some(folder) = Folder::open("names are not held") else {
        return;
    };
    let network = Network::start().await;
    let sample = &folder.file(CREDENTIALS)["samples"][0];
    let table = folder.file("names.json")["table"].as_array().unwrap();
    for row in table {
        let mut claims = sample["claims"].clone();
        claims["environmentName"] = row["PingOne environment"].clone();
        let credential = signed(&network, &sample["header"], &claims);
        for other in table {
            let host: Host = other["tenant"].as_str().unwrap().parse().unwrap();
            let is_allowed = credential::check_tenant_binding(&credential, None, &host).is_ok();
            assert_eq!(
                is_allowed,
                other["tenant"] == row["tenant"],
                "{} to {host}",
                row["PingOne environment"]
            );
        }
    }
}
