//! What a person does in the tenant's console, past the API and its journal, in a mutable tenant or not.

use std::sync::MutexGuard;

use serde_json::Value;

use super::esv::Secret;
use super::promotion::WRITE_REFUSED;
use super::state::State;
use super::{ConfigItem, Realm, Tenant};

/// A person's hands on a tenant.
#[derive(Clone, Debug)]
pub struct Console(pub(super) Tenant);

impl Tenant {
    /// A person at this tenant's console.
    #[must_use]
    pub fn console(&self) -> Console {
        Console(self.clone())
    }
}

impl Console {
    /// What `lastChangedBy` says after a person's change.
    pub const PERSON: &str = "Barbara Jensen";

    /// Creates a generic ESV secret.
    pub fn create_secret(&self, id: &str, description: &str, use_in_placeholders: bool, value: &str) {
        let now = self.0.now();
        let value = value.as_bytes().to_vec();
        let secret = Secret::new(
            "generic",
            use_in_placeholders,
            description,
            value,
            Self::PERSON,
            now,
        );
        self.makes(format!("/environment/secrets/{id}"), true);
        self.0.state().secrets.insert(id.to_owned(), secret);
    }

    /// Lets others take over whatever people have made in this tenant.
    pub fn hand_over(&self) {
        self.0.0.world.peoples_things().hand_over(self.0.host());
    }

    /// A person makes this now. It is noted first, for a call may follow at once.
    fn makes(&self, path: String, is_folder: bool) {
        self.0
            .0
            .world
            .peoples_things()
            .add(self.0.host(), path, is_folder);
    }

    /// Adds a version to an ESV secret, unless its newest one has that value.
    ///
    /// # Panics
    /// If there is no such secret, as the other edits do.
    pub fn add_version(&self, id: &str, value: &str) {
        let now = self.0.now();
        self.edit_secret(id, |secret| {
            secret.add_version(value.as_bytes().to_vec(), Self::PERSON, now);
        });
    }

    /// Replaces an ESV secret's description, if it is another.
    pub fn set_description(&self, id: &str, description: &str) {
        let now = self.0.now();
        self.edit_secret(id, |secret| {
            secret.describe(description, Self::PERSON, now);
        });
    }

    /// Deletes an ESV secret; AM may have its value in its cache.
    pub fn delete_secret(&self, id: &str) {
        self.0.state().secrets.remove(id).expect("there is such a secret");
    }

    /// Creates the worker service in the realm, or enables or disables it.
    ///
    /// # Panics
    /// If the environment is locked, as every edit of static configuration does.
    pub fn set_worker_service(&self, realm: Realm, enabled: bool) {
        self.makes(worker_service(realm), false);
        self.writable().realm_mut(realm).worker_service = Some(enabled);
    }

    /// Creates or replaces a worker with exactly these attributes.
    pub fn put_worker(&self, realm: Realm, name: &str, attributes: Value) {
        let Value::Object(attributes) = attributes else {
            panic!("a worker is a JSON object")
        };
        self.makes(format!("{}/workers/{name}", worker_service(realm)), true);
        self.writable()
            .realm_mut(realm)
            .workers
            .insert(name.to_owned(), attributes);
    }

    /// Sets one attribute of a worker.
    pub fn edit_worker(&self, realm: Realm, name: &str, attribute: &str, value: impl Into<Value>) {
        let mut state = self.writable();
        let worker = state
            .realm_mut(realm)
            .workers
            .get_mut(name)
            .expect("there is such a worker");
        worker.insert(attribute.to_owned(), value.into());
    }

    /// Deletes a worker; its mapping stays.
    pub fn delete_worker(&self, realm: Realm, name: &str) {
        self.writable()
            .realm_mut(realm)
            .workers
            .remove(name)
            .expect("there is such a worker");
    }

    /// Maps a secret label to an ESV.
    pub fn put_mapping(&self, realm: Realm, label: &str, esv: &str) {
        let store = "secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV";
        let path = format!("/realms/{}/realm-config/{store}/mappings/{label}", realm.as_str());
        self.makes(path, true);
        self.writable()
            .realm_mut(realm)
            .mappings
            .insert(label.to_owned(), esv.to_owned());
    }

    /// Unmaps a secret label.
    pub fn delete_mapping(&self, realm: Realm, label: &str) {
        self.writable()
            .realm_mut(realm)
            .mappings
            .remove(label)
            .expect("the label is mapped");
    }

    /// Creates or replaces a piece of another team's static configuration.
    pub fn put_item(&self, item: ConfigItem, content: &str) {
        self.writable()
            .configuration
            .others
            .insert(item, content.to_owned());
    }

    /// Deletes a piece of another team's static configuration.
    pub fn delete_item(&self, item: &ConfigItem) {
        self.writable()
            .configuration
            .others
            .remove(item)
            .expect("there is such a piece");
    }

    /// The state for an edit of static configuration, which a lock refuses.
    fn writable(&self) -> MutexGuard<'_, State> {
        let state = self.0.state();
        assert!(!state.is_frozen(), "{}: {WRITE_REFUSED}", self.0.host());
        state
    }

    fn edit_secret(&self, id: &str, edit: impl FnOnce(&mut Secret)) {
        edit(
            self.0
                .state()
                .secrets
                .get_mut(id)
                .expect("there is such a secret"),
        );
    }
}

/// The end of the path of a realm's worker service.
fn worker_service(realm: Realm) -> String {
    format!(
        "/realms/{}/realm-config/services/pingOneWorkerService",
        realm.as_str()
    )
}
