//! What a test may know about a tenant that no API tells, and what a promotion copies.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::am::known_labels;
use super::esv::Secret;
use super::{ConfigItem, Realm, Tenant};

impl Tenant {
    /// Whether a lock freezes its static configuration.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.state().is_frozen()
    }

    /// Every ESV secret with its values, by id.
    #[must_use]
    pub fn secrets(&self) -> BTreeMap<String, Secret> {
        self.state().secrets.clone()
    }

    /// One ESV secret with its values.
    #[must_use]
    pub fn secret(&self, id: &str) -> Option<Secret> {
        self.state().secrets.get(id).cloned()
    }

    /// Whether the worker service exists in the realm, and if it does whether it is enabled.
    #[must_use]
    pub fn worker_service(&self, realm: Realm) -> Option<bool> {
        self.state().realm(realm).worker_service
    }

    /// The attributes of the realm's workers, by name.
    #[must_use]
    pub fn workers(&self, realm: Realm) -> BTreeMap<String, Map<String, Value>> {
        self.state().realm(realm).workers.clone()
    }

    /// The ESV id that each mapped secret label leads to.
    #[must_use]
    pub fn mappings(&self, realm: Realm) -> BTreeMap<String, String> {
        self.state().realm(realm).mappings.clone()
    }

    /// The secret labels that can be mapped in the realm now.
    #[must_use]
    pub fn secret_labels(&self, realm: Realm) -> Vec<String> {
        known_labels(&self.state(), realm)
    }

    /// Every piece of static configuration with its content: worker services, workers, mappings, and what
    /// other teams have.
    #[must_use]
    pub fn static_configuration(&self) -> BTreeMap<ConfigItem, String> {
        self.state().configuration.items()
    }

    /// Makes static configuration what it is in the lower tenant, as a promotion does but at once and without
    /// its conditions. ESVs are dynamic configuration, and stay.
    pub fn import_static_configuration_from(&self, lower: &Self) {
        let configuration = lower.state().configuration.clone();
        self.state().configuration = configuration;
    }
}
