//! Deletion: nothing, or mapping, worker and ESV in that order; never stuck.

use pingone_aic_harness::{Operator, TestNamespace, Values};
use pingone_aic_simulator::{Network, Realm};
use serde_json::json;

use crate::integration::world::{ESV, Kind, Site, WORKER, World, credential_of};

fn is_empty(site: &Site) -> bool {
    site.tenant.secret(ESV).is_none()
        && site.tenant.workers(Realm::Alpha).is_empty()
        && site.tenant.mappings(Realm::Alpha).is_empty()
}

async fn deletable(sentence: &str) -> (World, Site) {
    let (world, site, _) = World::active_development(sentence).await;
    world.patch("dev", json!({"deletionPolicy": "Delete"})).await;
    world
        .wait("AICIntegration", "dev", "to have the finalizer", |object| {
            object
                .metadata
                .finalizers
                .as_ref()
                .is_some_and(|all| all == &["pingone-aic.io/cleanup"])
        })
        .await;
    (world, site)
}

#[tokio::test]
async fn retain_leaves_everything_and_needs_no_finalizer() {
    let (mut world, site, _) = World::active_development("retain leaves everything").await;
    let object = world.namespace.get("AICIntegration", "dev").await.unwrap();
    assert_eq!(object.metadata.finalizers, None);
    let journal = world.network.position();
    world.delete("dev").await;
    assert!(site.tenant.secret(ESV).is_some());
    assert!(world.network.journal_since(journal).is_empty());
    world.check_outputs().await;
}

