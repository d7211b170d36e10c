//! What is another's, in every circumstance: where drift is only reported, where a person's things are taken over, in an
//! environment that only promotions change, and when the objects are deleted.

use pingone_aic_simulator::Realm;
use serde_json::json;

use crate::integration::{
    ownership::{LABEL, THEIRS, map_for_a_person, until_later},
    world::{ESV, Kind, Site, WORKER, World, credential_of},
};

/// A site for each circumstance.
struct Sites {
    warns: Site,
    adopts: Site,
    immutable: Site,
}

impl Sites {
    fn all(&self) -> [&Site; 3] {
        [&self.warns, &self.adopts, &self.immutable]
    }
}

impl World {
    fn sites(&self) -> Sites {
        Sites {
            warns: self.site("dev", Kind::Development),
            adopts: self.site("sandbox", Kind::Sandbox),
            immutable: self.site("staging", Kind::Staging),
        }
    }

    async fn apply_all(&self, sites: &Sites) {
        for (site, kind, more) in [
            (&sites.warns, Kind::Development, json!({"driftPolicy": "Warn"})),
            (&sites.adopts, Kind::Sandbox, json!({"adopt": true})),
            (&sites.immutable, Kind::Staging, json!({})),
        ] {
            self.secrets(site, &credential_of(site).jwt).await;
            let mut more = more;
            more["deletionPolicy"] = json!("Delete");
            self.objects(site, kind, more).await;
        }
    }

    async fn delete_all(&self, sites: &Sites) {
        for site in sites.all() {
            self.delete(site.name).await;
        }
    }

    /// Waits for the reason of `Stalled`, whose message says this.
    async fn refused(&self, site: &Site, reason: &str, says: &str) {
        let message = self.reason("AICIntegration", site.name, "Stalled", reason).await;
        assert!(message.contains(says), "{}: {message}", site.name);
    }
}

/// As a promotion brings it.
fn put_worker(site: &Site, label: &str) {
    let console = site.tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    let worker = json!({"useCredential": true, "credentialPurpose": label});
    console.put_worker(Realm::Alpha, WORKER, worker);
}

/// Worker and mapping as a promotion brings them.
fn promote(site: &Site) {
    put_worker(site, "PingOne.Integration.AIC");
    site.tenant.console().put_mapping(Realm::Alpha, LABEL, ESV);
}

#[tokio::test]
async fn a_label_that_a_person_has_mapped_leads_to_their_esv_whatever_happens() {
    let mut world = World::start("a person's label in every circumstance").await;
    let sites = world.sites();
    for site in sites.all() {
        map_for_a_person(site);
    }
    put_worker(&sites.immutable, "PingOne.Integration.AIC");
    sites.adopts.tenant.console().hand_over();
    world.apply_all(&sites).await;
    world.refused(&sites.warns, "LabelNotOwned", THEIRS).await;
    world.refused(&sites.immutable, "DriftDetected", THEIRS).await;
    world.active("sandbox").await;
    assert_eq!(sites.adopts.tenant.mappings(Realm::Alpha)[LABEL], ESV);
    world.delete_all(&sites).await;
    for site in [&sites.warns, &sites.immutable] {
        assert_eq!(site.tenant.mappings(Realm::Alpha)[LABEL], THEIRS, "{}", site.name);
    }
    world.check_outputs().await;
}

#[tokio::test]
async fn a_persons_worker_stays_as_it_is_whatever_happens() {
    let mut world = World::start("a person's worker in every circumstance").await;
    let sites = world.sites();
    for site in sites.all() {
        put_worker(site, "theirs");
    }
    sites.adopts.tenant.console().hand_over();
    world.apply_all(&sites).await;
    world.refused(&sites.warns, "WorkerNotOwned", "theirs").await;
    world.refused(&sites.immutable, "DriftDetected", "theirs").await;
    world.active("sandbox").await;
    world.delete_all(&sites).await;
    for site in [&sites.warns, &sites.immutable] {
        let worker = &site.tenant.workers(Realm::Alpha)[WORKER];
        assert_eq!(worker["credentialPurpose"], "theirs", "{}", site.name);
    }
    world.check_outputs().await;
}

#[tokio::test]
async fn an_esv_that_was_made_again_is_put_right_or_stays_whatever_happens() {
    let mut world = World::start("an ESV made again in every circumstance").await;
    let sites = world.sites();
    promote(&sites.immutable);
    world.apply_all(&sites).await;
    for site in sites.all() {
        world.active(site.name).await;
        until_later(&world, site.name).await;
        let console = site.tenant.console();
        console.delete_secret(ESV);
        console.create_secret(ESV, "made by hand", false, "another value");
        world.check_now(site.name).await;
    }
    world
        .refused(&sites.warns, "DriftDetected", "created again")
        .await;
    for site in [&sites.adopts, &sites.immutable] {
        world.active(site.name).await;
        assert_eq!(
            site.tenant.secret(ESV).unwrap().versions.len(),
            2,
            "{}",
            site.name
        );
    }
    world.delete_all(&sites).await;
    let theirs = sites.warns.tenant.secret(ESV).unwrap();
    assert_eq!(
        (theirs.versions.len(), theirs.description.as_str()),
        (1, "made by hand")
    );
    assert!(
        sites.adopts.tenant.secret(ESV).is_none(),
        "it was put right, and is ours"
    );
    assert!(
        sites.immutable.tenant.secret(ESV).is_some(),
        "the promoted mapping leads to it"
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn an_esv_that_another_cluster_took_over_is_theirs_whatever_happens() {
    let mut world = World::start("another cluster in every circumstance").await;
    let sites = world.sites();
    promote(&sites.immutable);
    world.apply_all(&sites).await;
    let other = "5ca1ab1e-0000-4000-8000-000000000000";
    let mut marks = Vec::new();
    for site in sites.all() {
        world.active(site.name).await;
        let mark = site.tenant.secret(ESV).unwrap().description;
        let owner = mark.split(' ').nth(1).unwrap();
        let theirs = credential_of(site);
        let console = site.tenant.console();
        console.add_version(ESV, &theirs.jwt);
        let mark = format!(
            "pingone-aic-operator {owner} {other} credential={} version=2",
            theirs.id
        );
        console.set_description(ESV, &mark);
        marks.push(mark);
        world.check_now(site.name).await;
        world.refused(site, "EsvNotOwned", other).await;
    }
    world.delete_all(&sites).await;
    for (site, mark) in sites.all().into_iter().zip(marks) {
        let esv = site.tenant.secret(ESV).unwrap();
        assert_eq!((esv.versions.len(), esv.description), (2, mark), "{}", site.name);
        let workers = site.tenant.workers(Realm::Alpha);
        assert!(
            workers.contains_key(WORKER),
            "{}: the other cluster uses it",
            site.name
        );
    }
    world.check_outputs().await;
}
