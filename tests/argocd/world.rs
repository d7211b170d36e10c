//! A company whose environments Argo CD syncs from Git, with the shipped operator, in real time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt as _;
use kube::{
    ResourceExt as _,
    core::DynamicObject,
    runtime::{WatchStreamExt as _, watcher},
};
use pingone_aic_harness::{ArgoCd, Operator, TestNamespace, Values, is_condition};
use pingone_aic_simulator::{
    Exchange, Mutability, Network, Region, Tenant,
    tenant::{Group, Times},
};
use pingone_aic_support::company::SCOPES;
use serde_json::{Value, json};

use crate::{forms, repository::Repository, team::Team};

pub const APPLICATION: &str = "argoproj.io/v1alpha1/Application";
pub const ENVIRONMENTS: &str = "pingone-environments";
pub const PROMOTION: &str = "pingone-promotion";
/// The file in which the release is.
pub const RELEASE: &str = "promotions/release-1.yaml";

/// It takes seconds; a busy machine shall not fail.
pub const SOON: Duration = Duration::from_mins(3);

/// A tenant takes minutes for each of them.
const TIMES: Times = Times {
    lock: Duration::from_secs(1),
    dry_run: Duration::from_secs(1),
    promotion: Duration::from_secs(2),
    unlock: Duration::from_secs(1),
};

/// The sample's environments: part of their names, host, Secrets' suffix.
const SITES: [(&str, &str); 3] = [
    ("dev", "openam-mycompany-ew2-dev.id.forgerock.io"),
    ("staging", "openam-mycompany-ew2-staging.id.forgerock.io"),
    ("prod", "openam-mycompany-ew2.id.forgerock.io"),
];

/// An Application as it was seen: its name, its health, and the commit that it was compared with.
pub type Seen = (String, String, String);

pub struct World {
    // First: what it says of a failed test, it reads from the others.
    pub namespace: TestNamespace,
    pub network: Network,
    pub tenants: Vec<Tenant>,
    pub repository: Repository,
    pub team: Team,
    seen: Arc<Mutex<Vec<Seen>>>,
    _group: Group,
    _argo_cd: ArgoCd,
    _operator: Operator,
}

impl World {
    pub async fn start(sentence: &str, repository: &str) -> Self {
        let network = Network::start().await;
        let namespace = TestNamespace::create(sentence).await;
        let values = Values::new(env!("CARGO_BIN_EXE_pingone-aic-operator"))
            .vendors(&network.proxy_url(), &network.ca_pem());
        let operator = Operator::install(&namespace, values).await.unwrap();
        let mut tenants = Vec::new();
        for (index, (part, host)) in SITES.into_iter().enumerate() {
            let mutability = [Mutability::Mutable, Mutability::Immutable][index.min(1)];
            let tenant = network.tenant(host, mutability);
            let account = tenant.create_service_account("operator", &SCOPES);
            let data = [("serviceAccountId", &*account.id), ("jwk", &*account.jwk)];
            namespace.secret(&format!("aic-{part}"), &data).await.unwrap();
            let environment = format!("env-pingoneaic-mycompany-ew2-{part}");
            let environment = network.pingone(Region::Europe).create_environment(&environment);
            let credential = environment.create_connection().add_credential();
            let data = [("credential", &*credential.jwt)];
            namespace.secret(&format!("pingone-{part}"), &data).await.unwrap();
            tenants.push(tenant);
        }
        let group = network.group(&tenants.iter().collect::<Vec<_>>());
        group.set_times(TIMES);
        let settings = [
            ("argocd-cm", forms::config_map()),
            ("argocd-cm", forms::deep_links()),
            ("argocd-notifications-cm", forms::notifications()),
        ];
        let argo_cd = ArgoCd::start(&namespace, &settings).await.unwrap();
        let team = Team::of_argo_cd(&namespace).await;
        let seen = watch(&namespace);
        Self {
            repository: Repository::create(repository),
            namespace,
            network,
            tenants,
            team,
            seen,
            _group: group,
            _argo_cd: argo_cd,
            _operator: operator,
        }
    }

    /// The sample's Applications, for this cluster and this repository.
    pub fn applications(&self) -> Vec<Value> {
        let text = self.repository.read("applications.yaml");
        let mut applications: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        for application in &mut applications {
            application["metadata"]["namespace"] = json!(self.namespace.name());
            Team::subscribe(application);
            let spec = &mut application["spec"];
            spec["source"]["repoURL"] = json!(self.repository.url());
            spec["destination"] = json!({
                "server": self.namespace.control_plane().url(), "namespace": self.namespace.name(),
            });
        }
        applications
    }

