//! The floor: the calls that cannot be spared, made by a bare concurrent loop in a process of its own, over the same
//! TLS.

mod join;
mod kubernetes;
mod promote;

use std::{
    io::Read as _,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use pingone_aic_harness::TestNamespace;
use pingone_aic_operator::{
    aic::{Aic, ServiceAccount, Tenant},
    clock::Clock,
    http::{Host, Http, News, Observer, Priority, Settings},
    pingone::PingOne,
    runtime::Options,
};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;

use self::kubernetes::{Cluster, Statuses};
use crate::fleet::{Fleet, Site};

/// What is done.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Work {
    /// Integrations are made and proved, everywhere at once.
    Join,
    /// Their new credential is written and proved, everywhere at once.
    Rotate,
    /// Each site's configuration is promoted to the next site, one stage after the other.
    Promote,
}

/// What the child is told.
#[derive(Serialize, Deserialize)]
struct Task {
    work: Work,
    ca: String,
    per_second: f64,
    sites: Vec<Site>,
    cluster: Option<Cluster>,
}

/// Makes a fleet's calls; how many seconds it took.
pub async fn measure(fleet: &Fleet, work: Work, per_second: f64) -> f64 {
    run_child(fleet, (work, per_second), None).await
}

/// The same for objects that are in this namespace: the status of each is written once, when its calls are made.
pub async fn measure_writing(fleet: &Fleet, work: Work, per_second: f64, namespace: &TestNamespace) -> f64 {
    run_child(fleet, (work, per_second), Some(Cluster::of(namespace))).await
}

async fn run_child(fleet: &Fleet, (work, per_second): (Work, f64), cluster: Option<Cluster>) -> f64 {
    let task = Task {
        work,
        ca: fleet.network.ca_pem(),
        per_second,
        sites: fleet.tenants.iter().map(|member| member.site.clone()).collect(),
        cluster,
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
        cluster,
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
    let statuses = match cluster {
        Some(cluster) => Some(Statuses::of(cluster).await),
        None => None,
    };
    let places: Vec<_> = sites
        .into_iter()
        .map(|site| Place::new(site, (&aic, &pingone), statuses.clone()))
        .collect();
    if matches!(work, Work::Rotate) {
        everywhere(&places, Place::log_in).await;
    }
    let started = Instant::now();
    match work {
        Work::Join => everywhere(&places, Place::join).await,
        Work::Rotate => everywhere(&places, Place::rotate).await,
        Work::Promote => {
            for upper in &places[1..] {
                upper.promote().await;
            }
        }
    }
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
    statuses: Option<Statuses>,
}

impl Place {
    fn new(site: Site, (aic, pingone): (&Aic, &PingOne), statuses: Option<Statuses>) -> Self {
        let host: Host = site.url.strip_prefix("https://").unwrap().parse().unwrap();
        let account = ServiceAccount::parse(&site.account, site.jwk.as_bytes()).unwrap();
        Self {
            tenant: aic.tenant(host, Arc::new(account)).with_priority(Priority::New),
            pingone: pingone.clone(),
            statuses,
            site,
        }
    }
}

struct Nobody;

impl Observer for Nobody {
    fn call_ended(&self, _: &'static str, _: &'static str, _: Duration) {}
    fn had_its_turn(&self, _: Priority, _: Duration) {}
    fn host_changed(&self, _: &Host, _: News) {}
}
