//! From a Secret's bytes to a [`Credential`], or to an error that says what is wrong and repeats nothing secret.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use k8s_openapi::jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{ClientCredentials, Credential, Gateway};
use crate::http::{BaseUrl, InvalidUrl};

/// A credential is about 2 KiB; an ESV's value may not be larger than this.
const LONGEST: usize = 16 * 1024;
const LONGEST_TEXT: usize = 256;

/// The claims with the OIDC client's id and secret. Their names are assumed: no real credential was seen to have them.
/// One that has none of them is not thereby bad.
const ASSUMED_CLIENT_ID_CLAIMS: [&str; 2] = ["clientId", "client_id"];
const ASSUMED_CLIENT_SECRET_CLAIMS: [&str; 2] = ["clientSecret", "client_secret"];
/// The claims with PingOne's two URLs. `authUrl` is recorded; the first names were seen in answers of a tenant's test,
/// and are assumed here.
const ASSUMED_API_URL_CLAIMS: [&str; 2] = ["apiServerUrl", "apiUrl"];
const ASSUMED_AUTH_URL_CLAIMS: [&str; 2] = ["authServerUrl", "authUrl"];
/// The claim with the API server in a gateway credential (recorded). Elsewhere an audience can be anything.
const AUDIENCE: &str = "aud";

/// What some editors write at the beginning of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a Secret's value is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// Longer than a credential can be.
    #[error("it is {0} bytes long, and a credential is at most {LONGEST}")]
    TooLong(usize),
    /// Not three parts of base64url with JSON objects in the first two.
    #[error("it is not a JWT ({0})")]
    NotAJwt(&'static str),
    /// A required claim is missing.
    #[error("it has no claim {claim} (it has: {has})")]
    ClaimMissing {
        /// The claim's name.
        claim: &'static str,
        /// The names of the claims that there are.
        has: String,
    },
    /// A claim has the wrong type or form.
    #[error("its claim {claim} is not {expected}")]
    ClaimMalformed {
        /// The claim's name.
        claim: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A claim is no URL that can be used.
    #[error("its claim {claim} cannot be used: {source}")]
    Url {
        /// The claim's name.
        claim: &'static str,
        /// Why.
        source: InvalidUrl,
    },
}

/// Decodes a credential. White space around it is what pasting leaves, and is dropped.
pub fn decode(bytes: &[u8]) -> Result<Credential, Undecodable> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Undecodable::NotAJwt("it is not text"))?
        .trim_start_matches(BYTE_ORDER_MARK)
        .trim();
    if text.is_empty() {
        return Err(Undecodable::Empty);
    }
    if text.len() > LONGEST {
        return Err(Undecodable::TooLong(text.len()));
    }
    let [header, payload, signature] = text.split('.').collect::<Vec<_>>()[..] else {
        return Err(Undecodable::NotAJwt(
            "it does not have three parts joined by periods",
        ));
    };
    object(header, "its header is not base64url of a JSON object")?;
    let claims = Claims(object(payload, "its payload is not base64url of a JSON object")?);
    if signature.is_empty() || BASE64_URL_SAFE_NO_PAD.decode(signature).is_err() {
        return Err(Undecodable::NotAJwt("its signature is not base64url"));
    }

    let id = claims.required("jti")?;
    if !id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    {
        return Err(Undecodable::ClaimMalformed {
            claim: "jti",
            expected: "an id of letters, digits, '-', '_', '.'",
        });
    }
    let environment_id = claims.required("environmentId")?;
    if uuid::Uuid::try_parse(&environment_id).is_err() || environment_id.len() != 36 {
        return Err(Undecodable::ClaimMalformed {
            claim: "environmentId",
            expected: "a UUID",
        });
    }
    Ok(Credential {
        id,
        environment_id,
        environment_name: claims.required("environmentName")?,
        issued_at: claims.time("iat")?,
        organization_id: claims.text("organizationId")?,
        organization_name: claims.text("organizationName")?,
        region: claims.text("region")?,
        api_url: claims.api_url()?,
        auth_url: claims.url(&ASSUMED_AUTH_URL_CLAIMS, "")?,
        client: claims.client()?,
        gateway: claims.gateway()?,
        claim_names: claims.names(),
        jwt: text.into(),
    })
}

fn object(part: &str, otherwise: &'static str) -> Result<Map<String, Value>, Undecodable> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or(Undecodable::NotAJwt(otherwise))
}

struct Claims(Map<String, Value>);

impl Claims {
    fn required(&self, claim: &'static str) -> Result<String, Undecodable> {
        self.text(claim)?.ok_or_else(|| Undecodable::ClaimMissing {
            claim,
            has: self.names().join(", "),
        })
    }

    fn text(&self, claim: &'static str) -> Result<Option<String>, Undecodable> {
        match self.0.get(claim) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if is_presentable(text) => Ok(Some(text.clone())),
            Some(_) => Err(Undecodable::ClaimMalformed {
                claim,
                expected: "a text of 1 to 256 characters without control characters",
            }),
        }
    }

    fn time(&self, claim: &'static str) -> Result<Option<Timestamp>, Undecodable> {
        match self.0.get(claim) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .and_then(|seconds| Timestamp::from_second(seconds).ok())
                .map(Some)
                .ok_or(Undecodable::ClaimMalformed {
                    claim,
                    expected: "a time in seconds",
                }),
        }
    }

    fn url(&self, names: &[&'static str], path: &str) -> Result<Option<BaseUrl>, Undecodable> {
        let mut found = None;
        for &claim in names {
            let Some(text) = self.text(claim)? else { continue };
            let url = BaseUrl::parse(&text, path).map_err(|source| Undecodable::Url { claim, source })?;
            // Two spellings that disagree: one of them hides something.
            if found.as_ref().is_some_and(|first| *first != url) {
                return Err(Undecodable::ClaimMalformed {
                    claim,
                    expected: "what its other spelling says",
                });
            }
            found = Some(url);
        }
        Ok(found)
    }

    fn api_url(&self) -> Result<Option<BaseUrl>, Undecodable> {
        if let Some(named) = self.url(&ASSUMED_API_URL_CLAIMS, "/v1")? {
            return Ok(Some(named));
        }
        let audience = self.0.get(AUDIENCE).and_then(Value::as_str);
        Ok(audience.and_then(|audience| BaseUrl::parse(audience, "/v1").ok()))
    }

    fn gateway(&self) -> Result<Option<Gateway>, Undecodable> {
        let Some(id) = self.text("gatewayId")? else {
            return Ok(None);
        };
        let kind = self.text("gatewayType")?;
        Ok(Some(Gateway { id, kind }))
    }

    fn client(&self) -> Result<Option<ClientCredentials>, Undecodable> {
        let first = |names: [&'static str; 2]| -> Result<Option<SecretString>, Undecodable> {
            for name in names {
                if let Some(text) = self.text(name)? {
                    return Ok(Some(text.into()));
                }
            }
            Ok(None)
        };
        Ok(first(ASSUMED_CLIENT_ID_CLAIMS)?
            .zip(first(ASSUMED_CLIENT_SECRET_CLAIMS)?)
            .map(|(id, secret)| ClientCredentials { id, secret }))
    }

    /// The claims' names, as many and as long as a message can bear.
    fn names(&self) -> Vec<String> {
        self.0
            .keys()
            .filter(|name| name.len() <= 40 && is_presentable(name))
            .take(30)
            .cloned()
            .collect()
    }
}

fn is_presentable(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
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
}
