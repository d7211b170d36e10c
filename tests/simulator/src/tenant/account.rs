//! Service accounts.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::Tenant;
use crate::jose::{PUBLIC_MEMBERS, RsaKey};

/// A service account, as the console hands it out.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its id, a UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its private key, a JWK as JSON.
    pub jwk: String,
}

/// The tenant's side of it.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) key: Arc<RsaKey>,
}

/// Scopes that are part of a broader one, by the end that they have in place of its `*`.
const PARTS: [(&str, &[&str]); 3] = [
    ("fr:idc:esv:*", &["read", "update", "restart"]),
    ("fr:idc:promotion:*", &["read"]),
    ("fr:idc:release:*", &["read"]),
];

impl Account {
    /// Whether a token can have this scope: it is one of the account's own, or part of one.
    pub(super) fn may_ask_for(&self, scope: &str) -> bool {
        let is_part_of = |own: &str| {
            PARTS.iter().any(|(broad, ends)| {
                let end = scope.strip_prefix(broad.trim_end_matches('*'));
                own == *broad && end.is_some_and(|end| ends.contains(&end))
            })
        };
        self.scopes.iter().any(|own| own == scope || is_part_of(own))
    }
}

impl Tenant {
    /// Creates a service account that may ask for these scopes, and for parts of them (`…:read` of `…:*`).
    #[must_use]
    pub fn create_service_account(&self, name: &str, scopes: &[&str]) -> ServiceAccount {
        let key = RsaKey::next();
        let jwk = key.jwk();
        for (member, value) in &jwk {
            if let (false, Value::String(value)) = (is_public(member), value) {
                self.0.world.markers().add(value);
            }
        }
        let id = Uuid::new_v4().to_string();
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.state().accounts.insert(
            id.clone(),
            Account {
                name: name.to_owned(),
                scopes,
                key,
            },
        );
        ServiceAccount {
            id,
            name: name.to_owned(),
            jwk: Value::Object(jwk).to_string(),
        }
    }

    /// Deletes a service account; its tokens are worthless from now on.
    pub fn revoke_service_account(&self, id: &str) {
        self.state().accounts.remove(id);
    }
}

fn is_public(member: &str) -> bool {
    member == "kty" || PUBLIC_MEMBERS.contains(&member)
}
