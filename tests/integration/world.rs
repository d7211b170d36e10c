//! One test's world: a network of simulated vendors, a namespace, the operator.

use std::time::Duration;

use kube::core::DynamicObject;
use pingone_aic_harness::{Operator, TestNamespace, Values, is_condition};
use pingone_aic_simulator::{
    Exchange, Mutability, Network, Region, Tenant,
    pingone::{Credential, Environment, ProductConnection},
};
use serde_json::{Value, json};

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

    /// Waits until the tenant was proved to work with a credential, and everything is done.
    pub async fn proved(&self, name: &str, credential: &str) {
        self.wait(
            "AICIntegration",
            name,
            "to be Active with the credential",
            |object| {
                object.data["status"]["credentialId"] == credential
                    && is_condition(object, "Active", "True")
                    && is_condition(object, "Ready", "True")
            },
        )
        .await;
    }

    /// Takes fields of an integration's status away, as a backup without status does.
    pub async fn lose_status(&self, name: &str, patch: &Value) {
        let namespace = self.namespace.name();
        let patch = patch.to_string();
        let command = [
            "patch",
            "aicintegration",
            name,
            "--namespace",
            namespace,
            "--subresource=status",
            "--type=merge",
            "--patch",
            &patch,
        ];
        self.namespace.control_plane().kubectl(&command).await.unwrap();
    }

    /// Waits for an event with a reason, and returns its note.
    pub async fn event(&self, reason: &str) -> String {
        let deadline = std::time::Instant::now() + SOON;
        loop {
            let namespace = self.namespace.name();
            let get = ["get", "events", "--namespace", namespace, "--output", "json"];
            let events: Value =
                serde_json::from_str(&self.namespace.control_plane().kubectl(&get).await.unwrap()).unwrap();
            let mut events = events["items"].as_array().unwrap().iter();
            if let Some(event) = events.find(|event| event["reason"] == reason) {
                return event["message"].as_str().unwrap_or_default().to_owned();
            }
            assert!(std::time::Instant::now() < deadline, "there is no event {reason}");
        }
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

    pub async fn active(&self, name: &str) -> DynamicObject {
        self.wait("AICIntegration", name, "to be Active and Ready", |object| {
            is_condition(object, "Active", "True") && is_condition(object, "Ready", "True")
        })
        .await
    }

    /// Waits for a reason of a condition, and returns its message.
    pub async fn reason(&self, kind: &str, name: &str, type_: &str, reason: &str) -> String {
        let what = format!("to have {type_} for the reason {reason}");
        let object = self
            .wait(kind, name, &what, |object| {
                condition(object, type_)["reason"] == reason
            })
            .await;
        condition(&object, type_)["message"].as_str().unwrap().to_owned()
    }

    pub async fn wait(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        predicate: impl Fn(&DynamicObject) -> bool + Send,
    ) -> DynamicObject {
        self.namespace
            .wait_for(kind, name, what, SOON, predicate)
            .await
            .unwrap()
    }

    /// Everything that people or machines can see of the operator holds no secret, and every message to and from
    /// the vendors is as they describe it.
    pub async fn check_outputs(&mut self) {
        let mut outputs = vec![self.operator.metrics().await.unwrap()];
        for kind in ["pingoneconnections", "aicintegrations", "events"] {
            let list = [
                "get",
                kind,
                "--namespace",
                self.namespace.name(),
                "--output",
                "yaml",
            ];
            outputs.push(self.namespace.control_plane().kubectl(&list).await.unwrap());
        }
        // Read last: what the questions above have left in it counts, too.
        outputs.push(self.operator.log());
        assert!(
            outputs.iter().all(|output| !output.is_empty()),
            "an output that is not there proves nothing"
        );
        assert!(outputs[3].contains("reason: "), "what happened is told in events");
        let log = self.operator.log();
        assert!(
            !log.contains("failed to write a status"),
            "every status that was written stands"
        );
        assert!(!log.contains("failed to publish an event"));
        let markers = self.network.secret_markers();
        assert!(markers.len() > 3, "markers are planted");
        for marker in &markers {
            for output in &outputs {
                if let Some(at) = output.find(marker.as_str()) {
                    let line = output[..at].lines().count();
                    panic!(
                        "a secret is in an output, line {line}: {}",
                        &output[at.saturating_sub(200)..at]
                    );
                }
            }
        }
        let violations = self.network.openapi_violations();
        assert!(violations.is_empty(), "{}", lines(&violations));
    }
}

pub fn condition<'a>(object: &'a DynamicObject, type_: &str) -> &'a Value {
    object.data["status"]["conditions"]
        .as_array()
        .and_then(|conditions| conditions.iter().find(|condition| condition["type"] == type_))
        .unwrap_or(&Value::Null)
}

/// The calls to one site's two vendors, as `METHOD path-end action`.
pub fn calls(journal: &[Exchange], site: &Site) -> Vec<String> {
    journal
        .iter()
        .filter(|exchange| {
            exchange.host == site.tenant.host() || exchange.path.contains(site.environment.id())
        })
        .map(|exchange| {
            let end = exchange.path.rsplit('/').next().unwrap_or_default();
            format!(
                "{} {end} {}",
                exchange.method,
                exchange.action().unwrap_or_default()
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

pub fn credential_of(site: &Site) -> Credential {
    site.connection.add_credential()
}

fn lines<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
