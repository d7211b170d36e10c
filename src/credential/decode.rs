//! From a Secret's bytes to a [`Credential`], or to an error that says what is wrong and repeats nothing secret.

#[cfg(test)]
mod tests;

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
