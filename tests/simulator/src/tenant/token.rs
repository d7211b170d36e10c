//! `POST /am/oauth2/access_token`: the JWT bearer grant of a service account.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::state::{AccessToken, State};
use super::{Tenant, refusal};
use crate::jose::Jwt;
use crate::message::{Answer, Outcome, Request};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(899);

pub(super) fn answer(tenant: &Tenant, request: &Request) -> Outcome {
    if request.method != Method::POST {
        return Err(refusal::am(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"));
    }
    let form = request.form().ok_or_else(|| {
        bad_request(
            "invalid_request",
            "the body is not a form, or repeats a parameter",
        )
    })?;
    let field = |name: &str| {
        let value = form.get(name).map(String::as_str);
        value.ok_or_else(|| bad_request("invalid_request", &format!("{name} is missing")))
    };
    if field("grant_type")? != GRANT_TYPE {
        return Err(bad_request(
            "unsupported_grant_type",
            "Grant type is not supported",
        ));
    }
    if field("client_id")? != "service-account" {
        return Err(refusal::oauth(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Client authentication failed",
        ));
    }
    tenant.0.world.markers().add(field("assertion")?);
    let mut state = tenant.state();
    let now = tenant.0.world.clock().now() + state.switches.clock_skew;
    let assertion = check(tenant.host(), &state, now.as_second(), field("assertion")?)?;
    let account = &state.accounts[&assertion.account];
    let asked: Vec<String> = field("scope")?.split_whitespace().map(str::to_owned).collect();
    let beyond: Vec<_> = asked
        .iter()
        .filter(|scope| !account.may_ask_for(scope))
        .map(String::as_str)
        .collect();
    if !beyond.is_empty() {
        return Err(bad_request(
            "invalid_scope",
            &format!("Unsupported scope for service account: {}", beyond.join(",")),
        ));
    }
    if asked.is_empty() {
        return Err(bad_request("invalid_scope", "No scope was requested"));
    }
    state
        .used_assertions
        .insert((assertion.account.clone(), assertion.id));
    let token = format!("aic-{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    tenant.0.world.markers().add(&token);
    // What was recorded has the order of the question; scopes are a set all the same (RFC 6749, 3.3), and clients
    // compare them as one.
    let scope = asked.iter().rev().cloned().collect::<Vec<_>>().join(" ");
    let access = AccessToken {
        account: assertion.account,
        scopes: asked,
        expires: now + TOKEN_LIFETIME,
    };
    state.tokens.insert(token.clone(), access);
    Ok(Answer::json(
        StatusCode::OK,
        &json!({
            "access_token": token,
            "scope": scope,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME.as_secs(),
        }),
    ))
}

/// An assertion that passed, and whose it is.
struct Assertion {
    account: String,
    id: String,
}

fn check(host: &str, state: &State, now: i64, assertion: &str) -> Result<Assertion, Answer> {
    let invalid = |why: &str| bad_request("invalid_grant", why);
    let jwt = Jwt::parse(assertion).ok_or_else(|| invalid("the assertion is not a JWT"))?;
    if jwt.header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(invalid("the assertion is not signed with RS256"));
    }
    let issuer = jwt.claim("iss").ok_or_else(|| invalid("iss is missing"))?;
    if jwt.claim("sub") != Some(issuer) {
        return Err(invalid("iss and sub are not the same"));
    }
    let account = state
        .accounts
        .get(issuer)
        .ok_or_else(|| invalid("the service account does not exist"))?;
    if !account.key.verifies(&jwt) {
        return Err(invalid("the signature of the assertion is invalid"));
    }
    let audience = jwt.claim("aud").ok_or_else(|| invalid("aud is missing"))?;
    if !is_token_endpoint(audience, host) {
        return Err(invalid("aud is not the URL of this endpoint"));
    }
    let expires = jwt
        .claims
        .get("exp")
        .and_then(Value::as_i64)
        .ok_or_else(|| invalid("exp is missing"))?;
    if expires <= now {
        return Err(invalid("the assertion has expired"));
    }
    if expires > now + state.switches.assertion_limit.as_secs() {
        return Err(invalid("exp is too far in the future"));
    }
    let id = jwt.claim("jti").ok_or_else(|| invalid("jti is missing"))?;
    let assertion = (issuer.to_owned(), id.to_owned());
    if state.used_assertions.contains(&assertion) {
        return Err(invalid("the assertion was used before"));
    }
    let (account, id) = assertion;
    Ok(Assertion { account, id })
}

/// The default port may be written out.
fn is_token_endpoint(audience: &str, host: &str) -> bool {
    let path = "/am/oauth2/access_token";
    audience == format!("https://{host}{path}")
        || !host.contains(':') && audience == format!("https://{host}:443{path}")
}

fn bad_request(error: &str, description: &str) -> Answer {
    refusal::oauth(StatusCode::BAD_REQUEST, error, description)
}
