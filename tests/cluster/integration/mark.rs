//! The mark, and whose a thing is: re-creation, restored backups, adoption, two objects that claim one.

use pingone_aic_simulator::Realm;
use serde_json::json;

use crate::integration::world::{ESV, Kind, WORKER, World, credential_of};

const LABEL: &str = "am.services.pingone.worker.PingOne.Integration.AIC.credential";

fn versions(site: &crate::integration::world::Site) -> usize {
    site.tenant.secret(ESV).unwrap().versions.len()
}

#[tokio::test]
async fn a_recreated_object_knows_its_esv_by_the_mark_and_writes_nothing() {
    let (mut world, site, _) = World::active_development("a re-created object knows its ESV").await;
    let old_mark = site.tenant.secret(ESV).unwrap().description;
    world.delete("dev").await;
    world.objects(&site, Kind::Development, json!({})).await;
    world.active("dev").await;
    assert_eq!(versions(&site), 1);
    let mark = site.tenant.secret(ESV).unwrap().description;
    assert_ne!(mark, old_mark, "it bears the new object's uid");
    world.check_outputs().await;
}

#[tokio::test]
async fn a_recreated_object_with_another_credential_has_to_adopt_its_esv() {
    let (mut world, site, _) = World::active_development("re-created with another credential").await;
    world.delete("dev").await;
    let new = credential_of(&site);
    world.credential(&site, &new.jwt).await;
    world.objects(&site, Kind::Development, json!({})).await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "EsvNotOwned")
        .await;
    assert!(
        message.contains("has the mark of") && message.contains("spec.adopt"),
        "{message}"
    );
    // What bears a mark is not adopted: somebody has to say in the console that it is free.
    world.patch("dev", json!({"adopt": true})).await;
    world.check_now("dev").await;
    world
        .reason("AICIntegration", "dev", "Stalled", "EsvNotOwned")
        .await;
    assert_eq!(versions(&site), 1);
    site.tenant.console().set_description(ESV, "free");
    world.check_now("dev").await;
    world.proved("dev", &new.id).await;
    assert_eq!(versions(&site), 2);
    world.check_outputs().await;
}

#[tokio::test]
async fn an_object_whose_status_was_lost_remembers_by_the_mark() {
    let (mut world, site, credential) = World::active_development("a lost status").await;
    let new = credential_of(&site);
    world.credential(&site, &new.jwt).await;
    world.proved("dev", &new.id).await;
    let backup = json!({"status": {"esv": null, "worker": null, "credentialId": null, "conditions": null}});
    world.lose_status("dev", &backup).await;
    world.check_now("dev").await;
    world.proved("dev", &new.id).await;
    assert_eq!(
        versions(&site),
        2,
        "nothing was written for {} again",
        credential.id
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn an_edited_description_is_restored_or_reported() {
    let (mut world, site, _) = World::active_development("an edited description").await;
    let mark = site.tenant.secret(ESV).unwrap().description;
    site.tenant.console().set_description(ESV, "mine");
    world.check_now("dev").await;
    assert_eq!(site.tenant.secret(ESV).unwrap().description, mark);
    world.patch("dev", json!({"driftPolicy": "Warn"})).await;
    world.check_now("dev").await;
    site.tenant.console().set_description(ESV, "mine");
    world.check_now("dev").await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "DriftDetected")
        .await;
    assert!(message.contains("description"), "{message}");
    assert_eq!(site.tenant.secret(ESV).unwrap().description, "mine");
    assert_eq!(versions(&site), 1);
    world.check_outputs().await;
}

#[tokio::test]
async fn what_a_person_made_in_the_console_is_adopted_once_and_only_when_asked() {
    let mut world = World::start("adopted once").await;
    let site = world.site("dev", Kind::Development);
    let console = site.tenant.console();
    let old = credential_of(&site);
    console.create_secret(ESV, "made by hand", false, &old.jwt);
    console.set_worker_service(Realm::Alpha, true);
    let worker = json!({"useCredential": true, "credentialPurpose": "by.hand", "clientId": "kept"});
    console.put_worker(Realm::Alpha, WORKER, worker);
    let new = credential_of(&site);
    world.secrets(&site, &new.jwt).await;
    world.objects(&site, Kind::Development, json!({})).await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "EsvNotOwned")
        .await;
    assert!(message.contains("was not created by the operator"), "{message}");
    assert_eq!(site.tenant.secret(ESV).unwrap().description, "made by hand");
    console.hand_over();
    world.patch("dev", json!({"adopt": true})).await;
    world.proved("dev", &new.id).await;
    assert_eq!(versions(&site), 2);
    let workers = site.tenant.workers(Realm::Alpha);
    assert_eq!(workers[WORKER]["clientId"], "kept");
    assert_eq!(site.tenant.mappings(Realm::Alpha)[LABEL], ESV);
    world.check_outputs().await;
}

#[tokio::test]
async fn an_esv_that_something_else_uses_is_never_adopted() {
    let mut world = World::start("never adopted").await;
    let site = world.site("dev", Kind::Development);
    let console = site.tenant.console();
    console.create_secret(ESV, "made by hand", true, "value");
    world.secrets(&site, &credential_of(&site).jwt).await;
    world
        .objects(&site, Kind::Development, json!({"adopt": true}))
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "EsvNotOwned")
        .await;
    assert!(message.contains("used in placeholders"), "{message}");

    console.delete_secret(ESV);
    console.create_secret(ESV, "made by hand", false, "value");
    console.set_worker_service(Realm::Bravo, true);
    console.put_worker(
        Realm::Bravo,
        "Other",
        json!({"useCredential": true, "credentialPurpose": "other"}),
    );
    console.put_mapping(Realm::Bravo, "am.services.pingone.worker.other.credential", ESV);
    world.check_now("dev").await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "EsvNotOwned")
        .await;
    assert!(
        message.contains("worker.other.credential in realm bravo"),
        "{message}"
    );
    assert_eq!(versions(&site), 1);
    world.check_outputs().await;
}

#[tokio::test]
async fn of_two_objects_that_claim_one_esv_the_elder_keeps_it_and_the_other_inherits_it() {
    let (mut world, site, credential) = World::active_development("the older keeps it").await;
    // Of two objects of one second, the uid decides: the second is to be the younger one.
    let older = world.namespace.get("AICIntegration", "dev").await.unwrap();
    let born = older.metadata.creation_timestamp.unwrap().0.as_second();
    while jiff::Timestamp::now().as_second() <= born {
        tokio::task::yield_now().await;
    }
    let journal = world.network.position();
    let second = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": "second"},
        "spec": {
            "connectionRef": {"name": "dev"}, "name": WORKER, "realm": "bravo", "adopt": true,
            "tenant": {
                "url": site.tenant.url(), "environment": "Development",
                "serviceAccountSecretRef": {"name": "aic-dev"},
            },
        },
    });
    world.namespace.apply(second).await.unwrap();
    let message = world
        .reason("AICIntegration", "second", "Stalled", "EsvNotOwned")
        .await;
    assert!(
        message.contains("AICIntegration") && message.contains("/dev"),
        "{message}"
    );
    assert_eq!(
        world
            .network
            .journal_since(journal)
            .iter()
            .filter(|call| call.method != "GET")
            .count(),
        0
    );
    world.delete("dev").await;
    site.tenant.console().delete_mapping(Realm::Alpha, LABEL);
    site.tenant.console().set_description(ESV, "free");
    // The older is gone, and what it used is free: the mark names an object that is not there any more.
    world.check_now("second").await;
    world.proved("second", &credential.id).await;
    world.check_outputs().await;
}
