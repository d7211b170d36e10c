//! Tenants, each with its PingOne environment, and integrations on them.

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt, stream};
use pingone_aic_harness::TestNamespace;
use pingone_aic_simulator::{
    Exchange, Fault, Mutability, Network, Region, Rule, Tenant, pingone::ProductConnection,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::report::count;

const SCOPES: [&str; 3] = ["fr:am:*", "fr:idc:esv:*", "fr:idc:promotion:*"];
/// As many as kubectl or Argo CD would apply at once, and more.
const APPLIED_AT_ONCE: usize = 32;

/// How many of what.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub tenants: usize,
    pub integrations: usize,
}

pub struct Fleet {
    pub network: Network,
    pub tenants: Vec<Member>,
    pub size: Size,
}

/// One tenant and what stands on it.
pub struct Member {
    pub tenant: Tenant,
    pub connection: ProductConnection,
    pub site: Site,
}

/// All that is needed to call the vendors for one tenant.
#[derive(Clone, Serialize, Deserialize)]
pub struct Site {
    pub name: String,
    pub environment: String,
    pub url: String,
    pub account: String,
    pub jwk: String,
    pub credential: String,
    /// The names of its integrations.
    pub integrations: Vec<String>,
}

/// Lets every vendor answer only after this long. A fault that was added before goes first.
pub fn delay(network: &Network, latency: Duration) {
    if !latency.is_zero() {
        for hosts in ["openam-*", "*.pingone.eu"] {
            network.fault(Rule::on(hosts), Fault::Delay(latency));
        }
    }
}

/// Whether a call went to a vendor, and not to the API server.
pub fn is_of_vendor(call: &Exchange) -> bool {
    call.host.starts_with("openam-") || call.host.ends_with(".pingone.eu")
}

impl Fleet {
    /// On a network of its own.
    pub async fn new(size: Size, latency: Duration) -> Self {
        let network = Network::start().await;
        delay(&network, latency);
        Self::on(network, "c", size)
    }

    /// Of companies whose names begin so, on a network that is there.
    pub fn on(network: Network, company: &str, size: Size) -> Self {
        let tenants = (0..size.tenants)
            .map(|number| Member::new(&network, &format!("{company}{number}"), size))
            .collect();
        Self {
            network,
            tenants,
            size,
        }
    }

    /// All Secrets.
    pub async fn secrets(&self, namespace: &TestNamespace) {
        let secrets = self.tenants.iter().map(|Member { site, .. }| async {
            let account = [
                ("serviceAccountId", site.account.as_str()),
                ("jwk", site.jwk.as_str()),
            ];
            namespace
                .secret(&format!("aic-{}", site.name), &account)
                .await
                .unwrap();
            site.credential(namespace).await;
        });
        stream::iter(secrets)
            .buffer_unordered(APPLIED_AT_ONCE)
            .collect::<()>()
            .await;
    }

    /// All objects, many at once.
    pub async fn apply(&self, namespace: &TestNamespace) {
        let objects = self.tenants.iter().flat_map(|member| member.site.objects());
        stream::iter(objects)
            .map(|object| async move { namespace.apply(object).await.map(drop) })
            .buffer_unordered(APPLIED_AT_ONCE)
            .for_each(|applied| async { applied.unwrap() })
            .await;
    }

    /// Gives each tenant a new credential; the credentials' ids.
    pub fn renew_credentials(&mut self) -> BTreeSet<String> {
        let renew = |member: &mut Member| {
            let credential = member.connection.add_credential();
            member.site.credential = credential.jwt;
            credential.id
        };
        self.tenants.iter_mut().map(renew).collect()
    }

    /// Calls to the vendors since this place in the journal.
    pub fn calls_since(&self, position: usize) -> f64 {
        let journal = self.network.journal_since(position);
        count(journal.iter().filter(|call| is_of_vendor(call)).count())
    }
}

impl Member {
    fn new(network: &Network, name: &str, of: Size) -> Self {
        let integrations = (0..of.integrations / of.tenants)
            .map(|integration| format!("{name}-{integration}"))
            .collect();
        Self::at(network, name, "-dev", Mutability::Mutable, integrations)
    }

    /// The tenant that a company has for this `part` of the documented names: none for production.
    pub fn at(
        network: &Network,
        name: &str,
        part: &str,
        mutability: Mutability,
        integrations: Vec<String>,
    ) -> Self {
        let stage = if part.is_empty() { "-prod" } else { part };
        let environment = format!("env-pingoneaic-{name}-ew2{stage}");
        let host = format!("openam-{name}-ew2{part}.id.forgerock.io");
        let tenant = network.tenant(&host, mutability);
        Self::of(network, tenant, name, &environment, integrations)
    }

    /// A company's first sandbox, with one integration.
    pub fn sandbox(network: &Network, company: &str) -> Self {
        let environment = format!("env-pingoneaic-{company}-ew2-sandbox1");
        let host = format!("openam-{company}sandbox1-ew2.forgeblocks.com");
        let tenant = network.tenant(&host, Mutability::Mutable);
        Self::of(
            network,
            tenant,
            "sandbox",
            &environment,
            vec!["sandbox".to_owned()],
        )
    }

    fn of(
        network: &Network,
        tenant: Tenant,
        name: &str,
        environment: &str,
        integrations: Vec<String>,
    ) -> Self {
        let environment = network.pingone(Region::Europe).create_environment(environment);
        let connection = environment.create_connection();
        let account = tenant.create_service_account("operator", &SCOPES);
        let site = Site {
            environment: environment.name(),
            url: tenant.url(),
            account: account.id,
            jwk: account.jwk,
            credential: connection.add_credential().jwt,
            integrations,
            name: name.to_owned(),
        };
        Self {
            tenant,
            connection,
            site,
        }
    }
}

impl Site {
    /// The Secret with the credential.
    pub async fn credential(&self, namespace: &TestNamespace) {
        let name = format!("pingone-{}", self.name);
        namespace
            .secret(&name, &[("credential", &self.credential)])
            .await
            .unwrap();
    }

    fn objects(&self) -> Vec<Value> {
        self.objects_as("Development", None)
    }

    /// Its objects in this kind of environment; their integrations bear this name in the tenant, or their own.
    pub fn objects_as(&self, environment: &str, bears: Option<&str>) -> Vec<Value> {
        let api_version = "pingone-aic.io/v1alpha1";
        let connection = json!({
            "apiVersion": api_version, "kind": "PingOneConnection", "metadata": {"name": self.name},
            "spec": {
                "credentialSecretRef": {"name": format!("pingone-{}", self.name)},
                "environment": {"name": self.environment},
            },
        });
        let integrations = self.integrations.iter().map(|name| {
            json!({
                "apiVersion": api_version, "kind": "AICIntegration", "metadata": {"name": name},
                "spec": {
                    "connectionRef": {"name": self.name}, "name": bears.unwrap_or(name), "realm": "alpha",
                    "tenant": {
                        "url": self.url, "environment": environment,
                        "serviceAccountSecretRef": {"name": format!("aic-{}", self.name)},
                    },
                },
            })
        });
        std::iter::once(connection).chain(integrations).collect()
    }
}
