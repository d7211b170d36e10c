//! What is written: objects, Secrets to fill in, and the list of what to apply. No I/O.

use std::collections::BTreeMap;

use pingone_aic_operator::{
    api::{Realm, TENANT_HOSTS_ANNOTATION, TenantEnvironment},
    http::Host,
};
use serde_json::{Value, json};

use super::observe::{Importable, Seen};

/// The tenant, and what the user says of it.
pub struct Site {
    pub host: Host,
    pub environment: TenantEnvironment,
    /// A ClusterSecretStore of External Secrets.
    pub secret_store: Option<String>,
    /// Where the objects are to be, if that was said.
    pub namespace: Option<String>,
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
    pub fn files(&self, site: &Site, report: &str) -> BTreeMap<String, String> {
        let mut files = self.site_files.clone();
        let mut kustomization = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": self.applied,
        });
        if let Some(namespace) = &site.namespace {
            kustomization["namespace"] = json!(namespace);
        }
        files.insert("kustomization.yaml".to_owned(), yaml(&kustomization));
        files.insert("REPORT.md".to_owned(), report.to_owned());
        files
    }
}

/// One file for each worker that can be adopted, and what their Secrets come from.
pub fn manifests(site: &Site, workers: &[Seen]) -> Manifests {
    let tenant = site.name();
    let account = format!("aic-{tenant}");
    let mut manifests = Manifests {
        site_files: BTreeMap::new(),
        applied: Vec::new(),
        objects: BTreeMap::new(),
    };
    let keys = &["serviceAccountId", "jwk"];
    manifests.secret(site, &account, keys, None, "A service account of this tenant.");
    for seen in workers {
        let Ok(found) = &seen.found else { continue };
        let name = object_name(&tenant, seen, workers);
        let credential = format!("pingone-{name}");
        let why = format!("The JWT of credential {} (its claim jti).", found.credential);
        let allowed = found.is_bound_elsewhere(&site.host).then_some(&site.host);
        manifests.secret(site, &credential, &["credential"], allowed, &why);
        let objects = [
            connection(&name, &credential, found),
            integration(site, &name, seen.realm, &account, found),
        ];
        let file = format!("{name}.yaml");
        manifests.applied.push(file.clone());
        manifests
            .site_files
            .insert(file, objects.map(|object| yaml(&object)).join("---\n"));
        manifests
            .objects
            .insert((seen.realm.as_str(), seen.worker.clone()), name);
    }
    if site.secret_store.is_none() {
        let ignored = "# What is filled in here is secret.\n*\n";
        manifests
            .site_files
            .insert("secrets/.gitignore".to_owned(), ignored.to_owned());
    }
    manifests
}

/// The same in every import: workers whose names differ in their capitals alone are told apart by these.
fn object_name(tenant: &str, seen: &Seen, workers: &[Seen]) -> String {
    let Seen { realm, worker, .. } = seen;
    let name = format!("{tenant}-{worker}-{}", realm.as_str()).to_lowercase();
    let is_like = |other: &&Seen| other.realm == *realm && other.worker.eq_ignore_ascii_case(worker);
    if workers.iter().filter(is_like).count() == 1 {
        return name;
    }
    let capital = |letter: u8| u64::from(letter.is_ascii_uppercase());
    let capitals = worker
        .bytes()
        .fold(0, |bits: u64, letter| bits << 1 | capital(letter));
    format!("{name}-{capitals:x}")
}

impl Site {
    /// What the tenant is called in names of objects.
    fn name(&self) -> String {
        let first = self.host.name().split('.').next().unwrap_or_default();
        first.strip_prefix("openam-").unwrap_or(first).to_owned()
    }
}

impl Manifests {
    /// What a Secret comes from: an ExternalSecret, or a Secret to fill in, which is not applied with the others.
    /// `allowed` is a tenant that the credential's own name does not allow.
    fn secret(&mut self, site: &Site, name: &str, keys: &[&str], allowed: Option<&Host>, why: &str) {
        let file = format!("secrets/{name}.yaml");
        let metadata = allowed.map(|host| json!({"annotations": {TENANT_HOSTS_ANNOTATION: host.as_str()}}));
        let mut object = if let Some(store) = &site.secret_store {
            self.applied.push(file.clone());
            external_secret(name, keys, store)
        } else {
            let filled = |key| (key, "fill this in, and never commit it");
            let data: BTreeMap<_, _> = keys.iter().map(filled).collect();
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})
        };
        match (metadata, &site.secret_store) {
            (Some(metadata), Some(_)) => object["spec"]["target"]["template"] = json!({"metadata": metadata}),
            (Some(metadata), None) => object["metadata"]["annotations"] = metadata["annotations"].clone(),
            (None, _) => {}
        }
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
                "url": format!("https://{}", site.host),
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
