//! The claims of a credential.

use std::fmt;

use k8s_openapi::jiff::Timestamp;
use secrecy::SecretString;

use crate::http::BaseUrl;

/// A decoded credential. Its signature is not checked: only PingOne and the tenant can verify it.
pub struct Credential {
    /// The credential's id (`jti`).
    pub id: String,
    /// When it was issued (`iat`).
    pub issued_at: Option<Timestamp>,
    /// The PingOne environment's id, a UUID.
    pub environment_id: String,
    /// The PingOne environment's name when the credential was issued.
    pub environment_name: String,
    /// The PingOne organization's id.
    pub organization_id: Option<String>,
    /// The PingOne organization's name.
    pub organization_name: Option<String>,
    /// The PingOne region.
    pub region: Option<String>,
    /// The admin API; `None` where no known claim names it.
    pub api_url: Option<BaseUrl>,
    /// The authorization server; `None` where no known claim names it.
    pub auth_url: Option<BaseUrl>,
    /// The OIDC client; `None` where no known claim names it, as in a gateway credential.
    pub client: Option<ClientCredentials>,
    /// The gateway that the credential is of; `None` where no claim names it.
    pub gateway: Option<Gateway>,
    /// The names of all claims there are, for messages.
    pub claim_names: Vec<String>,
    /// The whole JWT.
    pub jwt: SecretString,
}

/// The PingOne gateway that a credential is of: the product connection itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its id (`gatewayId`).
    pub id: String,
    /// Its type (`gatewayType`), which PingOne may extend.
    pub kind: Option<String>,
}

/// How PingOne is asked for a token.
pub enum Grant<'a> {
    /// By the client that the credential names: `client_credentials`.
    Client(&'a ClientCredentials),
    /// By the JWT itself: a token exchange.
    Gateway(&'a SecretString),
}

/// The OIDC client that the credential stands for.
pub struct ClientCredentials {
    /// The client's id, which is kept as secret as the rest.
    pub id: SecretString,
    /// The client's secret.
    pub secret: SecretString,
}

impl Credential {
    /// How to get a token for it; `None` if no known claim tells. A credential that names a client uses that.
    #[must_use]
    pub fn grant(&self) -> Option<Grant<'_>> {
        match (&self.client, &self.gateway) {
            (Some(client), _) => Some(Grant::Client(client)),
            (None, Some(_)) => Some(Grant::Gateway(&self.jwt)),
            (None, None) => None,
        }
    }

    /// The secrets that must not be repeated, wherever they come back from.
    pub fn secrets(&self) -> impl Iterator<Item = SecretString> {
        let client = self
            .client
            .iter()
            .flat_map(|client| [client.id.clone(), client.secret.clone()]);
        client.chain([self.jwt.clone()])
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credential")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
