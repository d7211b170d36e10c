//! What is written: objects, Secrets to fill in, and the list of what to apply. No I/O.

use std::collections::BTreeMap;

use pingone_aic_operator::api::{Realm, TenantEnvironment};
use serde_json::{Value, json};

use super::observe::{Importable, Seen};

/// The tenant, and what the user says of it.
pub struct Site {
    pub url: String,
    pub environment: TenantEnvironment,
    /// A ClusterSecretStore of External Secrets.
    pub secret_store: Option<String>,
}

/// Files by their names, objects by theirs.
pub struct Manifests {
    site_files: BTreeMap<String, String>,
    /// Listed in the kustomization.
    applied: Vec<String>,
    /// The name of each worker's object.
    objects: BTreeMap<(&'static str, String), String>,
}

impl Manifests {
    /// The object that adopts a worker.
    pub fn object(&self, realm: Realm, worker: &str) -> Option<&str> {
        self.objects
            .get(&(realm.as_str(), worker.to_owned()))
            .map(String::as_str)
    }

    /// All files, by their paths.
    pub fn files(&self, report: &str) -> BTreeMap<String, String> {
        let mut files = self.site_files.clone();
        let kustomization = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": self.applied,
        });
        files.insert("kustomization.yaml".to_owned(), yaml(&kustomization));
        files.insert("REPORT.md".to_owned(), report.to_owned());
        files
    }
}

/// One file for each worker that can be adopted, and what their Secrets come from.
pub fn manifests(site: &Site, workers: &[Seen]) -> Manifests {
    let kind = site.environment.as_str().to_lowercase();
    let account = format!("aic-{kind}");
    let mut manifests = Manifests {
        site_files: BTreeMap::new(),
        applied: Vec::new(),
        objects: BTreeMap::new(),
    };
    manifests.secret(
        site,
        &account,
        &["serviceAccountId", "jwk"],
        "A service account of this tenant.",
    );
    for Seen { realm, worker, found } in workers {
        let Ok(found) = found else { continue };
        let base = format!("{kind}-{worker}-{}", realm.as_str()).to_lowercase();
        // Workers whose names differ in their capitals alone.
        let is_taken = |name: &String| manifests.objects.values().any(|other| other == name);
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        let name = names.find(|name| !is_taken(name)).unwrap_or(base);
        let credential = format!("pingone-{name}");
        let why = format!("The JWT of credential {} (its claim jti).", found.credential);
        manifests.secret(site, &credential, &["credential"], &why);
        let objects = [
            connection(&name, &credential, found),
            integration(site, &name, *realm, &account, found),
        ];
        let file = format!("{name}.yaml");
        manifests.applied.push(file.clone());
        manifests
            .site_files
            .insert(file, objects.map(|object| yaml(&object)).join("---\n"));
        manifests.objects.insert((realm.as_str(), worker.clone()), name);
    }
    manifests
}

impl Manifests {
    /// What a Secret comes from: an ExternalSecret, or a Secret to fill in, which is not applied with the others.
    fn secret(&mut self, site: &Site, name: &str, keys: &[&str], why: &str) {
        let file = format!("secrets/{name}.yaml");
        let object = if let Some(store) = &site.secret_store {
            self.applied.push(file.clone());
            external_secret(name, keys, store)
        } else {
            let data: BTreeMap<_, _> = keys
                .iter()
                .map(|key| (key, "fill this in, and never commit it"))
                .collect();
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})
        };
        self.site_files
            .insert(file, format!("# {why}\n{}", yaml(&object)));
    }
}

fn connection(name: &str, secret: &str, found: &Importable) -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1",
        "kind": "PingOneConnection",
        "metadata": {"name": name},
        "spec": {
            "credentialSecretRef": {"name": secret},
            "environment": {"id": found.environment.id, "name": found.environment.name},
        },
    })
}

fn integration(site: &Site, name: &str, realm: Realm, account: &str, found: &Importable) -> Value {
    let adoption = &found.adoption;
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1",
        "kind": "AICIntegration",
        "metadata": {"name": name},
        "spec": {
            "adopt": true,
            "connectionRef": {"name": name},
            "driftPolicy": "Warn",
            "esvId": adoption.esv.as_str(),
            "name": adoption.name.as_str(),
            "realm": realm.as_str(),
            "secretLabelIdentifier": adoption.label.as_str(),
            "tenant": {
                "environment": site.environment.as_str(),
                "serviceAccountSecretRef": {"name": account},
                "url": site.url,
            },
        },
    })
}

fn external_secret(name: &str, keys: &[&str], store: &str) -> Value {
    let data = keys
        .iter()
        .map(|key| json!({"secretKey": key, "remoteRef": {"key": name, "property": key}}));
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name},
        "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": store},
            "target": {"name": name},
            "data": data.collect::<Vec<_>>(),
        },
    })
}

fn yaml(object: &Value) -> String {
    // Made of texts and booleans alone: it can be written.
    serde_saphyr::to_string(object).unwrap_or_default()
}
