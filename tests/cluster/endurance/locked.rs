//! A promotion's lock blocks ESVs, too: whatever it holds up waits, is no failure, and goes on by itself.

use std::time::Duration;

use http::StatusCode;
use pingone_aic_harness::condition;
use pingone_aic_simulator::{Exchange, Fault, Mutability, Rule};
use pingone_aic_support::{
    Env,
    fixture::{ESV, Fixture},
    is_done,
};
use serde_json::json;

use crate::endurance::Passing;

/// One look a minute, and a pass.
const SOON_AFTER_THE_UNLOCK: Duration = Duration::from_secs(75);
const SOON: Duration = Duration::from_secs(20);

async fn waits_for_the_lock(env: &Env, fixture: &Fixture) {
    env.namespace
        .wait_for(
            "AICIntegration",
            &fixture.name,
            "to wait for the lock",
            SOON,
            |object| {
                condition(object, "Ready")["reason"] == "EnvironmentLocked"
                    && condition(object, "Stalled").is_null()
            },
        )
        .await
        .unwrap();
}

fn new_versions(journal: &[Exchange]) -> usize {
    let is_new = |exchange: &&Exchange| {
        exchange.is("POST", "/versions")
            && exchange.action() == Some("create")
            && exchange.status == Some(200)
    };
    journal.iter().filter(is_new).count()
}

/// With each status by which a tenant may refuse, the assumed one first.
#[tokio::test]
async fn a_rotation_under_a_lock_is_written_once_soon_after_the_unlock() {
    for status in [403, 409, 423, 404] {
        let mut env = Env::start(&format!("a rotation under a lock that refuses with {status}")).await;
        let fixture = env.fixture();
        fixture
            .tenant
            .set_locked_esv_refusal(StatusCode::from_u16(status).unwrap());
        env.active(&fixture).await;
        env.settle().await;

        fixture.tenant.console().lock();
        let from = env.network.position();
        let new = fixture.credential();
        fixture.set_credential(&env.namespace, &new.jwt).await;
        waits_for_the_lock(&env, &fixture).await;
        env.settle().await;
        let told = env.integration(&fixture).await.unwrap();
        env.pass(Duration::from_mins(20), Duration::from_secs(20)).await;
        let still = env.integration(&fixture).await.unwrap();
        assert_eq!(
            still.metadata.resource_version, told.metadata.resource_version,
            "nothing is written while nothing changes"
        );
        fixture.tenant.console().unlock();
        env.pass(SOON_AFTER_THE_UNLOCK, Duration::from_secs(5)).await;
        let object = env.integration(&fixture).await;
        assert!(is_done(object.as_ref(), &new.id).is_ok(), "{status}: {object:?}");
        assert_eq!(fixture.fault(&new, Some(2)), None);
        assert_eq!(new_versions(&env.network.journal_since(from)), 1);
        env.check_outputs().await;
    }
}

