//! Nothing that is not ours: labels, workers, ESVs and marks of other people, other objects and other clusters.

use std::time::Duration;

use jiff::Timestamp;
use pingone_aic_simulator::{
    Realm,
    tenant::{Version, VersionStatus},
};
use serde_json::json;

use crate::integration::{
    witness::condition,
    world::{ESV, Kind, Site, WORKER, World, credential_of},
};

pub const LABEL: &str = "am.services.pingone.worker.PingOne.Integration.AIC.credential";
pub const THEIRS: &str = "esv-theirs";

/// A person's worker that uses the label, which leads to the person's own ESV.
pub fn map_for_a_person(site: &Site) {
    let console = site.tenant.console();
    console.create_secret(THEIRS, "made by hand", false, &credential_of(site).jwt);
    console.set_worker_service(Realm::Alpha, true);
    let worker = json!({"useCredential": true, "credentialPurpose": "PingOne.Integration.AIC"});
    console.put_worker(Realm::Alpha, "By-Hand", worker);
    console.put_mapping(Realm::Alpha, LABEL, THEIRS);
}

fn versions(site: &Site) -> usize {
    site.tenant.secret(ESV).unwrap().versions.len()
}

#[tokio::test]
async fn a_label_that_a_person_has_mapped_is_not_mapped_to_our_esv() {
    let mut world = World::start("a label that a person has mapped").await;
    let site = world.site("dev", Kind::Development);
    map_for_a_person(&site);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "LabelNotOwned")
        .await;
    assert!(
        message.contains("PingOne.Integration.AIC") && message.contains(THEIRS),
        "{message}"
    );
    assert_eq!(site.tenant.mappings(Realm::Alpha)[LABEL], THEIRS);
    assert!(
        !site.tenant.workers(Realm::Alpha).contains_key(WORKER),
        "no worker is made for a label that is another's"
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn of_two_objects_that_claim_one_label_one_keeps_it_and_the_other_writes_nothing() {
    let (mut world, site, _) = World::active_development("two objects claim one label").await;
    let journal = world.network.position();
    let second = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": "second"},
        "spec": {
            "connectionRef": {"name": "dev"}, "name": "Second-Integration", "realm": "alpha", "adopt": true,
            "secretLabelIdentifier": "PingOne.Integration.AIC",
            "tenant": {
                "url": site.tenant.url(), "environment": "Development",
                "serviceAccountSecretRef": {"name": "aic-dev"},
            },
        },
    });
    world.namespace.apply(second).await.unwrap();
    let message = world
        .reason("AICIntegration", "second", "Stalled", "LabelNotOwned")
        .await;
    assert!(message.contains("/dev"), "{message}");
    world.check_now("dev").await;
    world.check_now("second").await;
    let written = world.network.journal_since(journal);
    let written = written
        .iter()
        .filter(|call| matches!(call.method.as_str(), "PUT" | "DELETE"));
    assert_eq!(written.count(), 0);
    assert_eq!(site.tenant.mappings(Realm::Alpha)[LABEL], ESV);
    world.check_outputs().await;
}

#[tokio::test]
async fn a_worker_that_was_refused_is_not_removed() {
    let mut world = World::start("a refused worker is not removed").await;
    let site = world.site("dev", Kind::Development);
    let console = site.tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    let theirs = json!({"useCredential": false, "credentialPurpose": "PingOne.Integration.AIC"});
    console.put_worker(Realm::Alpha, WORKER, theirs);
    world.secrets(&site, &credential_of(&site).jwt).await;
    world
        .objects(&site, Kind::Development, json!({"deletionPolicy": "Delete"}))
        .await;
    world
        .reason("AICIntegration", "dev", "Stalled", "WorkerNotOwned")
        .await;
    world.delete("dev").await;
    assert!(site.tenant.workers(Realm::Alpha).contains_key(WORKER));
    assert!(site.tenant.secret(ESV).is_none(), "what was made is removed");
    world.check_outputs().await;
}

