//! A digest, by which a secret is known again without being kept.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

/// The SHA-256 of secrets that nobody can guess: a client's secret, a signed credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of some secrets, in order.
    #[must_use]
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut context = Context::new(&SHA256);
        for secret in secrets {
            let secret = secret.expose_secret().as_bytes();
            // With its length, so that what ends one secret cannot begin the next.
            context.update(&secret.len().to_be_bytes());
            context.update(secret);
        }
        Self(BASE64_URL_SAFE_NO_PAD.encode(context.finish()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_secrets_have_another_digest_and_none_is_in_it() {
        let of = |parts: &[&str]| {
            let secrets: Vec<SecretString> = parts.iter().map(|part| (*part).into()).collect();
            Digest::of(&secrets)
        };
        assert_eq!(of(&["marker"]), of(&["marker"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["marker"]).to_string().len(), 43);
    }
}
