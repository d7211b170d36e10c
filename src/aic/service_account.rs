//! A tenant's service account: its id and the RSA key that the console hands out as a JWK.

use std::{collections::BTreeSet, fmt};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use pkcs1::{RsaPrivateKey, UintRef, der::Encode};
use secrecy::{SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};

/// Some deployments refuse an assertion that lives longer than this, though 899 s are documented.
pub(super) const ASSERTION_LIFETIME_SECONDS: i64 = 180;

/// A service account that can sign assertions.
pub struct ServiceAccount {
    id: String,
    modulus: String,
    key: EncodingKey,
}

/// Why a Secret holds no service account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServiceAccount {
    /// The id is no UUID.
    #[error("serviceAccountId is not a UUID: copy the service account's id from the tenant's console")]
    Id,
    /// The key is no JWK.
    #[error(
        "jwk is not a JWK in JSON: paste the private key file that the tenant's console hands out when the service account is created"
    )]
    NotAJwk,
    /// The key is not a private RSA key.
    #[error("jwk is not a private RSA key: {0}")]
    NotRsa(String),
}

/// The members of a private RSA key (RFC 7518 §6.3.2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    n: Option<String>,
    e: Option<SecretString>,
    d: Option<SecretString>,
    p: Option<SecretString>,
    q: Option<SecretString>,
    dp: Option<SecretString>,
    dq: Option<SecretString>,
    qi: Option<SecretString>,
}

/// A key alone, or a set of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeyFile {
    Set { keys: [Jwk; 1] },
    Key(Box<Jwk>),
}

/// The assertion of RFC 7523, as the documentation of service accounts asks for it.
#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    jti: String,
}

impl ServiceAccount {
    /// Reads the two values of a service account's Secret.
    pub fn parse(id: &str, jwk: &[u8]) -> Result<Self, InvalidServiceAccount> {
        let id = id.trim();
        if uuid::Uuid::try_parse(id).is_err() || id.len() != 36 {
            return Err(InvalidServiceAccount::Id);
        }
        // Some editors begin a file with it.
        let jwk = jwk.strip_prefix("\u{feff}".as_bytes()).unwrap_or(jwk);
        let jwk = match serde_json::from_slice(jwk) {
            Ok(KeyFile::Key(jwk)) => *jwk,
            Ok(KeyFile::Set { keys: [jwk] }) => jwk,
            Err(_) => return Err(InvalidServiceAccount::NotAJwk),
        };
        let (modulus, key) = jwk.encoding_key()?;
        Ok(Self {
            id: id.to_owned(),
            modulus,
            key,
        })
    }

    /// The account's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half of the key, which tells one key from another.
    pub(super) fn modulus(&self) -> &str {
        &self.modulus
    }

    /// Signs an assertion for `audience` that ends at `expires_at`, in seconds since 1970 by the tenant's clock.
    pub(super) fn assertion(
        &self,
        audience: &str,
        expires_at: i64,
    ) -> Result<SecretString, jsonwebtoken::errors::Error> {
        let (iss, sub) = (self.id.as_str(), self.id.as_str());
        let claims = Assertion {
            iss,
            sub,
            aud: audience,
            exp: expires_at,
            jti: uuid::Uuid::new_v4().to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key).map(Into::into)
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServiceAccount")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Jwk {
    /// The modulus, and the key as the signer wants it: PKCS #1 (RFC 8017 A.1.2).
    fn encoding_key(self) -> Result<(String, EncodingKey), InvalidServiceAccount> {
        let Self {
            kty,
            n,
            e,
            d,
            p,
            q,
            dp,
            dq,
            qi,
        } = self;
        if kty != "RSA" {
            return Err(InvalidServiceAccount::NotRsa("its kty is not RSA".to_owned()));
        }
        let modulus = n.ok_or_else(|| missing("n"))?;
        let n = number("n", Some(modulus.clone().into()))?;
        let [e, d, p, q, dp, dq, qi] = [
            ("e", e),
            ("d", d),
            ("p", p),
            ("q", q),
            ("dp", dp),
            ("dq", dq),
            ("qi", qi),
        ]
        .map(|(name, value)| number(name, value));
        let (e, d, p, q, dp, dq, qi) = (e?, d?, p?, q?, dp?, dq?, qi?);
        let unreadable = |_| InvalidServiceAccount::NotRsa("its numbers do not make a key".to_owned());
        let der = RsaPrivateKey {
            modulus: UintRef::new(&n).map_err(unreadable)?,
            public_exponent: UintRef::new(&e).map_err(unreadable)?,
            private_exponent: UintRef::new(&d).map_err(unreadable)?,
            prime1: UintRef::new(&p).map_err(unreadable)?,
            prime2: UintRef::new(&q).map_err(unreadable)?,
            exponent1: UintRef::new(&dp).map_err(unreadable)?,
            exponent2: UintRef::new(&dq).map_err(unreadable)?,
            coefficient: UintRef::new(&qi).map_err(unreadable)?,
            other_prime_infos: None,
        }
        .to_der()
        .map(Zeroizing::new)
        .map_err(unreadable)?;
        let key = EncodingKey::from_rsa_der(&der);
        if can_sign(&der, &key) {
            Ok((modulus, key))
        } else {
            Err(InvalidServiceAccount::NotRsa(
                "it cannot sign; its numbers do not fit together".to_owned(),
            ))
        }
    }
}

/// Whether a key can sign. The signer looks at its numbers only when it signs.
fn can_sign(der: &[u8], key: &EncodingKey) -> bool {
    /// The digests of keys that have signed: a signature in each reconciliation would be most of its cost.
    static HAVE_SIGNED: Mutex<BTreeSet<[u8; SHA256_OUTPUT_LEN]>> = Mutex::new(BTreeSet::new());
    /// More keys than an installation has tenants; then all are tried again.
    const MOST: usize = 10_000;

    let mut own = [0; SHA256_OUTPUT_LEN];
    own.copy_from_slice(digest(&SHA256, der).as_ref());
    if HAVE_SIGNED.lock().contains(&own) {
        return true;
    }
    if jsonwebtoken::crypto::sign(b"probe", key, Algorithm::RS256).is_err() {
        return false;
    }
    let mut have_signed = HAVE_SIGNED.lock();
    if have_signed.len() >= MOST {
        have_signed.clear();
    }
    have_signed.insert(own);
    true
}

fn missing(name: &str) -> InvalidServiceAccount {
    InvalidServiceAccount::NotRsa(format!("its member {name} is missing"))
}

fn number(name: &str, value: Option<SecretString>) -> Result<Zeroizing<Vec<u8>>, InvalidServiceAccount> {
    use secrecy::ExposeSecret;
    let value = value.ok_or_else(|| missing(name))?;
    // Some tools pad base64url; the RFC does not.
    BASE64_URL_SAFE_NO_PAD
        .decode(value.expose_secret().trim_end_matches('='))
        .map(Zeroizing::new)
        .map_err(|_| InvalidServiceAccount::NotRsa(format!("its member {name} is not base64url")))
}
