//! RSA keys as JWKs and RS256 JSON Web Tokens, from the RFCs alone, so that a client is checked by other code
//! than its own.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The JWK's members in the order in which PKCS #1 writes them (RFC 8017, A.1.2; RFC 7518, 6.3).
const MEMBERS: [&str; 8] = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

/// The members that are public.
pub(crate) const PUBLIC_MEMBERS: [&str; 2] = ["n", "e"];

#[derive(Debug)]
pub(crate) struct RsaKey {
    pair: KeyPair,
    members: Vec<Vec<u8>>,
}

impl RsaKey {
    pub(crate) fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be generated");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("an RSA key has a PKCS #8 form");
        let members = pkcs1_integers(der.as_ref()).expect("PKCS #8 holds a PKCS #1 key");
        Self { pair, members }
    }

    /// A key of this process. Making one takes long, so some are used again; those of two calls in a row differ.
    pub(crate) fn next() -> Arc<Self> {
        const COUNT: usize = 16;
        static KEYS: [LazyLock<Arc<RsaKey>>; COUNT] =
            [const { LazyLock::new(|| Arc::new(RsaKey::generate())) }; COUNT];
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Arc::clone(&KEYS[NEXT.fetch_add(1, Ordering::Relaxed) % COUNT])
    }

    /// The private key as a JWK, with `kty` and the eight members.
    pub(crate) fn jwk(&self) -> Map<String, Value> {
        let members = MEMBERS.iter().zip(&self.members);
        let mut jwk: Map<String, Value> = members
            .map(|(name, value)| ((*name).to_owned(), encode(value).into()))
            .collect();
        jwk.insert("kty".to_owned(), "RSA".into());
        jwk
    }

    /// A compact JWT over these, signed with RS256 whatever the header claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                input.as_bytes(),
                &mut signature,
            )
            .expect("an RSA key signs");
        format!("{input}.{}", encode(signature))
    }

    pub(crate) fn verifies(&self, jwt: &Jwt) -> bool {
        let [n, e, ..] = self.members.as_slice() else {
            return false;
        };
        RsaPublicKeyComponents { n, e }
            .verify(&RSA_PKCS1_2048_8192_SHA256, jwt.signed.as_bytes(), &jwt.signature)
            .is_ok()
    }
}

/// A JWT that was taken apart; nothing about it is proved.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: serde_json::from_slice(&decode(header)?).ok()?,
            claims: serde_json::from_slice(&decode(claims)?).ok()?,
            signed: signed.to_owned(),
            signature: decode(signature)?,
        })
    }

    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The integers of the PKCS #1 key inside PKCS #8, after the version and without sign bytes.
fn pkcs1_integers(pkcs8: &[u8]) -> Option<Vec<Vec<u8>>> {
    const SEQUENCE: u8 = 0x30;
    const OCTET_STRING: u8 = 0x04;
    let mut info = read_der(&mut &*pkcs8, SEQUENCE)?;
    let _version = read_der(&mut info, INTEGER)?;
    let _algorithm = read_der(&mut info, SEQUENCE)?;
    let mut key = read_der(&mut read_der(&mut info, OCTET_STRING)?, SEQUENCE)?;
    let _version = read_der(&mut key, INTEGER)?;
    let integers = MEMBERS.iter().map(|_| {
        let integer = read_der(&mut key, INTEGER)?;
        Some(integer.strip_prefix(&[0]).unwrap_or(integer).to_vec())
    });
    integers.collect()
}

const INTEGER: u8 = 0x02;

/// The content of the next DER element, which must have this tag.
fn read_der<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (&found, rest) = input.split_first()?;
    let (&length, mut rest) = rest.split_first()?;
    let mut length = usize::from(length);
    if length >= 0x80 {
        let (bytes, after) = rest.split_at_checked(length - 0x80)?;
        length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    *input = after;
    (found == tag).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::{Jwt, RsaKey};
    use serde_json::json;

    #[test]
    fn a_key_verifies_what_it_signed_and_nothing_else() {
        let (key, other) = (RsaKey::generate(), RsaKey::generate());
        let text = key.sign(&json!({"alg": "RS256"}), &json!({"iss": "me"}));
        let jwt = Jwt::parse(&text).expect("a JWT");
        assert_eq!(jwt.claim("iss"), Some("me"));
        assert!(key.verifies(&jwt));
        assert!(!other.verifies(&jwt));
    }

    #[test]
    fn a_jwk_has_all_members_of_a_private_key() {
        let jwk = RsaKey::generate().jwk();
        let lengths =
            ["n", "d", "p", "q", "dp", "dq", "qi"].map(|name| jwk[name].as_str().map_or(0, str::len));
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(lengths[0], 342, "a modulus of 2048 bits");
        assert!(lengths[1..].iter().all(|length| *length > 160), "{lengths:?}");
    }
}