#[tokio::test]
async fn a_worker_that_only_looks_like_ours_is_used_and_stays() {
    let mut world = World::start("a worker that looks like ours").await;
    let site = world.site("dev", Kind::Development);
    let console = site.tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    let theirs = json!({"useCredential": true, "credentialPurpose": "PingOne.Integration.AIC"});
    console.put_worker(Realm::Alpha, WORKER, theirs);
    world.secrets(&site, &credential_of(&site).jwt).await;
    world
        .objects(&site, Kind::Development, json!({"deletionPolicy": "Delete"}))
        .await;
    world.active("dev").await;
    world.delete("dev").await;
    assert!(site.tenant.workers(Realm::Alpha).contains_key(WORKER));
    assert!(site.tenant.mappings(Realm::Alpha).is_empty());
    let message = world.event("LeftBehind").await;
    assert!(message.contains(WORKER), "{message}");
    world.check_outputs().await;
}

#[tokio::test]
async fn a_persons_worker_that_is_only_used_is_not_changed_back() {
    let mut world = World::start("a person's worker that is only used").await;
    let site = world.site("dev", Kind::Development);
    let console = site.tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    let theirs = json!({"useCredential": true, "credentialPurpose": "PingOne.Integration.AIC"});
    console.put_worker(Realm::Alpha, WORKER, theirs);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    world.check_now("dev").await;
    world.check_now("dev").await;
    console.edit_worker(Realm::Alpha, WORKER, "credentialPurpose", "their.own");
    world.check_now("dev").await;
    world
        .reason("AICIntegration", "dev", "Stalled", "WorkerNotOwned")
        .await;
    let worker = &site.tenant.workers(Realm::Alpha)[WORKER];
    assert_eq!(worker["credentialPurpose"], "their.own");
    world.check_outputs().await;
}

