//! `PingOne`: environments with product connections and their credentials, the token endpoint, and the read of
//! one environment.

mod answers;
mod claims;
mod connection;
mod credential;
mod environment;
mod exchange;
mod region;
mod token;
mod world;

use std::sync::Arc;

use http::{Method, StatusCode};
use jiff::Timestamp;

pub use claims::{ClientClaims, CredentialKind, UrlClaims};
pub use connection::ProductConnection;
pub use credential::{Credential, CredentialBuilder};
pub use environment::Environment;
pub use region::Region;
pub(crate) use world::World;

use crate::message::{Answer, Request};

/// `PingOne` in one region.
#[derive(Clone, Debug)]
pub struct PingOne {
    world: Arc<World>,
    region: Region,
}

impl PingOne {
    pub(crate) fn new(world: Arc<World>, region: Region) -> Self {
        Self { world, region }
    }

    /// Creates an environment of this name, in the one organization that there is.
    #[must_use]
    pub fn create_environment(&self, name: &str) -> Environment {
        Environment::create(&self.world, self.region, name)
    }

    /// Whether the exchange of a gateway credential wants a client of the environment that authenticates with HTTP
    /// Basic, which nobody has told. It does not by default; a tenant's own exchange never needs one.
    pub fn set_exchange_demands_client(&self, demanded: bool) {
        self.world.set_exchange_demands_client(self.region, demanded);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.clock().now()
    }

    /// The `api.` host.
    pub(crate) fn answer_api(&self, request: &Request) -> Answer {
        let segments = request.segments();
        match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["v1", "environments", id] if request.method == Method::GET => {
                environment::read(&self.world, self.region, id, request).unwrap_or_else(|refusal| refusal)
            }
            ["v1", "environments", _] => answers::error(
                StatusCode::METHOD_NOT_ALLOWED,
                "INVALID_REQUEST",
                "The request method is not supported for this resource",
            ),
            _ => answers::not_found(),
        }
    }

    /// The `auth.` host.
    pub(crate) fn answer_auth(&self, request: &Request) -> Answer {
        let segments = request.segments();
        match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [environment, "as", "token"] => token::answer(&self.world, self.region, environment, request)
                .unwrap_or_else(|refusal| refusal),
            _ => answers::not_found(),
        }
    }
}

/// What a tenant asks for a token with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Grant<'a> {
    /// The id and the secret of an OIDC client.
    Client(&'a str, &'a str),
    /// A gateway credential.
    Exchange(&'a str),
}

impl World {
    /// Asks for an access token from inside, past proxy and journal, as a tenant does. The answer that
    /// `PingOne` gives, good or bad; `None` if that URL leads to no `PingOne`.
    pub(crate) fn request_token(
        &self,
        auth_url: &str,
        environment: &str,
        grant: Grant<'_>,
    ) -> Option<Result<Answer, Answer>> {
        let region = Region::ALL
            .into_iter()
            .find(|region| region.auth_url() == auth_url)?;
        Some(match grant {
            Grant::Client(id, secret) => token::issue(self, region, environment, id, secret),
            Grant::Exchange(jwt) => exchange::issue(self, region, environment, jwt),
        })
    }
}
