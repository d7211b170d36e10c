//! The JWT credential that the console shows once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ProductConnection;
use super::world::World;

/// A minted credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id: the claim `jti`.
    pub id: String,
    /// The whole JWT.
    pub jwt: String,
    /// The claims that are in it.
    pub claims: Map<String, Value>,
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

/// What the two claims are called that hold the base URLs.
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

/// Decides the form of a credential.
#[derive(Clone, Debug)]
pub struct CredentialBuilder {
    connection: ProductConnection,
    client_claims: ClientClaims,
    url_claims: UrlClaims,
    issued_at: Timestamp,
    edits: Vec<(String, Option<Value>)>,
}

impl CredentialBuilder {
    pub(super) fn new(connection: &ProductConnection) -> Self {
        Self {
            connection: connection.clone(),
            client_claims: ClientClaims::default(),
            url_claims: UrlClaims::default(),
            issued_at: connection.environment.world.clock().now(),
            edits: Vec::new(),
        }
    }

    /// Names the client claims otherwise.
    #[must_use]
    pub fn client_claims(mut self, names: ClientClaims) -> Self {
        self.client_claims = names;
        self
    }

    /// Names the URL claims otherwise.
    #[must_use]
    pub fn url_claims(mut self, names: UrlClaims) -> Self {
        self.url_claims = names;
        self
    }

    /// Another `iat` than now.
    #[must_use]
    pub fn issued_at(mut self, time: Timestamp) -> Self {
        self.issued_at = time;
        self
    }

    /// Sets a claim to any value, after all others.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.edits.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without_claim(mut self, name: &str) -> Self {
        self.edits.push((name.to_owned(), None));
        self
    }

    /// Adds the credential to the connection and mints its JWT.
    #[must_use]
    pub fn add(self) -> Credential {
        let world = &self.connection.environment.world;
        let id = Uuid::new_v4().to_string();
        // Real secrets hold a tilde, which a client has to percent-encode in HTTP Basic (RFC 6749, 2.3.1).
        let secret = format!("{}~{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        world.markers().add(&secret);
        world
            .markers()
            .add(STANDARD.encode(format!("{}:{secret}", self.connection.id)));
        self.connection.change(|connection| {
            connection.credentials.insert(id.clone(), secret.clone());
        });
        let mut claims = self.claims(&id, &secret);
        for (name, value) in self.edits {
            match value {
                Some(value) => claims.insert(name, value),
                None => claims.remove(&name),
            };
        }
        let jwt = world.sign(
            &json!({"alg": "RS256", "typ": "JWT", "kid": "default"}),
            &Value::Object(claims.clone()),
        );
        world.markers().add(STANDARD.encode(&jwt));
        Credential { id, jwt, claims }
    }

    fn claims(&self, id: &str, secret: &str) -> Map<String, Value> {
        let environment = &self.connection.environment;
        let region = environment.region;
        let (client_id, client_secret) = self.client_claims.names();
        let (api_url, auth_url) = self.url_claims.names();
        let claims = [
            ("jti", json!(id)),
            ("iat", json!(self.issued_at.as_second())),
            (
                "iss",
                json!(format!("{}/{}/as", region.auth_url(), environment.id)),
            ),
            ("aud", json!(region.api_url())),
            ("environmentId", json!(environment.id)),
            ("environmentName", json!(environment.name())),
            ("organizationId", json!(environment.organization_id())),
            ("organizationName", json!(World::ORGANIZATION_NAME)),
            ("region", json!(region.code())),
            (
                "consoleUrl",
                json!(format!(
                    "https://console.pingone.{}/?env={}",
                    region.tld(),
                    environment.id
                )),
            ),
            (api_url, json!(region.api_url())),
            (auth_url, json!(region.auth_url())),
            (client_id, json!(self.connection.id)),
            (client_secret, json!(secret)),
        ];
        claims
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}