/// Nobody makes an ESV again in the moment of its creation, whose date is the only one that the operator is told.
pub async fn until_later(world: &World, name: &str) {
    let object = world.namespace.get("AICIntegration", name).await.unwrap();
    let created = object.data["status"]["esv"]["createDate"].as_str().unwrap();
    let created: Timestamp = created.parse().unwrap();
    while Timestamp::now() <= created {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_esv_that_somebody_made_again_is_put_right_by_one_version() {
    let (mut world, site, credential) = World::active_development("an ESV that was made again").await;
    until_later(&world, "dev").await;
    let console = site.tenant.console();
    console.delete_secret(ESV);
    console.create_secret(ESV, "made by hand", false, "another value");
    world.check_now("dev").await;
    world.proved("dev", &credential.id).await;
    let esv = site.tenant.secret(ESV).unwrap();
    assert_eq!(esv.versions.len(), 2);
    assert_eq!(esv.active().unwrap().value, credential.jwt.as_bytes());
    assert!(esv.description.starts_with("pingone-aic-operator "));
    world.check_now("dev").await;
    assert_eq!(versions(&site), 2);
    world.check_outputs().await;
}

/// Its versions are counted anew: the second one is not the second one that was proved before.
#[tokio::test]
async fn the_versions_of_an_esv_that_was_made_again_after_a_rotation_are_disabled_like_others() {
    let (mut world, site, _) = World::active_development("made again after a rotation").await;
    let new = credential_of(&site);
    world.credential(&site, &new.jwt).await;
    world.proved("dev", &new.id).await;
    let console = site.tenant.console();
    console.delete_secret(ESV);
    console.create_secret(ESV, "made by hand", false, "another value");
    world.check_now("dev").await;
    world.proved("dev", &new.id).await;
    let esv = site.tenant.secret(ESV).unwrap();
    let enabled = |version: &&Version| version.status == VersionStatus::Enabled;
    assert_eq!(
        (esv.versions.len(), esv.versions.iter().filter(enabled).count()),
        (2, 1)
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn an_esv_that_somebody_made_again_is_only_reported_where_the_policy_is_to_warn() {
    let (mut world, site, _) = World::active_development("an ESV made again, with Warn").await;
    world.patch("dev", json!({"driftPolicy": "Warn"})).await;
    world.check_now("dev").await;
    until_later(&world, "dev").await;
    let console = site.tenant.console();
    console.delete_secret(ESV);
    console.create_secret(ESV, "made by hand", false, "another value");
    world.check_now("dev").await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "DriftDetected")
        .await;
    assert!(message.contains("created again"), "{message}");
    assert_eq!(versions(&site), 1);
    world.check_outputs().await;
}

#[tokio::test]
async fn an_object_whose_esv_another_clusters_object_of_its_name_took_over_writes_nothing() {
    let (mut world, site, _) = World::active_development("another cluster took over").await;
    let console = site.tenant.console();
    let mark = site.tenant.secret(ESV).unwrap().description;
    let words: Vec<_> = mark.split(' ').collect();
    let [operator, owner] = words[..2] else {
        panic!("{mark}")
    };
    let theirs = credential_of(&site);
    console.add_version(ESV, &theirs.jwt);
    let other = "5ca1ab1e-0000-4000-8000-000000000000";
    let taken = format!("{operator} {owner} {other} credential={} version=2", theirs.id);
    console.set_description(ESV, &taken);
    world.check_now("dev").await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "EsvNotOwned")
        .await;
    assert!(message.contains(other) && message.contains("delete"), "{message}");
    // Nor after a rotation of this cluster's Secret alone.
    world.credential(&site, &credential_of(&site).jwt).await;
    world.check_now("dev").await;
    let esv = site.tenant.secret(ESV).unwrap();
    assert_eq!((esv.versions.len(), esv.description), (2, taken));
    world.check_outputs().await;
}

#[tokio::test]
async fn a_worker_service_that_somebody_disabled_stays_disabled() {
    let mut world = World::start("a disabled worker service").await;
    let site = world.site("dev", Kind::Development);
    site.tenant.console().set_worker_service(Realm::Alpha, false);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "WorkerServiceDisabled")
        .await;
    assert!(message.contains("realm alpha"), "{message}");
    assert_eq!(site.tenant.worker_service(Realm::Alpha), Some(false));
    assert!(site.tenant.workers(Realm::Alpha).is_empty());
    site.tenant.console().hand_over();
    world.patch("dev", json!({"adopt": true})).await;
    world.active("dev").await;
    assert_eq!(site.tenant.worker_service(Realm::Alpha), Some(true));
    world.check_outputs().await;
}

#[tokio::test]
async fn a_test_of_a_worker_with_another_label_shows_nothing_of_an_esv() {
    let mut world = World::start("a worker with another label").await;
    let site = world.site("dev", Kind::Development);
    let credential = credential_of(&site);
    let console = site.tenant.console();
    console.set_worker_service(Realm::Alpha, true);
    console.create_secret("esv-other", "mine", false, &credential.jwt);
    let worker = json!({"useCredential": true, "credentialPurpose": "other"});
    console.put_worker(Realm::Alpha, WORKER, worker);
    console.put_mapping(
        Realm::Alpha,
        "am.services.pingone.worker.other.credential",
        "esv-other",
    );
    console.create_secret(ESV, "mine", false, "another value");
    console.put_mapping(Realm::Alpha, LABEL, ESV);
    console.hand_over();
    // By then the tenant uses no value from before.
    world.network.clock().advance(Duration::from_mins(12));
    world.secrets(&site, &credential.jwt).await;
    world
        .objects(&site, Kind::Development, json!({"adopt": true}))
        .await;
    world.proved("dev", &credential.id).await;
    let esv = site.tenant.secret(ESV).unwrap();
    assert_eq!(esv.active().unwrap().value, credential.jwt.as_bytes());
    world.check_outputs().await;
}

#[tokio::test]
async fn a_label_that_leads_to_another_objects_esv_is_never_adopted() {
    let mut world = World::start("a label of another object's ESV").await;
    let site = world.site("dev", Kind::Development);
    map_for_a_person(&site);
    let mark = "pingone-aic-operator other/cluster 5ca1ab1e credential=c version=1";
    site.tenant.console().set_description(THEIRS, mark);
    world.secrets(&site, &credential_of(&site).jwt).await;
    world
        .objects(&site, Kind::Development, json!({"adopt": true}))
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "LabelNotOwned")
        .await;
    assert!(message.contains("other/cluster"), "{message}");
    assert_eq!(site.tenant.mappings(Realm::Alpha)[LABEL], THEIRS);
    world.check_outputs().await;
}

