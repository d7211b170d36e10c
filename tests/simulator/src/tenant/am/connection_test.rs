//! `?_action=testConnection`: worker → label → mapping → ESV → credential → token of `PingOne`.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::refusal::am_with_detail;
use super::super::state::CachedValue;
use super::{Call, bad_request, label, not_found};
use crate::clock::iso_date;
use crate::jose::Jwt;
use crate::message::{Answer, Outcome};
use crate::pingone::{ClientClaims, Grant, UrlClaims};

/// Claims that the answer repeats under their own names.
const DETAILS: [&str; 5] = [
    "environmentId",
    "environmentName",
    "region",
    "organizationId",
    "organizationName",
];

pub(super) fn run(call: &mut Call<'_>, worker: &str) -> Outcome {
    let esv = mapped_esv(call, worker)?;
    let value = value(call, &esv)
        .ok_or_else(|| bad_request(&format!("Failed to retrieve the credential: no value of '{esv}'")))?;
    let text = std::str::from_utf8(&value).unwrap_or_default().trim();
    let jwt =
        Jwt::parse(text).ok_or_else(|| failed("Failed to parse the PingOne credential.", Map::new()))?;
    let detail = detail(&jwt);
    match ask_for_token(call, text, &jwt) {
        Ok(()) => Ok(Answer::json(StatusCode::OK, &Value::Object(detail))),
        Err(why) => Err(failed(&why, detail)),
    }
}

fn mapped_esv(call: &Call<'_>, worker: &str) -> Result<String, Answer> {
    let config = call.config();
    let worker = config.workers.get(worker).ok_or_else(not_found)?;
    if config.worker_service != Some(true) {
        return Err(bad_request("The PingOne Worker Service is disabled."));
    }
    if worker.get("useCredential") != Some(&Value::Bool(true)) {
        return Err(bad_request("The worker does not connect via a credential."));
    }
    let identifier = worker
        .get(&call.state.switches.label_attribute)
        .and_then(Value::as_str);
    let label = label::credential(identifier.unwrap_or_default());
    let mapped = config.mappings.get(&label).cloned();
    mapped.ok_or_else(|| {
        bad_request(&format!(
            "Failed to retrieve the credential: '{label}' is not mapped."
        ))
    })
}

/// The ESV's value as AM sees it, which may be as old as its cache.
fn value(call: &mut Call<'_>, esv: &str) -> Option<Vec<u8>> {
    let now = call.now;
    if let Some(cached) = call
        .state
        .cached_values
        .get(esv)
        .filter(|cached| cached.expires > now)
    {
        return Some(cached.value.clone());
    }
    let value = call.state.secrets.get(esv)?.active()?.value.clone();
    let cached = CachedValue {
        value: value.clone(),
        expires: now + call.state.switches.secret_cache,
    };
    call.state.cached_values.insert(esv.to_owned(), cached);
    Some(value)
}

/// Proves the credential, or says why not. One that names no client is a gateway's.
fn ask_for_token(call: &Call<'_>, text: &str, jwt: &Jwt) -> Result<(), String> {
    let client = ClientClaims::ALL
        .map(ClientClaims::names)
        .into_iter()
        .find_map(|(id, secret)| Some(Grant::Client(jwt.claim(id)?, jwt.claim(secret)?)));
    let grant = client.or_else(|| jwt.claim("gatewayId").map(|_| Grant::Exchange(text)));
    let urls = UrlClaims::ALL
        .map(UrlClaims::names)
        .into_iter()
        .find_map(|(_, auth)| jwt.claim(auth));
    let (Some(grant), Some(auth_url), Some(environment)) = (grant, urls, jwt.claim("environmentId")) else {
        return Err("Failed to parse the PingOne credential: a claim is missing.".to_owned());
    };
    let failed = "Failed to retrieve PingOne Worker access token.";
    match call.tenant.0.world.request_token(auth_url, environment, grant) {
        None => Err(format!("{failed} The authorization server is unknown.")),
        Some(Err(refusal)) => Err(format!("{failed}[Status: {}]-{}", refusal.status, refusal.body)),
        Some(Ok(_)) => Ok(()),
    }
}

/// What can be read in the credential.
fn detail(jwt: &Jwt) -> Map<String, Value> {
    let claim = |name: &str| jwt.claims.get(name).cloned();
    let urls = UrlClaims::ALL.map(UrlClaims::names).into_iter();
    let (api_url, auth_url): (Vec<_>, Vec<_>) = urls.map(|(api, auth)| (claim(api), claim(auth))).unzip();
    // A gateway credential names the API server without the version that the answer has.
    let audience = || Some(format!("{}/v1", jwt.claim("aud")?.trim_end_matches("/v1")).into());
    let renamed = [
        (
            "apiServerUrl",
            api_url.into_iter().flatten().next().or_else(audience),
        ),
        ("authServerUrl", auth_url.into_iter().flatten().next()),
        ("credentialId", claim("jti")),
        ("createdAt", claim("iat").as_ref().and_then(instant)),
    ];
    let same = DETAILS.into_iter().map(|name| (name, claim(name)));
    same.chain(renamed)
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// A numeric date (RFC 7519, 2) in the form of the answer.
fn instant(numeric: &Value) -> Option<Value> {
    let time = Timestamp::from_second(numeric.as_i64()?).ok()?;
    Some(iso_date(time).into())
}

fn failed(message: &str, detail: Map<String, Value>) -> Answer {
    am_with_detail(StatusCode::BAD_REQUEST, message, Some(Value::Object(detail)))
}
