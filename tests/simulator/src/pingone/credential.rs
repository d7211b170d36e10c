//! The JWT credential that the console shows once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ProductConnection;
use super::claims::{self, ClientClaims, CredentialKind, UrlClaims};
use super::world::Proof;

/// A minted credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id: the claim `jti`.
    pub id: String,
    /// The whole JWT.
    pub jwt: String,
    /// The claims that are in it.
    pub claims: Map<String, Value>,
    /// How it is turned into a token.
    pub kind: CredentialKind,
}

/// Decides the form of a credential.
#[derive(Clone, Debug)]
pub struct CredentialBuilder {
    connection: ProductConnection,
    kind: CredentialKind,
    client_claims: ClientClaims,
    url_claims: UrlClaims,
    issued_at: Timestamp,
    edits: Vec<(String, Option<Value>)>,
}

impl CredentialBuilder {
    pub(super) fn new(connection: &ProductConnection) -> Self {
        let world = &connection.environment.world;
        Self {
            connection: connection.clone(),
            kind: world.default_credential(),
            client_claims: ClientClaims::default(),
            url_claims: UrlClaims::default(),
            issued_at: world.clock().now(),
            edits: Vec::new(),
        }
    }

    /// A gateway credential, whatever the network's default is.
    #[must_use]
    pub fn of_gateway(mut self) -> Self {
        self.kind = CredentialKind::Gateway;
        self
    }

    /// A credential with client claims, whatever the network's default is.
    #[must_use]
    pub fn with_client_claims(mut self) -> Self {
        self.kind = CredentialKind::ClientClaims;
        self
    }

    /// A credential with client claims of these names.
    #[must_use]
    pub fn client_claims(mut self, names: ClientClaims) -> Self {
        self.client_claims = names;
        self.with_client_claims()
    }

    /// A credential with client claims whose URL claims have these names.
    #[must_use]
    pub fn url_claims(mut self, names: UrlClaims) -> Self {
        self.url_claims = names;
        self.with_client_claims()
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
        let Self {
            connection,
            kind,
            client_claims,
            url_claims,
            issued_at,
            edits,
        } = self;
        let world = &connection.environment.world;
        let id = Uuid::new_v4().to_string();
        let secret = (kind == CredentialKind::ClientClaims).then(|| client_secret(&connection));
        let (header, mut claims) = match &secret {
            None => (
                json!({"alg": "RS256", "kid": world.key_id()}),
                claims::of_gateway(&connection, &id, issued_at),
            ),
            Some(secret) => (
                json!({"alg": "RS256", "typ": "JWT", "kid": "default"}),
                claims::of_client(&connection, &id, issued_at, secret, (client_claims, url_claims)),
            ),
        };
        for (name, value) in edits {
            match value {
                Some(value) => claims.insert(name, value),
                None => claims.remove(&name),
            };
        }
        let jwt = world.sign(&header, &Value::Object(claims.clone()));
        world.markers().add(STANDARD.encode(&jwt));
        let proof = secret.map_or_else(|| Proof::Jwt(jwt.clone()), Proof::ClientSecret);
        connection.change(|connection| {
            connection.credentials.insert(id.clone(), proof);
        });
        Credential {
            id,
            jwt,
            claims,
            kind,
        }
    }
}

/// A new secret for the connection's OIDC client.
fn client_secret(connection: &ProductConnection) -> String {
    // Real secrets hold a tilde, which a client has to percent-encode in HTTP Basic (RFC 6749, 2.3.1).
    let secret = format!("{}~{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let markers = connection.environment.world.markers();
    markers.add(&secret);
    markers.add(STANDARD.encode(format!("{}:{secret}", connection.id)));
    secret
}
