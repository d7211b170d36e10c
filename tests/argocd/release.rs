//! Argo CD drives the sample's environments from nothing to production, and the gate is in Git.

use kube::{ResourceExt, api::ListParams, core::DynamicObject};
use pingone_aic_simulator::{Exchange, tenant::ConfigItem};

use crate::world::{ENVIRONMENTS, PROMOTION, RELEASE, World, assert_never_red};

/// Whether a call changes something in a tenant.
fn is_write(call: &Exchange) -> bool {
    let is_post = call.method == "POST"
        && ["/promotion/", "/versions"]
            .iter()
            .any(|part| call.path.contains(part));
    is_post || ["PUT", "DELETE"].contains(&&*call.method)
}

/// Every object of ours, with the version that it is stored in.
async fn versions(world: &World) -> Vec<(String, String)> {
    let mut versions = Vec::new();
    for kind in ["PingOneConnection", "AICIntegration", "Promotion"] {
        for object in world
            .namespace
            .api(kind)
            .list(&ListParams::default())
            .await
            .unwrap()
        {
            versions.push((
                format!("{kind} {}", object.name_any()),
                object.resource_version().unwrap(),
            ));
        }
    }
    versions
}

/// Raises the gate and names what was looked at, in one change.
fn raise_gate(world: &World, stage: &str, look: &DynamicObject) {
    let next = &look.data["status"]["next"];
    assert_eq!(next["stage"], stage);
    let hash = &next["provisional"]["totals"]["hash"];
    let source = next["source"].as_str();
    let source = source.map_or_else(String::new, |source| format!(", source: {source}"));
    let raised = format!("upTo: {stage}\n  approved: {{{stage}: {{hash: {hash}{source}}}}}");
    let gate = "upTo: development\n  approved: {}";
    world.repository.replace(RELEASE, gate, &raised);
}

#[tokio::test]
async fn a_release_goes_from_nothing_to_production_by_commits() {
    let world = World::start("a release goes to production by commits", "release").await;

    // From nothing to a look: nothing is locked, and the next stage's changes can be read.
    for (application, name) in world.applications().into_iter().zip([ENVIRONMENTS, PROMOTION]) {
        world.namespace.apply(application).await.unwrap();
        // One after the other: what a run has seen at its gate, it looks at again only minutes later.
        world.sync(name, "Healthy").await;
    }
    let look = world.phase("release-1", "Gated").await;
    assert_eq!(look.data["status"]["next"]["provisional"]["totals"]["added"], 3);
    assert!(world.is_active("dev-alpha").await && !world.is_active("staging-alpha").await);
    assert_eq!((world.promotions(), world.is_locked()), (0, false));
    world
        .team
        .hears("Promotion release-1: Gated: spec.upTo is reached; raise it to staging")
        .await;

    // The gate is raised by a commit, and the commit reverted: what is done stays done.
    raise_gate(&world, "staging", &look);
    world.repository.commit("Promote release 1 to staging");
    world.sync(PROMOTION, "Healthy").await;
    world.phase("release-1", "Gated").await;
    world.until_active("staging-alpha").await;
    world
        .team
        .hears("Promotion release-1: Gated: spec.upTo is reached; raise it to production")
        .await;
    world.repository.revert();
    world.sync(PROMOTION, "Healthy").await;
    let gated = world.phase("release-1", "Gated").await;
    assert_eq!(gated.data["spec"]["upTo"], "development");
    assert_eq!((world.promotions(), world.is_locked()), (1, false));
    assert!(world.is_active("staging-alpha").await && !world.is_active("prod-alpha").await);

    raise_gate(&world, "production", &gated);
    world.repository.commit("Promote release 1 to production");
    world.sync(PROMOTION, "Healthy").await;
    let done = world.phase("release-1", "Succeeded").await;
    let approved = &done.data["spec"]["approved"]["production"];
    let stage = &done.data["status"]["stages"][1];
    assert_eq!(approved["hash"], stage["dryRun"]["report"]["totals"]["hash"]);
    assert_eq!(
        approved["source"],
        done.data["status"]["stages"][0]["newestReport"]
    );
    world.until_active("prod-alpha").await;
    assert_eq!((world.promotions(), world.is_locked()), (2, false));
    world.sync(ENVIRONMENTS, "Healthy").await;

    // Another sync of the same commit.
    let (calls, before) = (world.network.position(), versions(&world).await);
    for application in [ENVIRONMENTS, PROMOTION] {
        world.sync_again(application).await;
    }
    assert_eq!(versions(&world).await, before);
    let writes: Vec<_> = world
        .network
        .journal_since(calls)
        .into_iter()
        .filter(is_write)
        .collect();
    assert!(writes.is_empty(), "a sync of nothing new: {writes:?}");

    // A gate that is closed behind a run that is over.
    world.repository.revert();
    world.sync(PROMOTION, "Healthy").await;
    world.phase("release-1", "Succeeded").await;
    assert_eq!((world.promotions(), world.is_locked()), (2, false));
    let seen = world.seen();
    assert_never_red(&seen);
    assert!(
        seen.iter()
            .any(|(name, health, _)| name == PROMOTION && health == "Progressing"),
        "a run that is under way was not seen: {seen:?}"
    );

    a_release_fails_and_is_replaced(&world).await;
}

async fn a_release_fails_and_is_replaced(world: &World) {
    let development = &world.tenants[0];
    let item = ConfigItem::idm("Email > Templates", "theirs");
    development.console().put_item(item, "a change");
    development.set_encrypted_secrets(&["theirs"]);
    world.repository.rename(RELEASE, "promotions/release-2.yaml");
    world
        .repository
        .replace("promotions/release-2.yaml", "name: release-1", "name: release-2");
    world
        .repository
        .replace("promotions/release-2.yaml", "upTo: development", "upTo: staging");
    let commit = world.repository.commit("Release 2");
    world.sync(PROMOTION, "Degraded").await;
    world.phase("release-2", "Failed").await;
    world
        .team
        .hears("Promotion release-2: Failed, EncryptedSecrets: ")
        .await;
    let green: Vec<_> = world
        .seen()
        .into_iter()
        .filter(|(name, health, compared)| name == PROMOTION && health == "Healthy" && *compared == commit)
        .collect();
    assert!(
        green.is_empty(),
        "it was green while something was wrong: {green:?}"
    );
    assert_eq!((world.promotions(), world.is_locked()), (2, false));

    development.set_encrypted_secrets(&[]);
    world
        .repository
        .rename("promotions/release-2.yaml", "promotions/release-3.yaml");
    world
        .repository
        .replace("promotions/release-3.yaml", "name: release-2", "name: release-3");
    world
        .repository
        .commit("Release 3, in place of release 2, which failed");
    world.sync(PROMOTION, "Healthy").await;
    let gated = world.phase("release-3", "Gated").await;
    assert_eq!(gated.data["status"]["stages"][0]["outcome"], "Promoted");
    assert_eq!((world.promotions(), world.is_locked()), (3, false));
    let runs = world
        .namespace
        .api("Promotion")
        .list(&ListParams::default())
        .await
        .unwrap();
    let names: Vec<_> = runs.iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, ["release-3"], "those before are pruned");
    world.team.hears("Promotion release-3: Gated: ").await;
    let heard = world.team.heard();
    assert_eq!(heard.len(), 4, "each is told once: {heard:#?}");
}
