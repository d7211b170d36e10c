//! PingOne's admin API, as far as a credential is proved with it.

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    credential::ClientCredentials,
    http::{BaseUrl, Call, Error, Http},
};

/// A client for every PingOne region.
#[derive(Clone)]
pub struct PingOne {
    http: Http,
}

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
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// Whether a URL's host may be called.
    pub fn check_allowed(&self, url: &BaseUrl) -> Result<(), Error> {
        self.http.check_allowed(url.host())
    }

    /// Gets an access token: `POST {authUrl}/{environmentId}/as/token` (PingOne admin API documentation). A revoked
    /// credential or a disabled connection is answered 401 `invalid_client`.
    pub async fn token(
        &self,
        auth_url: &BaseUrl,
        environment_id: &str,
        client: &ClientCredentials,
    ) -> Result<SecretString, Error> {
        let call = Call::new(
            Method::POST,
            format!("/{environment_id}/as/token"),
            "get a PingOne access token",
        )
        .basic(client.id.expose_secret(), &client.secret)
        .form(&[("grant_type", "client_credentials")]);
        let token: Token = self.http.send(auth_url.host(), call).await?.json()?;
        Ok(token.access_token)
    }

    /// Reads an environment: `GET {apiUrl}/environments/{environmentId}` (PingOne admin API documentation).
    pub async fn environment(
        &self,
        api_url: &BaseUrl,
        environment_id: &str,
        token: &SecretString,
    ) -> Result<Environment, Error> {
        let path = format!("/v1/environments/{environment_id}");
        let call = Call::new(Method::GET, path, "read the PingOne environment").bearer(token);
        self.http.send(api_url.host(), call).await?.json()
    }
}
