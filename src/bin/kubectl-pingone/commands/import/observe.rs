//! What a tenant shows. Reads, and has the tenant test its workers: nothing in it changes.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use pingone_aic_operator::{
    aic::{
        Adoption, ConnectionTest, Error, LabelAttribute, Mapping, Service, Shown, Tenant, TestedEnvironment,
        Worker, adoption,
    },
    api::Realm,
    credential::tenant_host,
    http::Host,
};

/// Workers that the tenant tests at a time.
const TESTS_AT_ONCE: usize = 4;

/// A worker of the tenant.
pub struct Seen {
    pub realm: Realm,
    pub worker: String,
    /// What adopts it, else everything that stands in the way.
    pub found: Result<Importable, Vec<String>>,
}

/// A worker that an integration can adopt, and whose connection works.
pub struct Importable {
    pub adoption: Adoption,
    /// The PingOne environment of the credential at work.
    pub environment: TestedEnvironment,
    /// The id of the credential at work.
    pub credential: String,
}

impl Importable {
    /// Whether the environment's name says that the credential belongs to another tenant, or to none.
    pub fn is_bound_elsewhere(&self, host: &Host) -> bool {
        tenant_host(&self.environment.name).as_ref() != Some(host)
    }
}

/// One realm.
struct InRealm {
    realm: Realm,
    is_enabled: bool,
    attribute: Option<LabelAttribute>,
    workers: BTreeMap<String, Worker>,
    mappings: Vec<Mapping>,
}

/// All workers of both realms, by realm and name.
pub async fn observe(tenant: &Tenant) -> Result<Vec<Seen>, Error> {
    let mut realms = Vec::new();
    for realm in [Realm::Alpha, Realm::Bravo] {
        realms.push(in_realm(tenant, realm).await?);
    }
    let esvs = tenant.esvs().await?;
    let mut all = Vec::new();
    for (index, here) in realms.iter().enumerate() {
        let shown = Shown {
            attribute: here.attribute.as_ref(),
            is_enabled: here.is_enabled,
            workers: &here.workers,
            mappings: &here.mappings,
            mappings_elsewhere: &realms[1 - index].mappings,
            esvs: &esvs,
        };
        for (name, worker) in &here.workers {
            all.push((here.realm, name.clone(), adoption(&shown, name, worker)));
        }
    }
    let tested = stream::iter(all).map(async |(realm, worker, adoption)| {
        let found = match adoption {
            Ok(adoption) => test(tenant, realm, adoption).await?,
            Err(obstacles) => Err(obstacles),
        };
        Ok(Seen { realm, worker, found })
    });
    let tested: Vec<Result<_, Error>> = tested.buffered(TESTS_AT_ONCE).collect().await;
    tested.into_iter().collect()
}

async fn in_realm(tenant: &Tenant, realm: Realm) -> Result<InRealm, Error> {
    let service = tenant.worker_service(realm).await?;
    let mut workers = BTreeMap::new();
    let mut attribute = None;
    if service.is_some() {
        attribute = tenant.label_attribute(realm).await?;
        workers = tenant.workers(realm).await?;
    }
    Ok(InRealm {
        realm,
        is_enabled: service.as_ref().is_some_and(Service::is_enabled),
        attribute,
        workers,
        mappings: tenant.mappings(realm).await?,
    })
}

/// The tenant's own test tells which credential is at work.
async fn test(
    tenant: &Tenant,
    realm: Realm,
    adoption: Adoption,
) -> Result<Result<Importable, Vec<String>>, Error> {
    let tested = tenant.test_connection(realm, &adoption.name, []).await?;
    let obstacle = match tested {
        ConnectionTest::Passed {
            credential_id,
            environment: Some(environment),
        } if is_nameable(&environment.name) => {
            return Ok(Ok(Importable {
                adoption,
                environment,
                credential: credential_id,
            }));
        }
        ConnectionTest::Passed {
            environment: Some(environment),
            ..
        } => format!(
            "no PingOneConnection can have the environment {:?}",
            environment.name
        ),
        ConnectionTest::Passed {
            environment: None, ..
        } => "its connection test does not tell the PingOne environment".to_owned(),
        ConnectionTest::Failed { message, .. } => {
            format!("its connection test fails: {message}. Correct it in the tenant's console")
        }
        ConnectionTest::NoWorker => "the tenant's connection test does not find it".to_owned(),
    };
    Ok(Err(vec![obstacle]))
}

/// As `spec.environment.name` takes it.
fn is_nameable(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && name.chars().count() <= 256
}
