//! Drift is noticed, and put right or reported by field name; a locked environment is waited for.

use pingone_aic_simulator::{Exchange, Fault, Realm, Rule};
use serde_json::json;

use crate::integration::{
    witness::condition,
    world::{ESV, Kind, SOON, Site, WORKER, World, credential_of},
};

const LABEL: &str = "am.services.pingone.worker.PingOne.Integration.AIC.credential";

type Edit = fn(&Site);

/// What a person does in the console, and what the report has to name.
const EDITS: [(&str, Edit); 8] = [
    ("the mapping of the worker's label is gone", |site| {
        site.tenant.console().delete_mapping(Realm::Alpha, LABEL);
    }),
    ("the ESV is gone", |site| site.tenant.console().delete_secret(ESV)),
    ("worker service is not enabled", |site| {
        site.tenant.console().set_worker_service(Realm::Alpha, false);
    }),
    ("useCredential", |site| {
        site.tenant
            .console()
            .edit_worker(Realm::Alpha, WORKER, "useCredential", false);
    }),
    ("Credential Secret Label Identifier is other", |site| {
        site.tenant
            .console()
            .edit_worker(Realm::Alpha, WORKER, "credentialPurpose", "other");
    }),
    ("mapped to esv-other", |site| {
        site.tenant
            .console()
            .put_mapping(Realm::Alpha, LABEL, "esv-other");
    }),
    ("version 2 of the ESV", |site| {
        site.tenant.console().add_version(ESV, "somebody else's");
    }),
    ("the worker is gone", |site| {
        site.tenant.console().delete_worker(Realm::Alpha, WORKER);
    }),
];

#[tokio::test]
async fn every_drift_is_put_right() {
    let (mut world, site, credential) = World::active_development("every drift is put right").await;
    for (what, edit) in EDITS {
        edit(&site);
        world.check_now("dev").await;
        world.proved("dev", &credential.id).await;
        let worker = &site.tenant.workers(Realm::Alpha)[WORKER];
        assert_eq!(worker["useCredential"], true, "{what}");
        assert_eq!(worker["credentialPurpose"], "PingOne.Integration.AIC", "{what}");
        assert_eq!(site.tenant.mappings(Realm::Alpha)[LABEL], ESV, "{what}");
        assert_eq!(site.tenant.worker_service(Realm::Alpha), Some(true), "{what}");
        let secret = site.tenant.secret(ESV).unwrap();
        assert_eq!(
            secret.active().unwrap().value,
            credential.jwt.as_bytes(),
            "{what}"
        );
    }
    world.check_outputs().await;
}

#[tokio::test]
async fn every_drift_is_only_reported_where_the_policy_is_to_warn() {
    for (what, edit) in EDITS {
        let (mut world, site, _) = World::active_development("drift is reported").await;
        world.patch("dev", json!({"driftPolicy": "Warn"})).await;
        world.check_now("dev").await;
        edit(&site);
        let journal = world.network.position();
        world.check_now("dev").await;
        let message = world
            .reason("AICIntegration", "dev", "Stalled", "DriftDetected")
            .await;
        assert!(message.contains(what), "{message} does not say {what}");
        let calls = world.network.journal_since(journal);
        let writes = calls
            .iter()
            .filter(|call| call.method == "PUT" || call.is("POST", "/versions"));
        assert_eq!(writes.count(), 0, "{what}");
        world.check_outputs().await;
    }
}

#[tokio::test]
async fn what_is_gone_from_an_immutable_environment_is_reported() {
    let mut world = World::start("a worker gone from staging").await;
    let development = world.site("dev", Kind::Development);
    let staging = world.site("staging", Kind::Staging);
    world
        .apply(&development, Kind::Development, &credential_of(&development).jwt)
        .await;
    world.active("dev").await;
    world
        .apply(&staging, Kind::Staging, &credential_of(&staging).jwt)
        .await;
    world
        .reason("AICIntegration", "staging", "Ready", "AwaitingPromotion")
        .await;
    staging
        .tenant
        .import_static_configuration_from(&development.tenant);
    world.check_now("staging").await;
    world.active("staging").await;
    staging.tenant.console().delete_mapping(Realm::Alpha, LABEL);
    world.check_now("staging").await;
    let message = world
        .reason("AICIntegration", "staging", "Stalled", "DriftDetected")
        .await;
    assert!(message.contains("is not mapped to esv-"), "{message}");
    staging.tenant.console().delete_worker(Realm::Alpha, WORKER);
    world.check_now("staging").await;
    let message = world
        .reason("AICIntegration", "staging", "Stalled", "WorkerMissing")
        .await;
    assert!(message.contains("promote again"), "{message}");
    world.check_outputs().await;
}

#[tokio::test]
async fn a_locked_environment_is_waited_for_and_is_no_failure() {
    let mut world = World::start("a locked environment is waited for").await;
    let site = world.site("dev", Kind::Development);
    site.tenant.console().lock();
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Ready", "EnvironmentLocked")
        .await;
    assert!(message.contains("unlocked"), "{message}");
    let object = world.namespace.get("AICIntegration", "dev").await.unwrap();
    assert!(condition(&object, "Stalled").is_null());
    // A lock blocks ESVs, too: the one call that met it is refused, and nothing else is tried.
    assert!(site.tenant.secret(ESV).is_none());
    assert!(site.tenant.workers(Realm::Alpha).is_empty());
    let tried = world.network.journal();
    let refused: Vec<_> = tried.iter().filter(|call| call.status == Some(403)).collect();
    assert!(
        refused
            .iter()
            .all(|call| call.path.starts_with("/environment/secrets/")),
        "{refused:?}"
    );
    site.tenant.console().unlock();
    world.check_now("dev").await;
    world.active("dev").await;
    world.check_outputs().await;
}

#[tokio::test]
async fn a_lock_that_begins_after_the_look_is_waited_for_too() {
    let mut world = World::start("a lock that begins after the look").await;
    let site = world.site("dev", Kind::Development);
    // The lock has been looked at, and the first write of static configuration is on its way.
    let write = Rule::on(site.tenant.host())
        .method("PUT")
        .path_contains("realm-config");
    let held = world.network.fault(write.times(1), Fault::Hold);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let is_on_its_way = |call: &Exchange| call.fault == Some(Fault::Hold);
    world.network.wait_for(SOON, is_on_its_way).await.unwrap();
    site.tenant.console().lock();
    held.remove();
    world
        .reason("AICIntegration", "dev", "Ready", "EnvironmentLocked")
        .await;
    let journal = world.network.journal();
    assert!(
        journal
            .iter()
            .any(|call| call.fault == Some(Fault::Hold) && call.status == Some(403)),
        "it met the lock"
    );
    site.tenant.console().unlock();
    world.check_now("dev").await;
    world.active("dev").await;
    world.check_outputs().await;
}

#[tokio::test]
async fn drift_in_a_locked_environment_is_corrected_when_it_is_unlocked() {
    let (mut world, site, credential) =
        World::active_development("drift in a locked environment is corrected later").await;
    site.tenant
        .console()
        .edit_worker(Realm::Alpha, WORKER, "useCredential", false);
    site.tenant.console().lock();
    world.check_now("dev").await;
    world
        .reason("AICIntegration", "dev", "Ready", "EnvironmentLocked")
        .await;
    assert_eq!(site.tenant.workers(Realm::Alpha)[WORKER]["useCredential"], false);
    site.tenant.console().unlock();
    world.check_now("dev").await;
    world.proved("dev", &credential.id).await;
    assert_eq!(site.tenant.workers(Realm::Alpha)[WORKER]["useCredential"], true);
    world.check_outputs().await;
}
