//! What every call but the token's has to bring: a bearer token with a scope, and an API version.

use http::StatusCode;
use http::header::HeaderName;
use jiff::Timestamp;

use super::refusal::Form;
use super::state::State;
use crate::message::{Answer, Request};

const API_VERSION: HeaderName = HeaderName::from_static("accept-api-version");

/// Lets the request in if its token has one of these scopes; the name of its service account.
pub(super) fn authorize(
    state: &State,
    request: &Request,
    now: Timestamp,
    scopes: &[&str],
    refuse: Form,
) -> Result<String, Answer> {
    let unauthorized = || refuse(StatusCode::UNAUTHORIZED, "Access Denied");
    let token = request
        .bearer()
        .and_then(|bearer| state.tokens.get(bearer))
        .ok_or_else(unauthorized)?;
    let account = state.accounts.get(&token.account).ok_or_else(unauthorized)?;
    if token.expires <= now {
        return Err(unauthorized());
    }
    if !token.scopes.iter().any(|scope| scopes.contains(&scope.as_str())) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "The access token lacks the scope for this operation",
        ));
    }
    Ok(account.name.clone())
}

/// The requested API version with its parts in order, such as `protocol=2.0,resource=1.0`.
pub(super) fn api_version(request: &Request) -> Option<String> {
    let header = request.header(API_VERSION.as_str())?;
    let mut parts: Vec<_> = header.split(',').map(str::trim).collect();
    parts.sort_unstable();
    Some(parts.join(","))
}

/// Refuses a version that is not in the list, as the router that finds no such resource.
pub(super) fn require_version(version: Option<&str>, supported: &[&str], refuse: Form) -> Result<(), Answer> {
    if version.is_some_and(|version| supported.contains(&version)) {
        return Ok(());
    }
    let asked = version.unwrap_or("no Accept-API-Version");
    Err(refuse(
        StatusCode::NOT_FOUND,
        &format!("Resource not found for {asked}"),
    ))
}
