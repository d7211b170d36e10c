//! `import`: manifests that adopt what people made in a tenant's console. Nothing in the tenant changes.

mod account;
mod manifests;
mod observe;
mod report;

use std::sync::Arc;

use pingone_aic_operator::{
    aic::{Aic, ServiceAccount, Tenant},
    clock::Clock,
    http::{AllowList, BaseUrl, Host, HostPattern, Http, News, Observer, Priority, Rate, Settings},
};

use self::{
    manifests::{Site, manifests},
    observe::observe,
};
use super::directory::Directory;
use crate::{Answer, arguments::Import, failure::Failure, style::say};

/// The rate that the operator keeps to.
const CALLS_A_SECOND: f64 = 10.0;

pub async fn run(import: &Import, namespace: Option<&str>) -> Result<Answer, Failure> {
    let directory = Directory::claim(&import.output)?;
    let account = account::read(&import.service_account)?;
    let tenant = tenant(&import.tenant, account)?;
    let workers = observe(&tenant)
        .await
        .map_err(|error| Failure::Tenant(error.to_string()))?;
    let site = Site {
        host: import.tenant.host().clone(),
        environment: import.environment,
        secret_store: import.secret_store.clone(),
        namespace: namespace.filter(|name| !name.is_empty()).map(ToOwned::to_owned),
    };
    let manifests = manifests(&site, &workers);
    let report = report::of(&site, &manifests, &workers);
    directory.write(&manifests.files(&site, &report))?;
    say(&report);
    let is_whole = workers.iter().all(|worker| worker.found.is_ok());
    Ok(if is_whole { Answer::Yes } else { Answer::No })
}

/// A client for this tenant, and for no other host.
fn tenant(url: &BaseUrl, account: ServiceAccount) -> Result<Tenant, Failure> {
    let host = url.host().clone();
    let settings = Settings {
        allowed: AllowList::new([HostPattern::Exact(host.clone())]),
        rate: Rate {
            per_second: CALLS_A_SECOND,
            burst: 2.0 * CALLS_A_SECOND,
        },
        extra_roots: Vec::new(),
        observer: Arc::new(Nobody),
    };
    let clock = Clock::system();
    let http = Http::new(settings, clock.clone()).map_err(|error| Failure::Tenant(error.to_string()))?;
    let tenant = Aic::new(http, clock).tenant(host, Arc::new(account));
    Ok(tenant.with_priority(Priority::Change))
}

/// Nobody measures the calls of a command.
struct Nobody;

impl Observer for Nobody {
    fn call_ended(&self, _: &'static str, _: &'static str, _: std::time::Duration) {}
    fn had_its_turn(&self, _: Priority, _: std::time::Duration) {}
    fn host_changed(&self, _: &Host, _: News) {}
}
