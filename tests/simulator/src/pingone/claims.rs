//! What a credential says: the claims of its two kinds.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::world::World;
use super::{Environment, ProductConnection};

/// How a credential is turned into a token, and so what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialKind {
    /// It names its gateway, and is exchanged for a token as a whole.
    #[default]
    Gateway,
    /// It holds the id and the secret of an OIDC client.
    ClientClaims,
}

impl CredentialKind {
    /// Sets the kind that networks start with: `gateway` or `client-claims`.
    pub const VARIABLE: &str = "PINGONE_AIC_CREDENTIALS";

    pub(super) fn from_env() -> Self {
        match std::env::var(Self::VARIABLE).as_deref() {
            Err(_) | Ok("gateway") => Self::Gateway,
            Ok("client-claims") => Self::ClientClaims,
            Ok(other) => panic!("{} is {other}, neither gateway nor client-claims", Self::VARIABLE),
        }
    }
}

/// What the two claims are called that hold the OIDC client. The real names are not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientClaims {
    /// `clientId`, `clientSecret`
    #[default]
    CamelCase,
    /// `client_id`, `client_secret`
    SnakeCase,
    /// Names that nobody has guessed. The tenant, being the real thing, understands them all the same.
    Unknown,
}

impl ClientClaims {
    pub(crate) const ALL: [Self; 3] = [Self::CamelCase, Self::SnakeCase, Self::Unknown];

    /// The claims of the client's id and of its secret.
    #[must_use]
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::CamelCase => ("clientId", "clientSecret"),
            Self::SnakeCase => ("client_id", "client_secret"),
            Self::Unknown => ("connectionHandle", "connectionKey"),
        }
    }
}

/// What the two claims are called that hold the base URLs, in a credential with client claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UrlClaims {
    /// `apiServerUrl`, `authServerUrl`
    #[default]
    Server,
    /// `apiUrl`, `authUrl`
    Short,
    /// Names that nobody has guessed; see [`ClientClaims::Unknown`].
    Unknown,
}

impl UrlClaims {
    pub(crate) const ALL: [Self; 3] = [Self::Server, Self::Short, Self::Unknown];

    /// The claims of the admin API's base and of the token endpoint's.
    #[must_use]
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Server => ("apiServerUrl", "authServerUrl"),
            Self::Short => ("apiUrl", "authUrl"),
            Self::Unknown => ("managementBase", "tokenBase"),
        }
    }
}

/// The claims of a gateway credential: all that are documented, and no `exp`.
pub(super) fn of_gateway(
    connection: &ProductConnection,
    id: &str,
    issued_at: Timestamp,
) -> Map<String, Value> {
    let region = connection.environment.region;
    let (name, kind) = connection.name_and_type();
    let mut claims = common(&connection.environment, id, issued_at);
    claims.extend(members([
        ("iss", json!(format!("wss://gateways.pingone.{}", region.tld()))),
        ("aud", json!(format!("https://{}", region.api_host()))),
        ("authUrl", json!(region.auth_url())),
        (
            "consoleUrl",
            json!(format!("https://console.pingone.{}", region.tld())),
        ),
        ("gatewayId", json!(connection.id)),
        ("gatewayName", json!(name)),
        ("gatewayType", json!(kind)),
        ("region", json!(region.name())),
        ("targetClusterEnvironment", json!("PROD")),
        ("targetGeography", json!(region.code())),
    ]));
    claims
}

/// The claims of a credential that holds an OIDC client.
pub(super) fn of_client(
    connection: &ProductConnection,
    id: &str,
    issued_at: Timestamp,
    secret: &str,
    (client_claims, url_claims): (ClientClaims, UrlClaims),
) -> Map<String, Value> {
    let environment = &connection.environment;
    let region = environment.region;
    let (client_id, client_secret) = client_claims.names();
    let (api_url, auth_url) = url_claims.names();
    let console_url = format!("https://console.pingone.{}/?env={}", region.tld(), environment.id);
    let issuer = format!("{}/{}/as", region.auth_url(), environment.id);
    let mut claims = common(environment, id, issued_at);
    claims.extend(members([
        ("iss", json!(issuer)),
        ("aud", json!(region.api_url())),
        ("region", json!(region.code())),
        ("consoleUrl", json!(console_url)),
        (api_url, json!(region.api_url())),
        (auth_url, json!(region.auth_url())),
        (client_id, json!(connection.id)),
        (client_secret, json!(secret)),
    ]));
    claims
}

fn common(environment: &Environment, id: &str, issued_at: Timestamp) -> Map<String, Value> {
    members([
        ("jti", json!(id)),
        ("iat", json!(issued_at.as_second())),
        ("environmentId", json!(environment.id)),
        ("environmentName", json!(environment.name())),
        ("organizationId", json!(environment.organization_id())),
        ("organizationName", json!(World::ORGANIZATION_NAME)),
    ])
    .collect()
}

fn members<const N: usize>(claims: [(&str, Value); N]) -> impl Iterator<Item = (String, Value)> {
    let owned = claims.map(|(name, value)| (name.to_owned(), value));
    owned.into_iter()
}
