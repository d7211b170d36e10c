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
    aic::{Aic, IntegrationName, Service, ServiceAccount, Tenant, Worker},
    api::Realm,
    clock::Clock,
    credential::{Credential, decode},
    http::{Host, Http, Lane, News, Observer, Settings},
    pingone::PingOne,
    runtime::Options,
};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;

use crate::fleet::{Fleet, Site};

/// What the child is told.
#[derive(Serialize, Deserialize)]
struct Task {
    ca: String,
    per_second: f64,
    sites: Vec<Site>,
}

/// Makes a fleet's calls, and tells how long it took.
pub async fn measure(fleet: &Fleet, per_second: f64) -> Duration {
    let task = Task {
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
    Duration::from_secs_f64(serde_json::from_slice(&output.stdout).unwrap())
}

/// The child.
pub async fn run() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let Task {
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
    let started = Instant::now();
    let sites = sites.into_iter().map(|site| {
        let (aic, pingone) = (aic.clone(), pingone.clone());
        tokio::spawn(async move { join(&site, &aic, &pingone).await })
    });
    for site in join_all(sites).await {
        site.unwrap();
    }
    println!("{}", started.elapsed().as_secs_f64());
}

/// One tenant: the credential is proved, then each integration is made and tested.
async fn join(site: &Site, aic: &Aic, pingone: &PingOne) {
    let credential = decode(site.credential.as_bytes()).unwrap();
    let (auth, api) = (
        credential.auth_url.as_ref().unwrap(),
        credential.api_url.as_ref().unwrap(),
    );
    let (id, client) = (&credential.environment_id, credential.client.as_ref().unwrap());
    let token = pingone.token(auth, id, client, Lane::New).await.unwrap();
    pingone.environment(api, id, &token, Lane::New).await.unwrap();
    let host: Host = site.url.strip_prefix("https://").unwrap().parse().unwrap();
    let account = ServiceAccount::parse(&site.account, site.jwk.as_bytes()).unwrap();
    let tenant = aic.tenant(host, Arc::new(account)).in_lane(Lane::New);
    join_all(
        site.integrations
            .iter()
            .map(|name| integrate(name, &tenant, &credential)),
    )
    .await;
}

async fn integrate(name: &str, tenant: &Tenant, credential: &Credential) {
    let name: IntegrationName = name.parse().unwrap();
    let (esv, label) = (name.esv_id(), name.label_identifier());
    let realm = Realm::Alpha;
    tenant.create_esv(&esv, &credential.jwt, "floor").await.unwrap();
    assert!(tenant.own_lock_state().await.unwrap().is_unlocked());
    let service = tenant.worker_service(realm).await.unwrap();
    if !service.as_ref().is_some_and(Service::is_enabled) {
        tenant
            .put_worker_service(realm, Service::enabled(service))
            .await
            .unwrap();
    }
    let attribute = tenant.label_attribute(realm).await.unwrap().unwrap();
    assert!(tenant.worker(realm, &name).await.unwrap().is_none());
    let worker = Worker::with_credential(None, &attribute, &label);
    tenant.put_worker(realm, &name, worker).await.unwrap();
    tenant.put_mapping(realm, &label, &esv).await.unwrap();
    tenant
        .test_connection(realm, &name, credential.secrets())
        .await
        .unwrap();
}

struct Nobody;

impl Observer for Nobody {
    fn call_ended(&self, _: &'static str, _: &'static str, _: Duration) {}
    fn had_its_turn(&self, _: Lane, _: Duration) {}
    fn host_changed(&self, _: &Host, _: News) {}
}
