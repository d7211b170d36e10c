//! Everything in one Application, in sync waves.

use serde_json::{Value, json};

use crate::world::{ENVIRONMENTS, RELEASE, World, assert_never_red};

#[tokio::test]
async fn sync_waves_in_one_application_do_not_deadlock() {
    let world = World::start("sync waves do not deadlock", "waves").await;
    for (folder, files) in [
        ("environments", &["development", "staging", "production"][..]),
        ("promotions", &["release-1"]),
    ] {
        for file in files {
            in_waves(&world, &format!("{folder}/{file}.yaml"));
        }
    }
    world
        .repository
        .commit("Connections, then integrations, then the promotion");
    let mut one = world.applications().remove(0);
    let source = &mut one["spec"]["source"];
    source["path"] = json!(".");
    source["directory"] = json!({"recurse": true, "include": "{environments,promotions}/*"});
    world.namespace.apply(one).await.unwrap();
    world.sync(ENVIRONMENTS, "Healthy").await;
    world.phase("release-1", "Gated").await;
    assert_eq!(world.promotions(), 0);

    for (from, to, phase) in [
        ("development", "staging", "Gated"),
        ("staging", "production", "Succeeded"),
    ] {
        let (from, to) = (format!("\"upTo\":\"{from}\""), format!("\"upTo\":\"{to}\""));
        world.repository.replace(RELEASE, &from, &to);
        world.repository.commit("Raise the gate");
        world.sync(ENVIRONMENTS, "Healthy").await;
        world.phase("release-1", phase).await;
    }
    assert_eq!((world.promotions(), world.is_locked()), (2, false));
    assert_never_red(&world.seen());
}

/// Connections first, then integrations, and the Promotion in the last wave.
fn in_waves(world: &World, file: &str) {
    let manifests: Vec<Value> = serde_saphyr::from_multiple(&world.repository.read(file)).unwrap();
    let texts = manifests.into_iter().map(|mut manifest| {
        let wave = match manifest["kind"].as_str().unwrap() {
            "PingOneConnection" => "0",
            "AICIntegration" => "1",
            _ => "2",
        };
        manifest["metadata"]["annotations"] = json!({"argocd.argoproj.io/sync-wave": wave});
        manifest.to_string()
    });
    world
        .repository
        .write(file, &texts.collect::<Vec<_>>().join("\n---\n"));
}