    /// Has Argo CD look into the repository now.
    pub async fn refresh(&self, application: &str) {
        let patch = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
        self.namespace
            .patch(APPLICATION, application, &patch)
            .await
            .unwrap();
    }

    /// Waits until an Application is synced to a commit, and of this health.
    pub async fn until(&self, application: &str, commit: &str, health: &str) -> DynamicObject {
        let what = format!("to be {health} at {commit}");
        let wait = self
            .namespace
            .wait_for(APPLICATION, application, &what, SOON, |object| {
                let status = &object.data["status"];
                status["health"]["status"] == health
                    && status["sync"]["status"] == "Synced"
                    && status["sync"]["revision"] == commit
                    && status["operationState"]["phase"] == "Succeeded"
            });
        wait.await.unwrap()
    }

    /// The same, of the commit that was just made.
    pub async fn sync(&self, application: &str, health: &str) -> DynamicObject {
        self.refresh(application).await;
        self.until(application, &self.repository.head(), health).await
    }

    /// Has Argo CD sync although nothing has changed, as a person who presses *Sync*.
    pub async fn sync_again(&self, application: &str) {
        let before = self.namespace.get(APPLICATION, application).await.unwrap();
        let who = format!("somebody at {}", before.resource_version().unwrap());
        let operation = json!({"operation": {"initiatedBy": {"username": who}, "sync": {"prune": true}}});
        self.namespace
            .patch(APPLICATION, application, &operation)
            .await
            .unwrap();
        let is_synced = |object: &DynamicObject| {
            let history = object.data["status"]["history"].as_array();
            let mut history = history.into_iter().flatten();
            history.any(|sync| sync["initiatedBy"]["username"] == *who)
        };
        let wait = self
            .namespace
            .wait_for(APPLICATION, application, "to be synced again", SOON, is_synced);
        wait.await.unwrap();
    }

    /// Waits until a run has this phase, and has been told of this gate.
    pub async fn phase(&self, name: &str, phase: &str) -> DynamicObject {
        let what = format!("to be {phase}");
        let wait = self.namespace.wait_for("Promotion", name, &what, SOON, |object| {
            let status = &object.data["status"];
            status["phase"] == phase && status["observedGeneration"].as_i64() == object.metadata.generation
        });
        wait.await.unwrap()
    }

    /// Waits until the tenant's own test has passed.
    pub async fn until_active(&self, name: &str) {
        let is_active = |object: &DynamicObject| is_condition(object, "Active", "True");
        let wait = self
            .namespace
            .wait_for("AICIntegration", name, "to be Active", SOON, is_active);
        wait.await.unwrap();
    }

    pub async fn is_active(&self, name: &str) -> bool {
        let object = self.namespace.get("AICIntegration", name).await.unwrap();
        is_condition(&object, "Active", "True")
    }

    /// How often something was promoted.
    pub fn promotions(&self) -> usize {
        let calls = self.network.journal();
        let is_real =
            |call: &&Exchange| call.is("POST", "/promotion/promote") && call.request["dryRun"] == false;
        calls.iter().filter(is_real).count()
    }

    pub fn is_locked(&self) -> bool {
        self.tenants.iter().any(Tenant::is_locked)
    }

    /// All that Argo CD has said since it was asked last.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

/// That nobody was called while nothing was wrong.
pub fn assert_never_red(seen: &[Seen]) {
    let is_red = |(_, health, _): &&Seen| ["Degraded", "Unknown"].contains(&health.as_str());
    let red: Vec<_> = seen.iter().filter(is_red).collect();
    assert!(red.is_empty(), "it was red while nothing was wrong: {red:?}");
}

/// Writes down what is said of every Application.
fn watch(namespace: &TestNamespace) -> Arc<Mutex<Vec<Seen>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&seen);
    let changes = watcher(namespace.api(APPLICATION), watcher::Config::default())
        .default_backoff()
        .applied_objects();
    tokio::spawn(changes.for_each(move |object| {
        if let Ok(object) = object {
            let text = |pointer: &str| {
                let text = object.data.pointer(pointer).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            list.lock().unwrap().push((
                object.name_any(),
                text("/status/health/status"),
                text("/status/sync/revision"),
            ));
        }
        futures::future::ready(())
    }));
    seen
}