#[tokio::test]
async fn an_account_that_may_not_read_the_lock_is_told_both_causes_and_tries_every_minute() {
    let mut env = Env::start("an account without the promotion scope under a lock").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    fixture
        .set_account_with(&env.namespace, &["fr:am:*", "fr:idc:esv:*"])
        .await;
    env.until(&fixture, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    fixture.tenant.console().lock();
    let new = fixture.credential();
    fixture.set_credential(&env.namespace, &new.jwt).await;
    let object = env
        .namespace
        .wait_for("AICIntegration", &fixture.name, "to be refused", SOON, |object| {
            condition(object, "Ready")["reason"] == "TenantRefused"
        })
        .await
        .unwrap();
    let message = condition(&object, "Ready")["message"].to_string();
    assert!(
        message.contains("locked the environment") && message.contains("fr:idc:promotion:read"),
        "{message}"
    );
    assert!(condition(&object, "Stalled").is_null());
    fixture.tenant.console().unlock();
    env.pass(SOON_AFTER_THE_UNLOCK, Duration::from_secs(5)).await;
    let object = env.integration(&fixture).await;
    assert!(is_done(object.as_ref(), &new.id).is_ok(), "{object:?}");
    env.check_outputs().await;
}

#[tokio::test]
async fn an_unlock_between_a_refusal_and_the_look_costs_nothing() {
    let mut env = Env::start("an unlock between a refusal and the look").await;
    let fixture = env.fixture();
    let above = env
        .network
        .tenant("openam-above-ew2-staging.id.forgerock.io", Mutability::Immutable);
    let group = env.network.group(&[&fixture.tenant, &above]);
    env.active(&fixture).await;
    env.settle().await;
    above.console().begin_lock();
    while fixture.tenant.lock_state().to_string() != "locked" {
        env.network.clock().advance(Duration::from_secs(10));
    }
    let from = env.network.position();
    group.unlock_after_esv_refusals(1);
    let new = fixture.credential();
    fixture.set_credential(&env.namespace, &new.jwt).await;
    let wanted = new.id.clone();
    // The clock is not moved: nothing is waited for.
    env.namespace
        .wait_for(
            "AICIntegration",
            &fixture.name,
            "to work with it",
            SOON,
            move |object| is_done(Some(object), &wanted).is_ok(),
        )
        .await
        .unwrap();
    let journal = env.network.journal_since(from);
    let refused = journal.iter().filter(|exchange| exchange.status == Some(403));
    assert_eq!(refused.count(), 1);
    assert_eq!(new_versions(&journal), 1);
    env.check_outputs().await;
}

/// A sandbox is in no promotion group: its refusals are believed.
#[tokio::test]
async fn a_sandbox_is_never_asked_for_its_lock() {
    let mut env = Env::start("a sandbox that refuses ESVs").await;
    let fixture = env.fixture();
    let refusal = Fault::status(403).body(r#"{"code": 403, "message": "Forbidden"}"#);
    let esvs = Rule::on(fixture.tenant.host()).path_contains("/environment/secrets");
    env.network.fault(esvs, refusal);
    fixture.set_account(&env.namespace).await;
    let credential = fixture.credential();
    fixture.set_credential(&env.namespace, &credential.jwt).await;
    let mut tenant = fixture.integration("", json!({}))["spec"]["tenant"].clone();
    tenant["environment"] = json!("Sandbox");
    fixture.apply(&env.namespace, json!({"tenant": tenant})).await;
    env.namespace
        .wait_for(
            "AICIntegration",
            &fixture.name,
            "to believe the refusal",
            SOON,
            |object| condition(object, "Stalled")["reason"] == "TenantRefused",
        )
        .await
        .unwrap();
    let journal = env.network.journal();
    assert!(
        journal
            .iter()
            .all(|exchange| !exchange.path.contains("/promotion/lock"))
    );
    env.check_outputs().await;
}

#[tokio::test]
async fn a_deletion_waits_half_an_hour_for_a_lock_and_goes_on_when_it_is_gone() {
    let mut env = Env::start("a deletion waits for a lock").await;
    let fixtures = [env.fixture(), env.fixture()];
    for fixture in &fixtures {
        env.active(fixture).await;
        let policy = json!({"spec": {"deletionPolicy": "Delete"}});
        env.namespace
            .patch("AICIntegration", &fixture.name, &policy)
            .await
            .unwrap();
        env.namespace
            .wait_for(
                "AICIntegration",
                &fixture.name,
                "to have a finalizer",
                SOON,
                |object| object.metadata.finalizers.is_some(),
            )
            .await
            .unwrap();
        env.settle().await;
        fixture.tenant.console().lock();
        env.namespace
            .delete("AICIntegration", &fixture.name)
            .await
            .unwrap();
    }
    env.pass(Duration::from_mins(28), Duration::from_secs(20)).await;
    let [unlocked, locked] = &fixtures;
    for fixture in &fixtures {
        assert!(env.integration(fixture).await.is_some(), "it waits");
    }
    unlocked.tenant.console().unlock();
    env.pass(SOON_AFTER_THE_UNLOCK, Duration::from_secs(5)).await;
    assert!(env.integration(unlocked).await.is_none(), "it is gone");
    assert!(unlocked.tenant.secret(ESV).is_none(), "and what it made");
    // After thirty minutes the next look is the last one: it comes within seventy seconds, and takes time itself.
    env.pass(Duration::from_mins(5), Duration::from_secs(20)).await;
    assert!(env.integration(locked).await.is_none(), "it is never stuck");
    assert!(locked.tenant.secret(ESV).is_some());
    let log = env.operator.log();
    assert!(
        log.contains("LeftBehind") && log.contains(locked.tenant.host()),
        "{log}"
    );
    env.check_outputs().await;
}
