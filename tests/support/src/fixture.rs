//! One integration with everything that it stands on, all of it its own.

use std::{cell::RefCell, collections::HashSet};

use pingone_aic_harness::TestNamespace;
use pingone_aic_simulator::{
    Exchange, Mutability, Network, Realm, Region, Tenant,
    pingone::{Credential, Environment, ProductConnection},
};
use serde_json::{Value, json};

/// The ESV that holds a credential.
pub const ESV: &str = "esv-pingone-integration-aic";
/// The worker that uses it.
pub const WORKER: &str = "PingOne-Integration-AIC";
/// The label of that worker.
pub const LABEL: &str = "am.services.pingone.worker.PingOne.Integration.AIC.credential";
/// What a person made for an integration of their own.
const STRANGERS_ESV: &str = "esv-by-hand";
const STRANGERS_WORKER: &str = "By-Hand";
const STRANGERS_LABEL: &str = "am.services.pingone.worker.By.Hand.credential";
const SCOPES: [&str; 3] = ["fr:am:*", "fr:idc:esv:*", "fr:idc:promotion:*"];

/// One integration with everything that it stands on.
pub struct Fixture {
    /// Of the two objects, and of the company whose tenant it is.
    pub name: String,
    /// The AIC tenant.
    pub tenant: Tenant,
    /// The PingOne environment that is joined to it.
    pub environment: Environment,
    /// The product connection in that.
    pub connection: ProductConnection,
    accounts: RefCell<Vec<String>>,
}

impl Fixture {
    /// The fixture of this number.
    pub fn new(network: &Network, number: usize) -> Self {
        let name = format!("c{number}");
        let environment = network
            .pingone(Region::Europe)
            .create_environment(&format!("env-pingoneaic-{name}-ew2-dev"));
        Self {
            tenant: network.tenant(
                &format!("openam-{name}-ew2-dev.id.forgerock.io"),
                Mutability::Mutable,
            ),
            connection: environment.create_connection(),
            environment,
            name,
            accounts: RefCell::default(),
        }
    }

    /// One more credential.
    pub fn credential(&self) -> Credential {
        self.connection.add_credential()
    }

    /// Puts a credential into the Secret.
    pub async fn set_credential(&self, namespace: &TestNamespace, value: &str) {
        let name = format!("pingone-{}", self.name);
        namespace.secret(&name, &[("credential", value)]).await.unwrap();
    }

    /// A new service account in the Secret.
    pub async fn set_account(&self, namespace: &TestNamespace) {
        self.set_account_with(namespace, &SCOPES).await;
    }

    /// The same with these scopes.
    pub async fn set_account_with(&self, namespace: &TestNamespace, scopes: &[&str]) {
        let account = self.tenant.create_service_account("operator", scopes);
        let data = [
            ("serviceAccountId", account.id.as_str()),
            ("jwk", account.jwk.as_str()),
        ];
        namespace
            .secret(&format!("aic-{}", self.name), &data)
            .await
            .unwrap();
        self.accounts.borrow_mut().push(account.id);
    }

    /// The ids of all service accounts that there were.
    pub fn accounts(&self) -> Vec<String> {
        self.accounts.borrow().clone()
    }

