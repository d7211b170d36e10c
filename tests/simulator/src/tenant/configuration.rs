//! Static configuration: what a promotion copies and a lock freezes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Realm;

/// All of it, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct StaticConfiguration {
    alpha: RealmConfig,
    bravo: RealmConfig,
    /// What other teams have here, by what it is.
    pub(super) others: BTreeMap<ConfigItem, String>,
}

/// The static configuration of one realm.
#[derive(Clone, Debug, Default)]
pub(super) struct RealmConfig {
    /// Whether the worker service exists, and if it does whether it is enabled.
    pub(super) worker_service: Option<bool>,
    /// Attributes of the workers, by name.
    pub(super) workers: BTreeMap<String, Map<String, Value>>,
    /// The ESV id that each secret label is mapped to.
    pub(super) mappings: BTreeMap<String, String>,
}

/// One piece of static configuration, as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigItem {
    /// What it is, such as `Email > Templates`.
    pub kind: String,
    /// The realm of AM's configuration; IDM's has none.
    pub realm: Option<Realm>,
    /// Its name.
    pub name: String,
}

impl ConfigItem {
    /// A piece of AM's configuration.
    #[must_use]
    pub fn am(realm: Realm, kind: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            realm: Some(realm),
            name: name.to_owned(),
        }
    }

    /// A piece of IDM's configuration.
    #[must_use]
    pub fn idm(kind: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            realm: None,
            name: name.to_owned(),
        }
    }
}

impl StaticConfiguration {
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

    /// Every piece with its content. [assumed] The kinds of the worker service's pieces.
    pub(super) fn items(&self) -> BTreeMap<ConfigItem, String> {
        let mut items = self.others.clone();
        for realm in [Realm::Alpha, Realm::Bravo] {
            let mut add = |kind: &str, name: &str, content: Value| {
                items.insert(ConfigItem::am(realm, kind, name), content.to_string());
            };
            let config = self.realm(realm);
            if let Some(enabled) = config.worker_service {
                add("Services", "PingOne Worker Service", json!({"enabled": enabled}));
            }
            for (name, attributes) in &config.workers {
                add("PingOne Worker Service > Workers", name, json!(attributes));
            }
            for (label, alias) in &config.mappings {
                add("Secret Stores > Mappings", label, json!([alias]));
            }
        }
        items
    }

    /// The ESVs that the mappings lead to.
    pub(super) fn mapped_esvs(&self) -> impl Iterator<Item = &String> {
        self.alpha.mappings.values().chain(self.bravo.mappings.values())
    }
}