#[tokio::test]
async fn an_object_that_is_restored_with_its_status_knows_its_esv_and_writes_no_version() {
    let (mut world, site, credential) = World::active_development("restored with its status").await;
    let before = world.namespace.get("AICIntegration", "dev").await.unwrap();
    world.delete("dev").await;
    let rotated = credential_of(&site);
    world.restore(&site, &before).await;
    world.check_now("dev").await;
    world.proved("dev", &credential.id).await;
    let esv = site.tenant.secret(ESV).unwrap();
    let restored = world.namespace.get("AICIntegration", "dev").await.unwrap();
    let uid = restored.metadata.uid.unwrap();
    assert!(esv.description.contains(&uid), "{}", esv.description);
    assert_eq!(esv.versions.len(), 1);
    // From then on a rotation is a rotation.
    world.credential(&site, &rotated.jwt).await;
    world.proved("dev", &rotated.id).await;
    assert_eq!(versions(&site), 2);
    world.check_outputs().await;
}

#[tokio::test]
async fn of_two_unnamed_integrations_of_one_connection_one_becomes_active_and_the_other_says_why() {
    let mut world = World::start("two unnamed integrations").await;
    let site = world.site("dev", Kind::Development);
    world.secrets(&site, &credential_of(&site).jwt).await;
    let twin = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": "twin"},
        "spec": {
            "connectionRef": {"name": "dev"}, "realm": "alpha", "interval": "1m",
            "tenant": {
                "url": site.tenant.url(), "environment": "Development",
                "serviceAccountSecretRef": {"name": "aic-dev"},
            },
        },
    });
    world.namespace.apply(twin).await.unwrap();
    world
        .objects(&site, Kind::Development, json!({"name": null}))
        .await;
    let ready = |object: &kube::core::DynamicObject| condition(object, "Ready").clone();
    let mut settled = Vec::new();
    for name in ["dev", "twin"] {
        let object = world
            .wait("AICIntegration", name, "to be Active, or refused", |object| {
                let reason = ready(object)["reason"].clone();
                reason == "TestPassed" || reason == "EsvNotOwned"
            })
            .await;
        settled.push(ready(&object)["reason"].clone());
    }
    settled.sort_by_key(ToString::to_string);
    assert_eq!(settled, ["EsvNotOwned", "TestPassed"]);
    let esv = "esv-env-pingoneaic-mycompany-ew2-dev";
    assert_eq!(site.tenant.secret(esv).unwrap().versions.len(), 1);
    assert_eq!(site.tenant.workers(Realm::Alpha).len(), 1);
    world.check_outputs().await;
}

impl World {
    /// Makes the object again under another uid, with the status that a backup has of it.
    async fn restore(&self, site: &Site, backup: &kube::core::DynamicObject) {
        self.objects(site, Kind::Development, json!({"suspend": true}))
            .await;
        self.wait("AICIntegration", "dev", "to be suspended", |object| {
            object.data["status"]["conditions"]
                .to_string()
                .contains("Suspended")
        })
        .await;
        self.lose_status("dev", &json!({"status": backup.data["status"]}))
            .await;
        self.patch("dev", json!({"suspend": false})).await;
    }
}
