//! PingOne's admin API, as far as checking a credential needs it.

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    clock::Clock,
    credential::{Digest, Grant},
    http::{BaseUrl, Call, Error, Host, Http, Priority, SingleFlight},
};

/// A client for every PingOne region.
#[derive(Clone)]
pub struct PingOne {
    http: Http,
    clock: Clock,
    /// Many connections may use one credential. A refusal counts for all of them.
    tokens: SingleFlight<Client, SecretString, Error>,
}

/// The token's owner: the authorization server, the environment, and a digest of what is sent there.
type Client = (Host, String, Digest);

/// RFC 8693's grant, and PingOne's name for its own JWTs in it (PingOne documentation, "Token exchange (gateway
/// credential)").
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const GATEWAY_CREDENTIAL: &str = "pingone_gateway_credential";

/// An environment, as `GET /environments/{id}` answers it.
#[derive(Debug, Deserialize)]
pub struct Environment {
    /// Its id.
    pub id: String,
    /// Its name now.
    pub name: String,
}

#[derive(Deserialize)]
struct Token {
    access_token: SecretString,
}

impl PingOne {
    /// A client on the given stack.
    #[must_use]
    pub fn new(http: Http, clock: Clock) -> Self {
        let tokens = SingleFlight::new(clock.clone());
        Self { http, clock, tokens }
    }

    /// Whether a URL's host may be called.
    pub fn check_allowed(&self, url: &BaseUrl) -> Result<(), Error> {
        self.http.check_allowed(url.host())
    }

    /// Gets an access token: `POST {authUrl}/{environmentId}/as/token` (PingOne admin API documentation). PingOne
    /// answers 401 `invalid_client` to a revoked credential or a disabled connection, which is then cached for a
    /// while.
    pub async fn token(
        &self,
        auth_url: &BaseUrl,
        environment_id: &str,
        grant: &Grant<'_>,
        priority: Priority,
    ) -> Result<SecretString, Error> {
        let digest = match grant {
            Grant::Client(client) => Digest::of([&client.id, &client.secret]),
            Grant::Gateway(jwt) => Digest::of([*jwt]),
        };
        let who = (auth_url.host().clone(), environment_id.to_owned(), digest);
        let ask = async || {
            let token = self.fetch_token(auth_url, environment_id, grant, priority).await;
            let stands_for = token.as_ref().err().map(Error::stands_for).unwrap_or_default();
            // A token shows that PingOne accepts the credential now, so it is not used a second time.
            (token, self.clock.instant() + stands_for)
        };
        self.tokens.get(who, ask).await
    }

    async fn fetch_token(
        &self,
        auth_url: &BaseUrl,
        environment_id: &str,
        grant: &Grant<'_>,
        priority: Priority,
    ) -> Result<SecretString, Error> {
        let path = format!("/{environment_id}/as/token");
        let call = Call::new(Method::POST, path, "get a PingOne access token").with_priority(priority);
        let call = match grant {
            Grant::Client(client) => call
                .basic(client.id.expose_secret(), &client.secret)
                .form(&[("grant_type", "client_credentials")]),
            Grant::Gateway(jwt) => call
                .form(&[
                    ("grant_type", TOKEN_EXCHANGE),
                    ("subject_token_type", GATEWAY_CREDENTIAL),
                    ("subject_token", jwt.expose_secret()),
                ])
                .secret((*jwt).clone()),
        };
        let token: Token = self.http.send(auth_url.host(), call).await?.json()?;
        Ok(token.access_token)
    }

    /// Reads an environment: `GET {apiUrl}/environments/{environmentId}` (PingOne admin API documentation).
    pub async fn environment(
        &self,
        api_url: &BaseUrl,
        environment_id: &str,
        token: &SecretString,
        priority: Priority,
    ) -> Result<Environment, Error> {
        let path = format!("/v1/environments/{environment_id}");
        let call = Call::new(Method::GET, path, "read the PingOne environment")
            .bearer(token)
            .with_priority(priority);
        self.http.send(api_url.host(), call).await?.json()
    }
}
