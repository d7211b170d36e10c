//! `POST /{environmentId}/as/token`: client credentials, by HTTP Basic; the [exchange] is the other grant.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use serde_json::json;
use uuid::Uuid;

use super::world::{AccessToken, Proof, State, World};
use super::{Region, answers, exchange};
use crate::message::{Answer, Outcome, Request};

/// How long an access token of a client lives.
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
    let form = request
        .form()
        .ok_or_else(|| answers::invalid_request("the body is not a form, or repeats a parameter"))?;
    match form.get("grant_type").map(String::as_str) {
        None => return Err(answers::invalid_request("grant_type is missing")),
        Some("client_credentials") => {}
        Some(exchange::GRANT_TYPE) => return exchange::answer(world, region, environment, &form, request),
        Some(_) => {
            return Err(answers::oauth(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type is neither client_credentials nor the token exchange",
            ));
        }
    }
    if form.contains_key("client_secret") {
        return Err(answers::invalid_request(
            "the client authenticates with HTTP Basic, and in one way only",
        ));
    }
    let (client_id, client_secret) = basic_credentials(request).ok_or_else(answers::invalid_client)?;
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
    if !knows(&mut state, region, environment, (client_id, client_secret)) {
        return Err(answers::invalid_client());
    }
    Ok(grant(
        world,
        &mut state,
        region,
        (environment, client_id),
        TOKEN_LIFETIME,
    ))
}

/// Whether the request comes from a client of the environment.
pub(super) fn authenticates(world: &World, region: Region, environment: &str, request: &Request) -> bool {
    basic_credentials(request)
        .is_some_and(|(id, secret)| knows(&mut world.state(), region, environment, (&id, &secret)))
}

fn knows(state: &mut State, region: Region, environment: &str, (id, secret): (&str, &str)) -> bool {
    let is_its = |proof: &Proof| matches!(proof, Proof::ClientSecret(own) if own == secret);
    state
        .connection(region, environment, id)
        .is_some_and(|connection| connection.enabled && connection.credentials.values().any(is_its))
}

/// Issues an access token to a connection of the environment.
pub(super) fn grant(
    world: &World,
    state: &mut State,
    region: Region,
    (environment, connection): (&str, &str),
    lifetime: SignedDuration,
) -> Answer {
    let token = format!("p1-{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    world.markers().add(&token);
    let access = AccessToken {
        environment: environment.to_owned(),
        connection: connection.to_owned(),
        expires: world.clock().now() + lifetime,
    };
    state.tokens.insert((region, token.clone()), access);
    Answer::json(
        StatusCode::OK,
        &json!({"access_token": token, "token_type": "Bearer", "expires_in": lifetime.as_secs()}),
    )
}

/// Client id and secret from HTTP Basic, form-decoded as RFC 6749, 2.3.1 demands.
fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    Some((decode(id)?, decode(secret)?))
}
