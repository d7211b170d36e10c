//! A promotion group with everything that its integrations stand on, all of it its own.

use std::time::Duration;

use kube::core::DynamicObject;
use pingone_aic_harness::{TestNamespace, is_condition};
use pingone_aic_simulator::{
    Mutability, Network, Realm, Region, Tenant,
    pingone::{Environment, ProductConnection},
    tenant::Group,
};
use serde_json::{Value, json};

use super::{Env, fixture::WORKER};

/// What a service account needs to promote.
pub const SCOPES: [&str; 3] = ["fr:am:*", "fr:idc:esv:*", "fr:idc:promotion:*"];
/// Development, staging and production: stage and kind of each.
pub const THREE: [(&str, &str); 3] = [
    ("dev", "Development"),
    ("staging", "Staging"),
    ("prod", "Production"),
];

/// One environment of the company's.
pub struct Site {
    /// Of its objects, and of its stage.
    pub name: String,
    /// Of the stage.
    pub stage: &'static str,
    /// As the spec spells it.
    pub kind: &'static str,
    /// The AIC tenant.
    pub tenant: Tenant,
    /// The PingOne environment that is joined to it.
    pub environment: Environment,
    /// The product connection in that.
    pub connection: ProductConnection,
}

/// A company with a promotion group.
pub struct Company {
    /// Its hosts and environments bear it.
    pub name: String,
    /// Its environments, the lowest first.
    pub sites: Vec<Site>,
    /// What can be promoted between them.
    pub group: Group,
}

impl Company {
    /// A company with these environments, the lowest first: stage and kind of each.
    pub fn new(network: &Network, number: usize, stages: &[(&'static str, &'static str)]) -> Self {
        Self::named(network, &format!("c{number}"), stages)
    }

    /// One whose hosts and environments bear this name.
    pub fn named(network: &Network, name: &str, stages: &[(&'static str, &'static str)]) -> Self {
        let sites: Vec<_> = stages
            .iter()
            .enumerate()
            .map(|(index, (stage, kind))| {
                let part = if *kind == "Production" {
                    String::new()
                } else {
                    format!("-{stage}")
                };
                let mutability = if index == 0 {
                    Mutability::Mutable
                } else {
                    Mutability::Immutable
                };
                let environment = network
                    .pingone(Region::Europe)
                    .create_environment(&format!("env-pingoneaic-{name}-ew2-{stage}"));
                Site {
                    name: format!("{name}-{stage}"),
                    stage,
                    kind,
                    tenant: network.tenant(&format!("openam-{name}-ew2{part}.id.forgerock.io"), mutability),
                    connection: environment.create_connection(),
                    environment,
                }
            })
            .collect();
        let tenants: Vec<_> = sites.iter().map(|site| &site.tenant).collect();
        let group = network.group(&tenants);
        Self {
            name: name.to_owned(),
            sites,
            group,
        }
    }

    /// The environment of a stage.
    pub fn site(&self, stage: &str) -> &Site {
        self.sites.iter().find(|site| site.stage == stage).unwrap()
    }

    /// Secrets, connections and integrations of all environments.
    pub async fn apply(&self, namespace: &TestNamespace) {
        for site in &self.sites {
            site.apply(namespace, json!({})).await;
        }
    }

    /// A run through the whole group, changed as said.
    pub fn promotion(&self, name: &str, more: Value) -> Value {
        let order: Vec<_> = self
            .sites
            .iter()
            .map(|site| json!({"name": site.stage, "integrations": [site.name]}))
            .collect();
        let mut spec = json!({"order": order, "upTo": self.sites.last().unwrap().stage});
        if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
            spec.extend(more);
        }
        json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion",
            "metadata": {"name": name}, "spec": spec,
        })
    }

    /// What the law forbids, of this company's locks: one that is left behind.
    pub fn stranded(&self) -> Option<String> {
        let held: Vec<_> = self
            .sites
            .iter()
            .filter(|site| site.tenant.is_locked())
            .map(|site| site.stage)
            .collect();
        (!held.is_empty()).then(|| format!("still locked are {held:?}"))
    }
}

