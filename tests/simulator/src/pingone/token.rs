//! `POST /{environmentId}/as/token`: client credentials, by HTTP Basic.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use serde_json::json;
use uuid::Uuid;

use super::world::{AccessToken, World};
use super::{Region, answers};
use crate::message::{Answer, Outcome, Request};

/// How long an access token lives.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// Answers the token endpoint of an environment.
pub(super) fn answer(world: &World, region: Region, environment: &str, request: &Request) -> Outcome {
    if request.method != Method::POST {
        return Err(answers::oauth(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request",
            "only POST is allowed",
        ));
    }
    let invalid = |description| answers::oauth(StatusCode::BAD_REQUEST, "invalid_request", description);
    let form = request
        .form()
        .ok_or_else(|| invalid("the body is not a form, or repeats a parameter"))?;
    match form.get("grant_type").map(String::as_str) {
        None => return Err(invalid("grant_type is missing")),
        Some("client_credentials") => {}
        Some(_) => {
            return Err(answers::oauth(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type is not client_credentials",
            ));
        }
    }
    if form.contains_key("client_secret") {
        return Err(invalid(
            "the client authenticates with HTTP Basic, and in one way only",
        ));
    }
    let (client_id, client_secret) =
        basic_credentials(request).ok_or_else(|| invalid_client("HTTP Basic authentication is missing"))?;
    issue(world, region, environment, &client_id, &client_secret)
}

/// Issues an access token to a client, or refuses it as the endpoint does.
pub(super) fn issue(
    world: &World,
    region: Region,
    environment: &str,
    client_id: &str,
    client_secret: &str,
) -> Outcome {
    let mut state = world.state();
    state
        .environment(region, environment)
        .ok_or_else(answers::not_found)?;
    let known = state
        .connection(region, environment, client_id)
        .is_some_and(|connection| {
            connection.enabled
                && connection
                    .credentials
                    .values()
                    .any(|secret| secret == client_secret)
        });
    if !known {
        return Err(invalid_client(
            "Request denied: the client is unknown, disabled, or its secret is wrong",
        ));
    }
    let token = format!("p1-{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    world.markers().add(&token);
    let access = AccessToken {
        environment: environment.to_owned(),
        connection: client_id.to_owned(),
        expires: world.clock().now() + TOKEN_LIFETIME,
    };
    state.tokens.insert((region, token.clone()), access);
    Ok(Answer::json(
        StatusCode::OK,
        &json!({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME.as_secs()}),
    ))
}

fn invalid_client(description: &str) -> Answer {
    answers::oauth(StatusCode::UNAUTHORIZED, "invalid_client", description)
}

/// Client id and secret from HTTP Basic, form-decoded as RFC 6749, 2.3.1 demands.
fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    Some((decode(id)?, decode(secret)?))
}