#[tokio::test]
async fn delete_removes_mapping_worker_and_esv_in_that_order() {
    let (mut world, site) = deletable("delete in order").await;
    let journal = world.network.position();
    world.delete("dev").await;
    assert!(is_empty(&site));
    let calls = world.network.journal_since(journal);
    let deleted: Vec<_> = calls
        .iter()
        .filter(|call| call.method == "DELETE")
        .map(|call| call.path.rsplit('/').next().unwrap_or_default())
        .collect();
    assert_eq!(
        deleted,
        [
            "am.services.pingone.worker.PingOne.Integration.AIC.credential",
            WORKER,
            ESV
        ]
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn back_to_retain_takes_the_finalizer_away() {
    let (mut world, site) = deletable("back to retain").await;
    world.patch("dev", json!({"deletionPolicy": "Retain"})).await;
    world
        .wait("AICIntegration", "dev", "to have no finalizer", |object| {
            object.metadata.finalizers.as_ref().is_none_or(Vec::is_empty)
        })
        .await;
    world.delete("dev").await;
    assert!(site.tenant.secret(ESV).is_some());
    world.check_outputs().await;
}

#[tokio::test]
async fn connection_and_credential_may_go_first() {
    let (mut world, site) = deletable("connection and credential go first").await;
    world.namespace.delete("PingOneConnection", "dev").await.unwrap();
    world.delete_secret("pingone-dev").await;
    world.delete("dev").await;
    assert!(is_empty(&site));
    world.check_outputs().await;
}

#[tokio::test]
async fn without_its_service_account_the_object_goes_at_once_and_what_is_left_is_named() {
    let (mut world, site) = deletable("the service account goes first").await;
    world.delete_secret("aic-dev").await;
    world.delete("dev").await;
    assert!(!is_empty(&site));
    let event = world.event("LeftBehind").await;
    for name in [WORKER, ESV, "Secret aic-dev does not exist", site.tenant.host()] {
        assert!(event.contains(name), "{event} does not name {name}");
    }
    assert!(
        world
            .operator
            .metrics()
            .await
            .unwrap()
            .contains("pingone_aic_left_behind_total 1")
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn what_is_gone_already_is_gone() {
    let (mut world, site) = deletable("gone already").await;
    let console = site.tenant.console();
    console.delete_mapping(
        Realm::Alpha,
        "am.services.pingone.worker.PingOne.Integration.AIC.credential",
    );
    console.delete_worker(Realm::Alpha, WORKER);
    console.delete_secret(ESV);
    world.delete("dev").await;
    assert!(is_empty(&site));
    world.check_outputs().await;
}

#[tokio::test]
async fn what_became_somebody_elses_stays() {
    let (mut world, site) = deletable("somebody else's stays").await;
    site.tenant.console().set_description(
        ESV,
        "pingone-aic-operator other/other some-uid credential=c version=1",
    );
    world.delete("dev").await;
    assert!(site.tenant.secret(ESV).is_some());
    assert_eq!(site.tenant.workers(Realm::Alpha).len(), 1);
    world.check_outputs().await;
}

#[tokio::test]
async fn an_esv_that_another_label_uses_stays_and_is_named() {
    let (mut world, site) = deletable("an ESV in use stays").await;
    let console = site.tenant.console();
    console.set_worker_service(Realm::Bravo, true);
    console.put_worker(
        Realm::Bravo,
        "Other",
        json!({"useCredential": true, "credentialPurpose": "other"}),
    );
    console.put_mapping(Realm::Bravo, "am.services.pingone.worker.other.credential", ESV);
    world.delete("dev").await;
    assert!(site.tenant.secret(ESV).is_some());
    assert!(site.tenant.workers(Realm::Alpha).is_empty());
    let event = world.event("LeftBehind").await;
    assert!(
        event.contains(ESV) && event.contains("worker.other.credential in realm bravo"),
        "{event}"
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn what_a_promotion_brought_stays_and_is_named() {
    let mut world = World::start("what a promotion brought stays").await;
    let development = world.site("dev", Kind::Development);
    let staging = world.site("staging", Kind::Staging);
    world
        .apply(&development, Kind::Development, &credential_of(&development).jwt)
        .await;
    world.active("dev").await;
    world.secrets(&staging, &credential_of(&staging).jwt).await;
    world
        .objects(&staging, Kind::Staging, json!({"deletionPolicy": "Delete"}))
        .await;
    world
        .reason("AICIntegration", "staging", "Ready", "AwaitingPromotion")
        .await;
    staging
        .tenant
        .import_static_configuration_from(&development.tenant);
    world.check_now("staging").await;
    world.active("staging").await;
    world.delete("staging").await;
    assert!(!is_empty(&staging));
    let event = world.event("LeftBehind").await;
    assert!(
        event.contains("only by promotion") && event.contains(ESV),
        "{event}"
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn a_locked_environment_is_cleared_when_it_is_unlocked() {
    let (mut world, site) = deletable("a locked environment is cleared later").await;
    site.tenant.console().lock();
    world.namespace.delete("AICIntegration", "dev").await.unwrap();
    let message = world.reason("AICIntegration", "dev", "Ready", "Deleting").await;
    assert!(
        message.contains("a promotion has locked the environment"),
        "{message}"
    );
    assert!(site.tenant.secret(ESV).is_some() && !site.tenant.mappings(Realm::Alpha).is_empty());
    site.tenant.console().unlock();
    world.ask_for_check("dev").await;
    world.delete("dev").await;
    assert!(is_empty(&site));
    world.check_outputs().await;
}

#[tokio::test]
async fn a_namespace_that_is_going_is_not_held_up_and_what_is_left_is_told() {
    let network = Network::start().await;
    let home = TestNamespace::create("the operator of a namespace that is going").await;
    let namespace = TestNamespace::create("a namespace that is going").await;
    let values = Values::new(env!("CARGO_BIN_EXE_pingone-aic-operator"))
        .vendors(&network.proxy_url(), &network.ca_pem())
        .set(json!({"watchNamespaces": [namespace.name()], "log": {"level": "debug"}}));
    let operator = Operator::install(&home, values).await.unwrap();
    let mut world = World {
        network,
        namespace,
        operator,
    };
    let site = world.site("dev", Kind::Development);
    world.secrets(&site, &credential_of(&site).jwt).await;
    world
        .objects(&site, Kind::Development, json!({"deletionPolicy": "Delete"}))
        .await;
    world.active("dev").await;
    let delete = ["delete", "namespace", world.namespace.name(), "--timeout=60s"];
    world.namespace.control_plane().kubectl(&delete).await.unwrap();
    // Whether its Secrets went before the tenant was cleared is the API server's affair.
    let log = world.operator.log();
    let counted = world.operator.metrics().await.unwrap();
    let told = log.contains("LeftBehind") && counted.contains("pingone_aic_left_behind_total 1");
    let lines = log
        .lines()
        .filter(|line| line.contains("\"WARN\"") || line.contains("let go"));
    let why = lines.collect::<Vec<_>>().join("\n");
    assert!(is_empty(&site) != told, "cleared, or told: {told}\n{why}");
    assert!(world.operator.terminate().await.unwrap().success());
}