impl Site {
    /// Makes this environment's worker use a label that nothing is mapped to, unseen by its integration: a promotion of
    /// it works nowhere. The integration stands still first, for a pass under way would repair what it finds.
    pub async fn spoil(&self, namespace: &TestNamespace) {
        let within = Duration::from_mins(1);
        let is_active = |object: &DynamicObject| is_condition(object, "Active", "True");
        namespace
            .wait_for("AICIntegration", &self.name, "to be Active", within, is_active)
            .await
            .unwrap();
        let suspended = json!({"spec": {"suspend": true}});
        namespace
            .patch("AICIntegration", &self.name, &suspended)
            .await
            .unwrap();
        let has_seen = |object: &DynamicObject| is_condition(object, "Ready", "True");
        namespace
            .wait_for("AICIntegration", &self.name, "to stand still", within, has_seen)
            .await
            .unwrap();
        self.tenant
            .console()
            .edit_worker(Realm::Alpha, WORKER, "credentialPurpose", "other");
    }

    /// The objects of one environment, its integration changed as said.
    pub async fn apply(&self, namespace: &TestNamespace, more: Value) {
        let (name, credential) = (&self.name, self.connection.add_credential());
        let account = self.tenant.create_service_account("operator", &SCOPES);
        let data = [
            ("serviceAccountId", account.id.as_str()),
            ("jwk", account.jwk.as_str()),
        ];
        namespace.secret(&format!("aic-{name}"), &data).await.unwrap();
        let data = [("credential", credential.jwt.as_str())];
        namespace.secret(&format!("pingone-{name}"), &data).await.unwrap();
        namespace
            .apply(json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": name},
                "spec": {
                    "credentialSecretRef": {"name": format!("pingone-{name}")},
                    "environment": {"name": self.environment.name()},
                },
            }))
            .await
            .unwrap();
        let mut spec = json!({
            "connectionRef": {"name": name}, "name": WORKER, "realm": "alpha",
            "tenant": {
                "url": self.tenant.url(), "environment": self.kind,
                "serviceAccountSecretRef": {"name": format!("aic-{name}")},
            },
        });
        if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
            spec.extend(more);
        }
        namespace
            .apply(json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration",
                "metadata": {"name": name}, "spec": spec,
            }))
            .await
            .unwrap();
    }
}

impl Env {
    /// Waits until a Promotion has this phase.
    pub async fn phase(&mut self, name: &str, phase: &str) -> Result<DynamicObject, String> {
        let object = self
            .until_object("Promotion", name, |object| {
                let is = object.map(|object| object.data["status"]["phase"].clone());
                (is.as_ref().and_then(Value::as_str) != Some(phase))
                    .then(|| format!("its phase is not {phase}"))
            })
            .await?;
        Ok(object.unwrap())
    }

    /// A company's objects, up and awaiting their promotion.
    pub async fn company(&mut self, stages: &[(&'static str, &'static str)]) -> Company {
        self.fixtures += 1;
        let company = Company::new(&self.network, self.fixtures, stages);
        self.bring_up(&company).await;
        company
    }

    /// Applies a company's objects, and waits until they await their promotion.
    pub async fn bring_up(&mut self, company: &Company) {
        company.apply(&self.namespace).await;
        self.until_up(company).await;
    }

    /// Waits until a company's objects await their promotion.
    pub async fn until_up(&mut self, company: &Company) {
        for site in &company.sites {
            let active = if site.kind == "Development" {
                "True"
            } else {
                "False"
            };
            self.until_object("AICIntegration", &site.name, |object| {
                let is = |type_, status| object.is_some_and(|object| is_condition(object, type_, status));
                (!(is("Active", active) && is("Ready", "True"))).then(|| "it is not Ready".to_owned())
            })
            .await
            .unwrap();
        }
    }
}
