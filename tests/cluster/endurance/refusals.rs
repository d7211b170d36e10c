//! A bad credential or a dead tenant, and many objects that stand on it.

use std::{fmt::Write as _, time::Duration};

use pingone_aic_simulator::{Fault, Rule, pingone::CredentialKind};
use pingone_aic_support::{Env, is_done};
use serde_json::json;

use crate::endurance::Passing;

/// Far more than the tries that they may make together.
const OBJECTS: usize = 250;
const HOUR: Duration = Duration::from_hours(1);
const STEP: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_refused_credential_behind_many_connections_is_tried_a_dozen_times_an_hour_at_most() {
    let mut env = Env::start("a refused credential is tried rarely").await;
    // PingOne is believed once it has exchanged a gateway credential.
    let other = env.fixture();
    env.active(&other).await;
    refused_behind(env, OBJECTS, "CredentialRefused").await;
}

#[tokio::test]
async fn a_refusal_that_is_not_believed_is_asked_for_as_rarely() {
    let env = Env::start("a refusal that is not believed").await;
    env.network.set_default_credential(CredentialKind::Gateway);
    refused_behind(env, 50, "CannotAskPingOne").await;
}

async fn refused_behind(mut env: Env, objects: usize, reason: &str) {
    let fixture = env.fixture();
    let credential = fixture.credential();
    fixture.connection.revoke(&credential.id);
    fixture.set_credential(&env.namespace, &credential.jwt).await;
    let mut manifests = String::new();
    for number in 0..objects {
        let object = json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection",
            "metadata": {"name": format!("many-{number}")},
            "spec": {
                "credentialSecretRef": {"name": format!("pingone-{}", fixture.name)},
                "environment": {"name": fixture.environment.name()}, "interval": "1m",
            },
        });
        writeln!(manifests, "---\n{object}").unwrap();
    }
    env.namespace.apply(manifests).await.unwrap();
    let last = format!("many-{}", objects - 1);
    let refused = env
        .namespace
        .wait_for("PingOneConnection", &last, "to be refused", HOUR / 30, |object| {
            pingone_aic_harness::condition(object, "Ready")["reason"] == reason
        });
    refused.await.unwrap();
    let path = format!("/{}/as/token", fixture.environment.id());
    let tries = |env: &Env, from: usize| {
        let journal = env.network.journal_since(from);
        journal.iter().filter(|exchange| exchange.path == path).count()
    };
    let first = tries(&env, 0);
    assert!((1..=2).contains(&first), "{first} tries for all of them at first");
    let from = env.network.position();
    env.pass(HOUR, STEP).await;
    let tries = tries(&env, from);
    assert!((4..=12).contains(&tries), "{tries} tries in an hour");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_revoked_service_account_behind_many_integrations_is_tried_a_dozen_times_an_hour_at_most() {
    let mut env = Env::start("a revoked service account is tried rarely").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    for account in fixture.accounts() {
        fixture.tenant.revoke_service_account(&account);
    }
    let mut manifests = String::new();
    for number in 0..OBJECTS {
        let name = format!("many-{number}");
        let object = fixture.integration(&name, json!({"name": name}));
        writeln!(manifests, "---\n{object}").unwrap();
    }
    let from = env.network.position();
    env.namespace.apply(manifests).await.unwrap();
    env.pass(HOUR, STEP).await;
    let journal = env.network.journal_since(from);
    let refused = journal
        .iter()
        .filter(|exchange| exchange.path.ends_with("/access_token") && exchange.status != Some(200))
        .count();
    // For configuration, and nothing gets as far as to ask for the lock.
    assert!((4..=12).contains(&refused), "{refused} tries in an hour");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_dead_tenant_delays_no_other() {
    let mut env = Env::start("a dead tenant delays no other").await;
    let dead = env.fixture();
    dead.set_account(&env.namespace).await;
    let credential = dead.credential();
    dead.set_credential(&env.namespace, &credential.jwt).await;
    let hang = env.network.fault(Rule::on(dead.tenant.host()), Fault::Hang);
    dead.apply(&env.namespace, json!({})).await;
    let mut manifests = String::new();
    for number in 0..200 {
        let name = format!("many-{number}");
        let object = dead.integration(&name, json!({"name": name}));
        writeln!(manifests, "---\n{object}").unwrap();
    }
    env.namespace.apply(manifests).await.unwrap();
    assert!(hang.hits() > 0, "the dead tenant is being asked");

    let alive = env.fixture();
    let credential = alive.credential();
    alive.set_account(&env.namespace).await;
    alive.set_credential(&env.namespace, &credential.jwt).await;
    alive.apply(&env.namespace, json!({})).await;
    // The clock is not moved: none of the dead tenant's calls has run into its timeout yet.
    env.namespace
        .wait_for(
            "AICIntegration",
            &alive.name,
            "to be Active",
            Duration::from_secs(20),
            |object| is_done(Some(object), &credential.id).is_ok(),
        )
        .await
        .unwrap();
    env.check_outputs().await;
}
