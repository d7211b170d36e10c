//! A cluster that is lost and comes back: from a snapshot of etcd, from a backup of its objects, or from Git.

use std::time::Duration;

use kube::core::DynamicObject;
use pingone_aic_harness::condition;
use pingone_aic_simulator::pingone::Credential;
use pingone_aic_support::{
    Env,
    company::THREE,
    fixture::{ESV, Fixture},
    is_done,
};
use serde_json::{Value, json};

use crate::promotion::look::{Steps, is_removed, promotions, reason};

const KIND: &str = "AICIntegration";

fn versions(fixture: &Fixture) -> usize {
    fixture.tenant.secret(ESV).unwrap().versions.len()
}

/// An integration whose credential was rotated.
struct Rotated {
    fixture: Fixture,
    former: Credential,
    present: Credential,
    /// What a backup has of it from before.
    before: DynamicObject,
}

async fn rotated(env: &mut Env) -> Rotated {
    let fixture = env.fixture();
    let former = env.active(&fixture).await;
    let before = env.integration(&fixture).await.unwrap();
    let present = fixture.credential();
    fixture.set_credential(&env.namespace, &present.jwt).await;
    env.until(&fixture, |object| is_done(object, &present.id).err())
        .await
        .unwrap();
    Rotated {
        fixture,
        former,
        present,
        before,
    }
}

/// The objects are there again under other uids, with the status that a backup has of one of them, or without.
async fn make_again(env: &Env, kind: &str, name: &str, object: Value, status: Option<&DynamicObject>) {
    let no_finalizer = json!({"metadata": {"finalizers": null}});
    env.namespace.patch(kind, name, &no_finalizer).await.unwrap();
    env.namespace.delete(kind, name).await.unwrap();
    env.namespace.apply(object).await.unwrap();
    if let Some(backup) = status {
        let status = json!({"status": backup.data["status"]});
        env.namespace.patch_status(kind, name, &status).await.unwrap();
    }
}

/// Everything is as it was before a rotation, uids and Secrets included, and the former credential has been revoked.
#[tokio::test]
async fn a_snapshot_from_before_a_rotation_writes_no_credential_that_is_revoked() {
    let mut env = Env::start("a snapshot from before a rotation").await;
    let Rotated {
        fixture,
        former,
        present,
        before,
    } = rotated(&mut env).await;
    fixture.connection.revoke(&former.id);

    bring_back(&mut env, &fixture, &former.jwt, &before).await;
    env.pass_time(Duration::from_mins(40)).await;
    let object = env.integration(&fixture).await.unwrap();
    assert_eq!(condition(&object, "Ready")["reason"], "ConnectionNotReady");
    assert_eq!(versions(&fixture), 2);

    // With the credential that the tenant has, it goes on.
    fixture.set_credential(&env.namespace, &present.jwt).await;
    env.until(&fixture, |object| is_done(object, &present.id).err())
        .await
        .unwrap();
    assert_eq!(versions(&fixture), 2);
    env.check_outputs().await;
}

/// The Secret is what is wanted, however it came to hold that.
#[tokio::test]
async fn a_snapshot_from_before_a_rotation_writes_what_its_secret_holds_once() {
    let mut env = Env::start("a snapshot with a credential that is accepted").await;
    let Rotated {
        fixture,
        former,
        before,
        ..
    } = rotated(&mut env).await;
    bring_back(&mut env, &fixture, &former.jwt, &before).await;
    env.until(&fixture, |_| fixture.fault(&former, Some(3)))
        .await
        .unwrap();
    env.pass_time(Duration::from_mins(40)).await;
    assert_eq!(fixture.fault(&former, Some(3)), None);
    env.check_outputs().await;
}

/// A snapshot of etcd has the former Secret and the former status under the same uid.
async fn bring_back(env: &mut Env, fixture: &Fixture, jwt: &str, snapshot: &DynamicObject) {
    env.operator.kill();
    fixture.set_credential(&env.namespace, jwt).await;
    let status = json!({"status": snapshot.data["status"]});
    env.namespace
        .patch_status(KIND, &fixture.name, &status)
        .await
        .unwrap();
    env.operator.start().await.unwrap();
}

