//! What a tenant knows.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::Realm;
use super::account::Account;
use super::configuration::{RealmConfig, StaticConfiguration};
use super::esv::Secret;
use super::promotion::{Lock, Promotions};
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
    /// How many calls of the ESV API were answered.
    esv_answers: usize,
    /// When the restart under way will be over.
    pub(super) restart_ends: Option<Timestamp>,
    /// ESV values as AM has them in its cache, by ESV id.
    pub(super) cached_values: HashMap<String, CachedValue>,
    pub(super) configuration: StaticConfiguration,
    pub(super) lock: Lock,
    pub(super) promotions: Promotions,
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

impl State {
    /// Counts an answer of the ESV API, and tells of every second one.
    pub(super) fn is_second_esv_answer(&mut self) -> bool {
        self.esv_answers += 1;
        self.esv_answers.is_multiple_of(2)
    }

    pub(super) fn realm(&self, realm: Realm) -> &RealmConfig {
        self.configuration.realm(realm)
    }

    pub(super) fn realm_mut(&mut self, realm: Realm) -> &mut RealmConfig {
        self.configuration.realm_mut(realm)
    }
}
