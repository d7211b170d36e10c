//! What a tenant knows.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Realm;
use super::account::Account;
use super::esv::Secret;
use super::promotion::Lock;
use super::switches::Switches;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) switches: Switches,
    /// Service accounts by id; a revoked one is gone.
    pub(super) accounts: HashMap<String, Account>,
    /// By value.
    pub(super) tokens: HashMap<String, AccessToken>,
    /// Service account and `jti` of every assertion that was accepted.
    pub(super) used_assertions: HashSet<(String, String)>,
    pub(super) secrets: BTreeMap<String, Secret>,
    /// When the restart under way will be over.
    pub(super) restart_ends: Option<Timestamp>,
    /// ESV values as AM has them in its cache, by ESV id.
    pub(super) cached_values: HashMap<String, CachedValue>,
    pub(super) lock: Lock,
    alpha: RealmConfig,
    bravo: RealmConfig,
}

#[derive(Debug)]
pub(super) struct AccessToken {
    pub(super) account: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Timestamp,
}

#[derive(Debug)]
pub(super) struct CachedValue {
    pub(super) value: Vec<u8>,
    pub(super) expires: Timestamp,
}

/// The static configuration of one realm, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct RealmConfig {
    /// Whether the worker service exists, and if it does whether it is enabled.
    pub(super) worker_service: Option<bool>,
    /// Attributes of the workers, by name.
    pub(super) workers: BTreeMap<String, Map<String, Value>>,
    /// The ESV id that each secret label is mapped to.
    pub(super) mappings: BTreeMap<String, String>,
}

impl State {
    pub(super) fn realm(&self, realm: Realm) -> &RealmConfig {
        match realm {
            Realm::Alpha => &self.alpha,
            Realm::Bravo => &self.bravo,
        }
    }

    pub(super) fn realm_mut(&mut self, realm: Realm) -> &mut RealmConfig {
        match realm {
            Realm::Alpha => &mut self.alpha,
            Realm::Bravo => &mut self.bravo,
        }
    }
}