/// The same in a backup of objects, under another uid: then the mark is newer than what the object remembers.
#[tokio::test]
async fn a_backup_from_before_a_rotation_overwrites_nothing() {
    let mut env = Env::start("a backup from before a rotation").await;
    let Rotated {
        fixture,
        former,
        present,
        before,
    } = rotated(&mut env).await;

    env.operator.kill();
    fixture.set_credential(&env.namespace, &former.jwt).await;
    let object = fixture.integration(&fixture.name, json!({}));
    make_again(&env, KIND, &fixture.name, object, Some(&before)).await;
    env.operator.start().await.unwrap();
    env.pass_time(Duration::from_mins(40)).await;
    let object = env.integration(&fixture).await.unwrap();
    assert_eq!(condition(&object, "Ready")["reason"], "EsvNotOwned");
    assert_eq!(versions(&fixture), 2);

    fixture.set_credential(&env.namespace, &present.jwt).await;
    env.until(&fixture, |object| is_done(object, &present.id).err())
        .await
        .unwrap();
    assert_eq!(versions(&fixture), 2);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_cluster_that_is_rebuilt_from_git_goes_on_with_what_is_there() {
    let mut env = Env::start("a cluster that is rebuilt from Git").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    env.operator.kill();
    let object = fixture.integration(&fixture.name, json!({"deletionPolicy": "Delete"}));
    make_again(&env, KIND, &fixture.name, object, None).await;
    env.operator.start().await.unwrap();
    env.until(&fixture, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    assert_eq!(fixture.fault(&credential, Some(1)), None);

    // The end of a drill removes nothing, because the cluster that was rebuilt may be there, too.
    env.namespace.delete(KIND, &fixture.name).await.unwrap();
    env.until(&fixture, |object| object.map(|_| "it is still there".to_owned()))
        .await
        .unwrap();
    assert_eq!(fixture.fault(&credential, Some(1)), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_run_that_is_made_again_promotes_nothing_again() {
    let mut env = Env::start("a run is made again").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.phase("release", "Gated").await.unwrap();
    env.operator.kill();
    let run = company.promotion("release", json!({"upTo": "staging"}));
    make_again(&env, "Promotion", "release", run, None).await;
    env.operator.start().await.unwrap();
    env.phase("release", "Gated").await.unwrap();
    let object = env.namespace.get("Promotion", "release").await.unwrap();
    assert_eq!(object.data["status"]["stages"][0]["outcome"], "AlreadyPromoted");
    assert_eq!((company.stranded(), promotions(&env)), (None, 1));
    env.check_outputs().await;
}

#[tokio::test]
async fn a_lock_outlives_its_cluster_until_its_run_is_restored_with_its_status() {
    let mut env = Env::start("a lock outlives its cluster").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    let backup = env.until_step("DryRun").await;
    env.operator.kill();
    env.advance(Duration::from_hours(3)).await;
    let staging = &company.site("staging").tenant;
    assert!(staging.is_locked(), "nobody else can know whose it is");
    let run = company.promotion("release", json!({"upTo": "staging"}));
    make_again(&env, "Promotion", "release", run, Some(&backup)).await;
    env.operator.start().await.unwrap();
    // Its time for the lock is over.
    env.phase("release", "Failed").await.unwrap();
    assert_eq!((company.stranded(), promotions(&env)), (None, 0));
    env.check_outputs().await;
}

#[tokio::test]
async fn a_run_that_is_made_again_without_its_status_leaves_its_former_lock_to_a_person() {
    let mut env = Env::start("a run without its status").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_step("DryRun").await;
    env.operator.kill();
    let run = company.promotion("release", json!({"upTo": "staging"}));
    make_again(&env, "Promotion", "release", run, None).await;
    env.operator.start().await.unwrap();
    env.until_reason("release", "EnvironmentLocked").await;
    env.pass_time(Duration::from_hours(1)).await;
    let staging = &company.site("staging").tenant;
    let lock = staging.locked_by().unwrap();
    assert!(!is_removed(&env, Some(&lock)));
    let object = env.namespace.get("Promotion", "release").await.unwrap();
    assert_eq!(reason(&object), "EnvironmentLocked");

    staging.console().begin_unlock(&lock);
    env.phase("release", "Gated").await.unwrap();
    assert_eq!((company.stranded(), promotions(&env)), (None, 1));
    env.check_outputs().await;
}
