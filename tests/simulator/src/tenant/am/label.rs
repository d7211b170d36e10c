//! Secret labels: a few that every realm has, and those that workers bring into being.

use serde_json::{Map, Value};

use super::super::Realm;
use super::super::configuration::RealmConfig;
use super::super::state::State;

/// Some of the labels that AM knows by itself.
const BUILT_IN: [&str; 3] = [
    "am.applications.agents.remote.consent.request.signing.ES256",
    "am.authentication.nodes.persistentcookie.encryption",
    "am.services.httpclient.mtls.clientcert.default.secret",
];

/// The label under which the credential of a worker with this identifier is found.
pub(super) fn credential(identifier: &str) -> String {
    format!("am.services.pingone.worker.{identifier}.credential")
}

/// Every label that can be mapped in the realm now.
pub(in super::super) fn known(state: &State, realm: Realm) -> Vec<String> {
    let RealmConfig { workers, .. } = state.realm(realm);
    let of_workers = workers
        .values()
        .filter_map(|worker| of_worker(worker, &state.switches.label_attribute));
    let mut labels: Vec<_> = BUILT_IN
        .into_iter()
        .map(str::to_owned)
        .chain(of_workers)
        .collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// The label that a worker reads its secret from.
fn of_worker(worker: &Map<String, Value>, label_attribute: &str) -> Option<String> {
    let text = |name: &str| worker.get(name).and_then(Value::as_str);
    if worker.get("useCredential") == Some(&Value::Bool(true)) {
        return text(label_attribute).map(credential);
    }
    text("clientSecretPurpose")
        .map(|identifier| format!("am.services.pingone.worker.{identifier}.clientsecret"))
}
