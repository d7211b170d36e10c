//! A tenant's console, in which people made fifty integrations by hand.

use std::collections::BTreeMap;

use pingone_aic_simulator::{
    Mutability, Network, Realm, Region, Tenant,
    pingone::{Credential, ProductConnection},
};
use serde_json::json;

/// As many of them are as they should be.
const GOOD: usize = 37;
pub const HOST: &str = "openam-mycompany-ew2-dev.id.forgerock.io";
pub const ELSEWHERE: &str = "Prod: `eu` # \"1\" | <b>";

/// A tenant in which people have worked for years.
pub struct Console {
    pub tenant: Tenant,
    pub connection: ProductConnection,
    /// Of an environment that is no tenant's by its name.
    elsewhere: ProductConnection,
    /// By ESV.
    pub credentials: BTreeMap<String, Credential>,
}

impl Console {
    pub fn new(network: &Network) -> Self {
        let pingone = network.pingone(Region::Europe);
        let environment = pingone.create_environment("env-pingoneaic-mycompany-ew2-dev");
        let tenant = network.tenant(HOST, Mutability::Mutable);
        tenant.console().set_worker_service(Realm::Alpha, true);
        tenant.console().set_worker_service(Realm::Bravo, false);
        Self {
            tenant,
            connection: environment.create_connection(),
            elsewhere: pingone.create_environment(ELSEWHERE).create_connection(),
            credentials: BTreeMap::new(),
        }
    }

    /// An ESV with a credential.
    fn esv(&mut self, id: &str, description: &str, in_placeholders: bool) {
        let credential = self.connection.add_credential();
        let console = self.tenant.console();
        console.create_secret(id, description, in_placeholders, &credential.jwt);
        self.credentials.insert(id.to_owned(), credential);
    }

    fn worker(&self, realm: Realm, name: &str, label: &str) {
        let worker = json!({"useCredential": true, "credentialPurpose": label});
        self.tenant.console().put_worker(realm, name, worker);
    }

    fn maps(&self, realm: Realm, label: &str, esv: &str) {
        let label = format!("am.services.pingone.worker.{label}.credential");
        self.tenant.console().put_mapping(realm, &label, esv);
    }

    /// All three.
    pub fn integration(&mut self, name: &str, label: &str, esv: &str, in_placeholders: bool) {
        self.esv(esv, "made by hand", in_placeholders);
        self.worker(Realm::Alpha, name, label);
        self.maps(Realm::Alpha, label, esv);
    }
}

/// Names and ESVs of those that can be adopted; names of those that cannot, with a part of why.
pub type Expected = (Vec<(String, String)>, Vec<(String, &'static str)>);

pub fn fifty(console: &mut Console) -> Expected {
    let mut good = Vec::new();
    for number in 0..GOOD {
        let (name, esv, label) = match number {
            0 => (
                "PingOne-Integration-AIC".to_owned(),
                "esv-pingone-integration-aic".to_owned(),
                "PingOne.Integration.AIC".to_owned(),
            ),
            // What YAML could take for something else.
            1 => ("true".to_owned(), "esv-null".to_owned(), "0x1F".to_owned()),
            // Names that differ in their capitals alone.
            2 => (
                "protect".to_owned(),
                "esv-protect-1".to_owned(),
                "Protect1".to_owned(),
            ),
            3 => (
                "Protect".to_owned(),
                "esv-protect-2".to_owned(),
                "Protect2".to_owned(),
            ),
            _ => (
                format!("Team-{number}"),
                format!("esv-team_{number}"),
                format!("team.{number}"),
            ),
        };
        console.integration(&name, &label, &esv, number % 2 == 0);
        good.push((name, esv));
    }
    // A PingOne environment whose name leads to no tenant, and holds what YAML and Markdown could read.
    let elsewhere = console.elsewhere.add_credential();
    console
        .tenant
        .console()
        .create_secret("esv-elsewhere", "made by hand", true, &elsewhere.jwt);
    console.credentials.insert("esv-elsewhere".to_owned(), elsewhere);
    console.worker(Realm::Alpha, "Elsewhere", "elsewhere");
    console.maps(Realm::Alpha, "elsewhere", "esv-elsewhere");
    good.push(("Elsewhere".to_owned(), "esv-elsewhere".to_owned()));
    console.worker(Realm::Alpha, "a`b\n## <img>", "hostile");
    let long = "A".repeat(65);
    console.integration("two words", "two.words", "esv-two-words", true);
    console.integration(&long, "long", "esv-long", true);
    console.integration("Shared-1", "shared", "esv-shared", true);
    console.worker(Realm::Alpha, "Shared-2", "shared");
    console.integration("Twice", "twice", "esv-twice", true);
    console.maps(Realm::Bravo, "twice", "esv-twice");
    console.worker(Realm::Alpha, "Unmapped", "unmapped");
    console.worker(Realm::Alpha, "Dangling", "dangling");
    console.maps(Realm::Alpha, "dangling", "esv-gone");
    console.integration("Revoked", "revoked", "esv-revoked", true);
    let revoked = &console.credentials["esv-revoked"];
    console.connection.revoke(&revoked.id);
    console.integration("Managed", "managed", "esv-managed", false);
    let mark = "pingone-aic-operator other/dev 0b0e1c5f-6c1e-4d0c-9f0e-2b7f3a1c5d42 credential=x version=1";
    console.tenant.console().set_description("esv-managed", mark);
    console.esv("esv-disabled", "made by hand", true);
    console.worker(Realm::Bravo, "Disabled", "disabled");
    console.maps(Realm::Bravo, "disabled", "esv-disabled");
    let classic = json!({"useCredential": false, "clientId": "c", "clientSecretPurpose": "classic"});
    console
        .tenant
        .console()
        .put_worker(Realm::Alpha, "Classic", classic);
    let odd = [
        ("two words", "can have the name"),
        (&long, "can have the name"),
        ("Shared-1", "uses its label shared, too"),
        ("Shared-2", "uses its label shared, too"),
        ("Twice", "in the other realm, too"),
        ("Unmapped", "mapped to no ESV"),
        ("Dangling", "esv-gone, which does not exist"),
        ("Revoked", "its connection test fails"),
        ("Managed", "has the mark of AICIntegration"),
        ("Disabled", "worker service is disabled"),
        ("Classic", "client's id and secret"),
    ];
    (good, odd.map(|(name, why)| (name.to_owned(), why)).into())
}
