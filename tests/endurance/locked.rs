//! A promotion's lock blocks ESVs, too: whatever it holds up waits, is no failure, and goes on by itself.

use std::time::Duration;

use http::StatusCode;
use pingone_aic_harness::condition;
use pingone_aic_simulator::{Exchange, Fault, Mutability, Rule};
use serde_json::json;

use crate::arena::{
    Arena, is_done,
    subject::{ESV, Subject},
};

/// One look a minute, and a pass.
const SOON_AFTER_THE_UNLOCK: Duration = Duration::from_secs(75);
const SOON: Duration = Duration::from_secs(20);

async fn waits_for_the_lock(arena: &Arena, subject: &Subject) {
    arena
        .namespace
        .wait_for(
            "AICIntegration",
            &subject.name,
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
        let mut arena = Arena::start(&format!("a rotation under a lock that refuses with {status}")).await;
        let subject = arena.subject();
        subject
            .tenant
            .set_locked_esv_refusal(StatusCode::from_u16(status).unwrap());
        arena.active(&subject).await;
        arena.settle().await;

        subject.tenant.console().lock();
        let from = arena.network.position();
        let new = subject.credential();
        subject.set_credential(&arena.namespace, &new.jwt).await;
        waits_for_the_lock(&arena, &subject).await;
        arena.settle().await;
        let told = arena.integration(&subject).await.unwrap();
        arena.pass(Duration::from_mins(20), Duration::from_secs(20)).await;
        let still = arena.integration(&subject).await.unwrap();
        assert_eq!(
            still.metadata.resource_version, told.metadata.resource_version,
            "nothing is written while nothing changes"
        );
        subject.tenant.console().unlock();
        arena.pass(SOON_AFTER_THE_UNLOCK, Duration::from_secs(5)).await;
        let object = arena.integration(&subject).await;
        assert!(is_done(object.as_ref(), &new.id).is_ok(), "{status}: {object:?}");
        assert_eq!(subject.fault(&new, Some(2)), None);
        assert_eq!(new_versions(&arena.network.journal_since(from)), 1);
        arena.check_outputs().await;
    }
}

#[tokio::test]
async fn an_account_that_may_not_read_the_lock_is_told_both_causes_and_tries_every_minute() {
    let mut arena = Arena::start("an account without the promotion scope under a lock").await;
    let subject = arena.subject();
    let credential = arena.active(&subject).await;
    subject
        .set_account_with(&arena.namespace, &["fr:am:*", "fr:idc:esv:*"])
        .await;
    arena
        .until(&subject, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    subject.tenant.console().lock();
    let new = subject.credential();
    subject.set_credential(&arena.namespace, &new.jwt).await;
    let object = arena
        .namespace
        .wait_for("AICIntegration", &subject.name, "to be refused", SOON, |object| {
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
    subject.tenant.console().unlock();
    arena.pass(SOON_AFTER_THE_UNLOCK, Duration::from_secs(5)).await;
    let object = arena.integration(&subject).await;
    assert!(is_done(object.as_ref(), &new.id).is_ok(), "{object:?}");
    arena.check_outputs().await;
}

#[tokio::test]
async fn an_unlock_between_a_refusal_and_the_look_costs_nothing() {
    let mut arena = Arena::start("an unlock between a refusal and the look").await;
    let subject = arena.subject();
    let above = arena
        .network
        .tenant("openam-above-ew2-staging.id.forgerock.io", Mutability::Immutable);
    let group = arena.network.group(&[&subject.tenant, &above]);
    arena.active(&subject).await;
    arena.settle().await;
    above.console().begin_lock();
    while subject.tenant.lock_state().to_string() != "locked" {
        arena.network.clock().advance(Duration::from_secs(10));
    }
    let from = arena.network.position();
    group.unlock_after_esv_refusals(1);
    let new = subject.credential();
    subject.set_credential(&arena.namespace, &new.jwt).await;
    let wanted = new.id.clone();
    // The clock is not moved: nothing is waited for.
    arena
        .namespace
        .wait_for(
            "AICIntegration",
            &subject.name,
            "to work with it",
            SOON,
            move |object| is_done(Some(object), &wanted).is_ok(),
        )
        .await
        .unwrap();
    let journal = arena.network.journal_since(from);
    let refused = journal.iter().filter(|exchange| exchange.status == Some(403));
    assert_eq!(refused.count(), 1);
    assert_eq!(new_versions(&journal), 1);
    arena.check_outputs().await;
}

/// A sandbox is in no promotion group: its refusals are believed.
#[tokio::test]
async fn a_sandbox_is_never_asked_for_its_lock() {
    let mut arena = Arena::start("a sandbox that refuses ESVs").await;
    let subject = arena.subject();
    let refusal = Fault::status(403).body(r#"{"code": 403, "message": "Forbidden"}"#);
    let esvs = Rule::on(subject.tenant.host()).path_contains("/environment/secrets");
    arena.network.fault(esvs, refusal);
    subject.set_account(&arena.namespace).await;
    let credential = subject.credential();
    subject.set_credential(&arena.namespace, &credential.jwt).await;
    let mut tenant = subject.integration("", json!({}))["spec"]["tenant"].clone();
    tenant["environment"] = json!("Sandbox");
    subject.apply(&arena.namespace, json!({"tenant": tenant})).await;
    arena
        .namespace
        .wait_for(
            "AICIntegration",
            &subject.name,
            "to believe the refusal",
            SOON,
            |object| condition(object, "Stalled")["reason"] == "TenantRefused",
        )
        .await
        .unwrap();
    let journal = arena.network.journal();
    assert!(
        journal
            .iter()
            .all(|exchange| !exchange.path.contains("/promotion/lock"))
    );
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_deletion_waits_half_an_hour_for_a_lock_and_goes_on_when_it_is_gone() {
    let mut arena = Arena::start("a deletion waits for a lock").await;
    let subjects = [arena.subject(), arena.subject()];
    for subject in &subjects {
        arena.active(subject).await;
        let policy = json!({"spec": {"deletionPolicy": "Delete"}});
        arena
            .namespace
            .patch("AICIntegration", &subject.name, &policy)
            .await
            .unwrap();
        arena
            .namespace
            .wait_for(
                "AICIntegration",
                &subject.name,
                "to have a finalizer",
                SOON,
                |object| object.metadata.finalizers.is_some(),
            )
            .await
            .unwrap();
        arena.settle().await;
        subject.tenant.console().lock();
        arena
            .namespace
            .delete("AICIntegration", &subject.name)
            .await
            .unwrap();
    }
    arena.pass(Duration::from_mins(28), Duration::from_secs(20)).await;
    let [unlocked, locked] = &subjects;
    for subject in &subjects {
        assert!(arena.integration(subject).await.is_some(), "it waits");
    }
    unlocked.tenant.console().unlock();
    arena.pass(SOON_AFTER_THE_UNLOCK, Duration::from_secs(5)).await;
    assert!(arena.integration(unlocked).await.is_none(), "it is gone");
    assert!(unlocked.tenant.secret(ESV).is_none(), "and what it made");
    arena.pass(Duration::from_mins(2), Duration::from_secs(20)).await;
    assert!(arena.integration(locked).await.is_none(), "it is never stuck");
    assert!(locked.tenant.secret(ESV).is_some());
    let log = arena.operator.log();
    assert!(
        log.contains("LeftBehind") && log.contains(locked.tenant.host()),
        "{log}"
    );
    arena.check_outputs().await;
}