    /// An integration of this tenant, on the connection of this fixture.
    pub fn integration(&self, name: &str, more: Value) -> Value {
        let mut spec = json!({
            "connectionRef": {"name": self.name}, "name": WORKER, "realm": "alpha",
            "tenant": {
                "url": self.tenant.url(), "environment": "Development",
                "serviceAccountSecretRef": {"name": format!("aic-{}", self.name)},
            },
        });
        if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
            spec.extend(more);
        }
        json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration",
            "metadata": {"name": name}, "spec": spec,
        })
    }

    /// Applies the two objects.
    pub async fn apply(&self, namespace: &TestNamespace, more: Value) {
        let name = &self.name;
        let connection = json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": name},
            "spec": {
                "credentialSecretRef": {"name": format!("pingone-{name}")},
                "environment": {"name": self.environment.name()},
            },
        });
        namespace.apply(connection).await.unwrap();
        namespace.apply(self.integration(name, more)).await.unwrap();
    }

    /// A person makes an integration of their own in the tenant's console.
    pub fn add_strangers_integration(&self) {
        let console = self.tenant.console();
        console.set_worker_service(Realm::Alpha, true);
        let worker = json!({"useCredential": true, "credentialPurpose": "By.Hand"});
        console.put_worker(Realm::Alpha, STRANGERS_WORKER, worker);
        self.add_strangers_mapping();
    }

    /// The ESV and the mapping of one.
    pub fn add_strangers_mapping(&self) {
        let console = self.tenant.console();
        console.create_secret(STRANGERS_ESV, "made by hand", true, &self.credential().jwt);
        console.put_mapping(Realm::Alpha, STRANGERS_LABEL, STRANGERS_ESV);
    }

    /// A call that would have changed what that person made.
    pub fn touched_stranger(&self, calls: &[Exchange]) -> Option<String> {
        let theirs = [STRANGERS_ESV, STRANGERS_WORKER, STRANGERS_LABEL];
        let is_theirs = |call: &&Exchange| {
            call.host == self.tenant.host()
                && call.method != "GET"
                && theirs.iter().any(|name| call.path.contains(name))
        };
        calls.iter().find(is_theirs).map(ToString::to_string)
    }

    /// How many versions the operator has made, the first one of an ESV included.
    pub fn versions_made(&self, calls: &[Exchange]) -> usize {
        let mut made = HashSet::new();
        for call in calls.iter().filter(|call| call.host == self.tenant.host()) {
            let is_creation = call.method == "PUT" && call.path.ends_with(ESV);
            let is_version = call.action() == Some("create") && call.path.contains(ESV);
            if call.status.is_some_and(|status| status < 300) && (is_creation || is_version) {
                // The same value makes no second version, and is answered with the date of the first.
                let date = if is_creation {
                    "lastChangeDate"
                } else {
                    "createDate"
                };
                made.insert(call.response[date].to_string());
            }
        }
        made.len()
    }

    /// What in the tenant is not as it should be when this is the credential.
    pub fn fault(&self, credential: &Credential, versions: Option<usize>) -> Option<String> {
        let Some(secret) = self.tenant.secret(ESV) else {
            return Some("there is no ESV".to_owned());
        };
        let newest = secret.active();
        if newest.is_none_or(|newest| newest.value != credential.jwt.as_bytes()) {
            return Some("the newest version does not hold the credential".to_owned());
        }
        let enabled = secret
            .versions
            .iter()
            .filter(|version| format!("{:?}", version.status) == "Enabled");
        let (count, enabled) = (secret.versions.len(), enabled.count());
        if enabled != 1 || versions.is_some_and(|versions| versions != count) {
            return Some(format!("the ESV has {count} versions, {enabled} of them enabled"));
        }
        let mark = format!(" credential={} version={count}", credential.id);
        if !secret.description.ends_with(&mark) {
            return Some(format!("the mark is {:?}", secret.description));
        }
        let (workers, mappings) = (
            self.tenant.workers(Realm::Alpha),
            self.tenant.mappings(Realm::Alpha),
        );
        if workers
            .keys()
            .filter(|name| *name != STRANGERS_WORKER)
            .ne([WORKER])
        {
            return Some(format!("the workers are {:?}", workers.keys()));
        }
        let worker = &workers[WORKER];
        if worker.get("useCredential") != Some(&json!(true))
            || worker.get("credentialPurpose") != Some(&json!("PingOne.Integration.AIC"))
        {
            return Some(format!("the worker is {worker:?}"));
        }
        let ours = mappings.iter().filter(|(label, _)| *label != STRANGERS_LABEL);
        if ours.ne([(&LABEL.to_owned(), &ESV.to_owned())]) {
            return Some(format!("the mappings are {mappings:?}"));
        }
        (self.tenant.worker_service(Realm::Alpha) != Some(true)).then(|| "the service is off".to_owned())
    }
}
