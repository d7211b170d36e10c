//! The gate is in Git: what is changed beside it, and what is changed while a run is under way.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::world::{ENVIRONMENTS, PROMOTION, RELEASE, SOON, World, assert_never_red};

#[tokio::test]
async fn a_gate_is_closed_while_its_stage_is_under_way_and_is_not_opened_beside_git() {
    let world = World::start("a gate is closed under way", "gate").await;
    for application in world.applications() {
        world.namespace.apply(application).await.unwrap();
    }
    world.sync(ENVIRONMENTS, "Healthy").await;
    world.sync(PROMOTION, "Healthy").await;
    world.phase("release-1", "Gated").await;

    // Of what Git is silent about, a sync leaves what people have said.
    change(&world, json!({"suspend": true})).await;
    world.sync_again(PROMOTION).await;
    let suspended = world.namespace.get("Promotion", "release-1").await.unwrap();
    assert_eq!(suspended.data["spec"]["suspend"], true);
    // And a gate that was opened beside Git is closed.
    change(&world, json!({"upTo": "production"})).await;
    let what = "to have its gate back";
    let is_closed = |object: &DynamicObject| object.data["spec"]["upTo"] == "development";
    let wait = world
        .namespace
        .wait_for("Promotion", "release-1", what, SOON, is_closed);
    wait.await.unwrap();
    change(&world, json!({"suspend": false})).await;
    assert_eq!(world.promotions(), 0);

    // The tenant goes away in the middle of the first stage, and with the run the sync would hang, if it waited. It goes
    // after it has answered the request for the lock: the run would wait ten minutes for a lost answer.
    world
        .repository
        .replace(RELEASE, "upTo: development", "upTo: production");
    world.repository.commit("Promote release 1 to production");
    world.refresh(PROMOTION).await;
    let is_locking = |object: &DynamicObject| object.data["status"]["stages"][0]["step"] == "Locking";
    let wait = world
        .namespace
        .wait_for("Promotion", "release-1", "to be locking", SOON, is_locking);
    wait.await.unwrap();
    let outage = world.network.outage(world.tenants[1].host());
    world
        .repository
        .replace(RELEASE, "upTo: production", "upTo: staging");
    world.repository.commit("Hold release 1 at staging");
    world.sync(PROMOTION, "Progressing").await;
    drop(outage);
    world.sync(PROMOTION, "Healthy").await;
    world.phase("release-1", "Gated").await;
    world.until_active("staging-alpha").await;
    assert!(!world.is_active("prod-alpha").await);
    assert_eq!((world.promotions(), world.is_locked()), (1, false));
    assert_never_red(&world.seen());
}

/// Changes the release beside Git.
async fn change(world: &World, spec: Value) {
    let patch = json!({"spec": spec});
    world
        .namespace
        .patch("Promotion", "release-1", &patch)
        .await
        .unwrap();
}
