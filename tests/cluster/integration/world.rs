//! One test's world: a network of simulated vendors, a namespace, the operator.

use std::time::Duration;

use pingone_aic_harness::{Operator, TestNamespace, Values};
use pingone_aic_simulator::{
    Mutability, Network, Region, Tenant,
    pingone::{Credential, Environment, ProductConnection},
};
use serde_json::{Value, json};

use crate::integration::witness::lines;

pub const SOON: Duration = Duration::from_secs(30);
pub const ESV: &str = "esv-pingone-integration-aic";
pub const WORKER: &str = "PingOne-Integration-AIC";
pub const SCOPES: [&str; 3] = ["fr:am:*", "fr:idc:esv:*", "fr:idc:promotion:*"];

pub struct World {
    pub network: Network,
    pub namespace: TestNamespace,
    pub operator: Operator,
}

/// A tenant environment, and the PingOne environment that is mapped to it.
pub struct Site {
    pub name: &'static str,
    pub tenant: Tenant,
    pub environment: Environment,
    pub connection: ProductConnection,
}

#[derive(Clone, Copy)]
pub enum Kind {
    Development,
    Staging,
    Sandbox,
}

impl World {
    pub async fn start(sentence: &str) -> Self {
        Self::start_with(sentence, json!({})).await
    }

    pub async fn start_with(sentence: &str, values: Value) -> Self {
        let network = Network::start().await;
        let namespace = TestNamespace::create(sentence).await;
        let journal = network.clone();
        namespace.explain_with("journal of the vendors", move || lines(&journal.journal()));
        let values = Values::new(env!("CARGO_BIN_EXE_pingone-aic-operator"))
            .vendors(&network.proxy_url(), &network.ca_pem())
            .set(json!({"log": {"level": "trace"}}))
            .set(values);
        let operator = Operator::install(&namespace, values).await.unwrap();
        Self {
            network,
            namespace,
            operator,
        }
    }

    /// A world in which a development tenant is Active: with its site and its credential.
    pub async fn active_development(sentence: &str) -> (Self, Site, Credential) {
        let world = Self::start(sentence).await;
        let site = world.site("dev", Kind::Development);
        let credential = credential_of(&site);
        world.apply(&site, Kind::Development, &credential.jwt).await;
        world.active("dev").await;
        (world, site, credential)
    }

    /// Deletes an integration, and waits until it is gone.
    pub async fn delete(&self, name: &str) {
        let namespace = self.namespace.name();
        let delete = [
            "delete",
            "aicintegration",
            name,
            "--namespace",
            namespace,
            "--ignore-not-found",
            "--timeout=30s",
        ];
        self.namespace.control_plane().kubectl(&delete).await.unwrap();
    }

    pub async fn delete_secret(&self, name: &str) {
        let delete = ["delete", "secret", name, "--namespace", self.namespace.name()];
        self.namespace.control_plane().kubectl(&delete).await.unwrap();
    }

    /// Changes an integration's spec.
    pub async fn patch(&self, name: &str, spec: Value) {
        self.namespace
            .patch("AICIntegration", name, &json!({"spec": spec}))
            .await
            .unwrap();
    }

    /// Asks for a check; what was asked with.
    pub async fn ask_for_check(&self, name: &str) -> String {
        let request = jiff::Timestamp::now().to_string();
        let patch = json!({"metadata": {"annotations": {"pingone-aic.io/requestedAt": request}}});
        self.namespace
            .patch("AICIntegration", name, &patch)
            .await
            .unwrap();
        request
    }

    /// Asks for a check, and waits until it is answered.
    pub async fn check_now(&self, name: &str) {
        let request = self.ask_for_check(name).await;
        self.wait("AICIntegration", name, "to have answered the request", |object| {
            object.data["status"]["lastHandledRequest"] == request.as_str()
        })
        .await;
    }

    /// Takes fields of an integration's status away, as a backup without status does.
    pub async fn lose_status(&self, name: &str, patch: &Value) {
        self.namespace
            .patch_status("AICIntegration", name, patch)
            .await
            .unwrap();
    }

    /// Both vendors' sides of an environment, and a product connection without a credential.
    pub fn site(&self, name: &'static str, kind: Kind) -> Site {
        let (part, host, mutability) = match kind {
            Kind::Development => (
                "dev",
                "openam-mycompany-ew2-dev.id.forgerock.io",
                Mutability::Mutable,
            ),
            Kind::Staging => (
                "staging",
                "openam-mycompany-ew2-staging.id.forgerock.io",
                Mutability::Immutable,
            ),
            Kind::Sandbox => (
                "sandbox1",
                "openam-mycompanysandbox1-ew2.forgeblocks.com",
                Mutability::Mutable,
            ),
        };
        let environment = self
            .network
            .pingone(Region::Europe)
            .create_environment(&format!("env-pingoneaic-mycompany-ew2-{part}"));
        let connection = environment.create_connection();
        Site {
            name,
            tenant: self.network.tenant(host, mutability),
            environment,
            connection,
        }
    }

    /// Writes the two Secrets and the two objects.
    pub async fn apply(&self, site: &Site, kind: Kind, credential: &str) {
        self.secrets(site, credential).await;
        self.objects(site, kind, json!({})).await;
    }

    pub async fn secrets(&self, site: &Site, credential: &str) {
        let account = site.tenant.create_service_account("operator", &SCOPES);
        let name = site.name;
        self.credential(site, credential).await;
        self.namespace
            .secret(
                &format!("aic-{name}"),
                &[("serviceAccountId", &account.id), ("jwk", &account.jwk)],
            )
            .await
            .unwrap();
    }

    pub async fn credential(&self, site: &Site, credential: &str) {
        self.namespace
            .secret(&format!("pingone-{}", site.name), &[("credential", credential)])
            .await
            .unwrap();
    }

    pub async fn objects(&self, site: &Site, kind: Kind, more: Value) {
        let name = site.name;
        self.namespace
            .apply(json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": name},
                "spec": {
                    "credentialSecretRef": {"name": format!("pingone-{name}")},
                    "environment": {"name": site.environment.name()},
                    "interval": "1m",
                },
            }))
            .await
            .unwrap();
        let environment = match kind {
            Kind::Development => "Development",
            Kind::Staging => "Staging",
            Kind::Sandbox => "Sandbox",
        };
        let mut spec = json!({
            "connectionRef": {"name": name},
            "name": "PingOne-Integration-AIC",
            "realm": "alpha",
            "tenant": {
                "url": site.tenant.url(),
                "environment": environment,
                "serviceAccountSecretRef": {"name": format!("aic-{name}")},
            },
            "interval": "1m",
        });
        for (key, value) in more.as_object().unwrap() {
            if value.is_null() {
                spec.as_object_mut().unwrap().remove(key);
            } else {
                spec[key] = value.clone();
            }
        }
        self.namespace
            .apply(json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": name},
                "spec": spec,
            }))
            .await
            .unwrap();
    }
}

pub fn credential_of(site: &Site) -> Credential {
    site.connection.add_credential()
}
