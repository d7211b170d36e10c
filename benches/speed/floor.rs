//! The floor: the calls that cannot be spared, made by a bare concurrent loop in a process of its own, within the same
//! budgets and over the same TLS.

use std::{
    io::Read as _,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use pingone_aic_operator::{
    aic::{Aic, IntegrationName, LabelAttribute, Proof, Service, ServiceAccount, Tenant, Worker},
    api::Realm,
    clock::Clock,
    credential::{Credential, decode},
    http::{Guard, Host, Http, Lane, News, Observer, Settings},
    pingone::PingOne,
    runtime::Options,
};
use serde::{Deserialize, Serialize};
use tokio::{io::AsyncWriteExt as _, sync::Semaphore};

use crate::fleet::{Fleet, Site};

const REALM: Realm = Realm::Alpha;
/// The stack keeps so many idle connections a host: who makes no more calls at a time never makes one anew. Within the
/// chart's budget more would only wait: at 100 ms two make twenty calls a second.
const AT_ONCE: usize = 2;

/// What is done everywhere at once.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Work {
    /// Integrations are made and proved.
    Join,
    /// Their new credential is written and proved.
    Rotate,
}

/// What the child is told.
#[derive(Serialize, Deserialize)]
struct Task {
    work: Work,
    ca: String,
    per_second: f64,
    sites: Vec<Site>,
}

/// Makes a fleet's calls; how many seconds it took.
pub async fn measure(fleet: &Fleet, work: Work, per_second: f64) -> f64 {
    let task = Task {
        work,
        ca: fleet.network.ca_pem(),
        per_second,
        sites: fleet.tenants.iter().map(|member| member.site.clone()).collect(),
    };
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .arg("--floor")
        .env("HTTPS_PROXY", fleet.network.proxy_url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(&serde_json::to_vec(&task).unwrap())
        .await
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "the floor failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The child.
pub async fn run() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let Task {
        work,
        ca,
        per_second,
        sites,
    } = serde_json::from_str(&text).unwrap();
    let options = <Options as clap::FromArgMatches>::from_arg_matches(
        &<Options as clap::Args>::augment_args(clap::Command::new("floor")).get_matches_from(["floor"]),
    )
    .unwrap();
    let stack = |allowed| {
        let settings = Settings {
            allowed,
            rate: Options::budget(per_second),
            extra_roots: ca.clone().into_bytes(),
            observer: Arc::new(Nobody),
        };
        Http::new(settings, Clock::system()).unwrap()
    };
    let aic = Aic::new(stack(options.tenant_allow_list()), Clock::system());
    let pingone = PingOne::new(stack(options.pingone_allow_list()), Clock::system());
    let places: Vec<_> = sites
        .into_iter()
        .map(|site| Place::new(site, &aic, &pingone))
        .collect();
    let started = match work {
        Work::Join => {
            let started = Instant::now();
            everywhere(&places, Place::join).await;
            started
        }
        Work::Rotate => {
            everywhere(&places, Place::log_in).await;
            let started = Instant::now();
            everywhere(&places, Place::rotate).await;
            started
        }
    };
    println!("{}", started.elapsed().as_secs_f64());
}

async fn everywhere<F>(places: &[Place], work: impl Fn(Place) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks = places.iter().cloned().map(|place| tokio::spawn(work(place)));
    for done in join_all(tasks).await {
        done.unwrap();
    }
}

/// One tenant, and who calls it and its PingOne environment.
#[derive(Clone)]
struct Place {
    site: Site,
    tenant: Tenant,
    pingone: PingOne,
}

impl Place {
    fn new(site: Site, aic: &Aic, pingone: &PingOne) -> Self {
        let host: Host = site.url.strip_prefix("https://").unwrap().parse().unwrap();
        let account = ServiceAccount::parse(&site.account, site.jwk.as_bytes()).unwrap();
        Self {
            tenant: aic.tenant(host, Arc::new(account)).in_lane(Lane::New),
            pingone: pingone.clone(),
            site,
        }
    }

    /// The credential is proved; what a tenant has once is seen to once; then each integration is made and tested.
    async fn join(self) {
        let credential = self.proved_credential().await;
        let Self { site, tenant, .. } = &self;
        assert!(tenant.own_lock_state().await.unwrap().is_unlocked());
        let service = tenant.worker_service(REALM).await.unwrap();
        if !service.as_ref().is_some_and(Service::is_enabled) {
            let enabled = Service::enabled(service);
            tenant.put_worker_service(REALM, enabled).await.unwrap();
        }
        let attribute = tenant.label_attribute(REALM).await.unwrap().unwrap();
        let turns = Semaphore::new(AT_ONCE);
        let integrations = site.integrations.iter();
        join_all(integrations.map(|name| self.integrate(name, &turns, &attribute, &credential))).await;
    }

    async fn integrate(
        &self,
        name: &str,
        turns: &Semaphore,
        attribute: &LabelAttribute,
        credential: &Credential,
    ) {
        let _turn = turns.acquire().await.unwrap();
        let tenant = &self.tenant;
        let name: IntegrationName = name.parse().unwrap();
        let (esv, label) = (name.esv_id(), name.label_identifier());
        tenant.create_esv(&esv, &credential.jwt, "floor").await.unwrap();
        assert!(tenant.worker(REALM, &name).await.unwrap().is_none());
        let worker = Worker::with_credential(None, attribute, &label);
        tenant.put_worker(REALM, &name, worker).await.unwrap();
        tenant.put_mapping(REALM, &label, &esv).await.unwrap();
        self.test(&name, credential).await;
    }

    /// An operator that has been there before has its tokens.
    async fn log_in(self) {
        let name: IntegrationName = self.site.integrations[0].parse().unwrap();
        self.tenant.esv(&name.esv_id()).await.unwrap();
    }

    /// The credential is proved, then written and tested.
    async fn rotate(self) {
        let credential = self.proved_credential().await;
        for name in &self.site.integrations {
            let name: IntegrationName = name.parse().unwrap();
            self.tenant
                .create_esv_version(&name.esv_id(), &credential.jwt, Guard::new(|| true))
                .await
                .unwrap();
            self.test(&name, &credential).await;
        }
    }

    /// Nothing is pushed that PingOne refuses.
    async fn proved_credential(&self) -> Credential {
        let credential = decode(self.site.credential.as_bytes()).unwrap();
        let (auth, api) = (
            credential.auth_url.as_ref().unwrap(),
            credential.api_url.as_ref().unwrap(),
        );
        let (id, client) = (&credential.environment_id, credential.client.as_ref().unwrap());
        let token = self.pingone.token(auth, id, client, Lane::New).await.unwrap();
        self.pingone
            .environment(api, id, &token, Lane::New)
            .await
            .unwrap();
        credential
    }

    async fn test(&self, name: &IntegrationName, credential: &Credential) {
        let proof = self.tenant.test_connection(REALM, name, credential.secrets());
        let passed = Proof::Passed {
            credential_id: credential.id.clone(),
        };
        assert_eq!(proof.await.unwrap(), passed);
    }
}

struct Nobody;

impl Observer for Nobody {
    fn call_ended(&self, _: &'static str, _: &'static str, _: Duration) {}
    fn had_its_turn(&self, _: Lane, _: Duration) {}
    fn host_changed(&self, _: &Host, _: News) {}
}
