//! The grant of `POST /{environmentId}/as/token` that exchanges a gateway credential for a token.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::world::{Proof, World};
use super::{Region, answers, token};
use crate::message::{Outcome, Request};

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const SUBJECT_TOKEN_TYPE: &str = "pingone_gateway_credential";

/// As the text of the documentation has it; its example says an hour.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Exchanges the credential in the form. A client that authenticates is ignored, unless one is demanded.
pub(super) fn answer(
    world: &World,
    region: Region,
    environment: &str,
    form: &BTreeMap<String, String>,
    request: &Request,
) -> Outcome {
    let field = |name: &str| {
        let missing = || answers::invalid_request(&format!("{name} is missing"));
        form.get(name).ok_or_else(missing)
    };
    if field("subject_token_type")? != SUBJECT_TOKEN_TYPE {
        return Err(answers::invalid_request("the subject token is of another type"));
    }
    let jwt = field("subject_token")?;
    world.markers().add(jwt);
    if world.exchange_demands_client(region) && !token::authenticates(world, region, environment, request) {
        return Err(answers::invalid_client());
    }
    issue(world, region, environment, jwt)
}

/// Issues an access token for a credential exactly as it was minted, or refuses it as the endpoint does.
pub(super) fn issue(world: &World, region: Region, environment: &str, jwt: &str) -> Outcome {
    let mut state = world.state();
    let connections = &state
        .environment(region, environment)
        .ok_or_else(answers::not_found)?
        .connections;
    let is_its = |proof: &Proof| matches!(proof, Proof::Jwt(minted) if minted == jwt);
    let connection = connections
        .iter()
        .find(|(_, connection)| connection.enabled && connection.credentials.values().any(is_its))
        .map(|(id, _)| id.clone())
        .ok_or_else(answers::invalid_client)?;
    Ok(token::grant(
        world,
        &mut state,
        region,
        (environment, &connection),
        TOKEN_LIFETIME,
    ))
}
