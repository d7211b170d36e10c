//! Whose an ESV is when two clusters hold one manifest, and what an ESV holds when its mark lies.

use std::{mem, time::Duration};

use kube::core::DynamicObject;
use pingone_aic_harness::{ControlPlane, Namespace, Operator, TestNamespace, condition};
use pingone_aic_simulator::{Fault, Realm, Rule};
use pingone_aic_support::{
    Env,
    fixture::{ESV, Fixture, LABEL, WORKER},
    is_done, relay, values_at,
};
use serde_json::json;

use crate::endurance::Passing;

/// The other cluster's API server.
const OTHER_API_SERVER: &str = "kubernetes.elsewhere";
const STEP: Duration = Duration::from_secs(20);
const CHECKS: Duration = Duration::from_mins(61);

fn versions(fixture: &Fixture) -> usize {
    fixture.tenant.secret(ESV).unwrap().versions.len()
}

fn reason(object: Option<&DynamicObject>) -> String {
    let ready = object.map(|object| condition(object, "Ready")["reason"].clone());
    ready
        .and_then(|reason| reason.as_str().map(ToOwned::to_owned))
        .unwrap_or_default()
}

/// A second cluster with a namespace of the same name, whose operator lives by the same clock.
async fn second_cluster(env: &mut Env) -> TestNamespace {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = Namespace::create(&control_plane, env.namespace.name()).await;
    let elsewhere = TestNamespace::from(namespace.unwrap());
    relay(&env.network, OTHER_API_SERVER, &elsewhere);
    let values = values_at(&env.network, OTHER_API_SERVER);
    let other = Operator::install(&elsewhere, values).await.unwrap();
    env.others.push(other);
    elsewhere
}

#[tokio::test]
async fn of_two_clusters_with_one_manifest_the_second_one_writes_and_the_first_one_stops() {
    let mut env = Env::start("two clusters with one manifest").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    let mut elsewhere = second_cluster(&mut env).await;
    fixture.set_account(&elsewhere).await;
    fixture.set_credential(&elsewhere, &credential.jwt).await;
    // `adopt` that was left in Git takes nothing from the live cluster but what its own credential proves.
    let more = json!({"adopt": true, "deletionPolicy": "Delete"});
    fixture.apply(&elsewhere, more).await;
    mem::swap(&mut env.namespace, &mut elsewhere);
    env.until(&fixture, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    mem::swap(&mut env.namespace, &mut elsewhere);
    env.pass(CHECKS, STEP).await;
    let first = env.integration(&fixture).await;
    assert_eq!(reason(first.as_ref()), "EsvNotOwned");
    assert_eq!(versions(&fixture), 1, "the same credential makes no version");

    // A rotation in the second cluster is one version; one in the first cluster alone is none.
    let rotated = fixture.credential();
    fixture.set_credential(&elsewhere, &rotated.jwt).await;
    env.pass(CHECKS, STEP).await;
    fixture
        .set_credential(&env.namespace, &fixture.credential().jwt)
        .await;
    env.pass(CHECKS, STEP).await;
    assert_eq!(fixture.fault(&rotated, Some(2)), None);

    // The end of a drill removes nothing that is live.
    elsewhere.delete("AICIntegration", &fixture.name).await.unwrap();
    env.pass(Duration::from_mins(10), STEP).await;
    assert_eq!(fixture.fault(&rotated, Some(2)), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_second_cluster_with_another_credential_writes_nothing() {
    let mut env = Env::start("a second cluster with another credential").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    let mut elsewhere = second_cluster(&mut env).await;
    fixture.set_account(&elsewhere).await;
    fixture
        .set_credential(&elsewhere, &fixture.credential().jwt)
        .await;
    fixture.apply(&elsewhere, json!({"adopt": true})).await;
    mem::swap(&mut env.namespace, &mut elsewhere);
    let waits = |object: Option<&DynamicObject>| {
        let found = reason(object);
        (found != "EsvNotOwned").then(|| format!("the reason is {found}"))
    };
    env.until(&fixture, waits).await.unwrap();
    mem::swap(&mut env.namespace, &mut elsewhere);
    env.pass(CHECKS, STEP).await;
    assert_eq!(fixture.fault(&credential, Some(1)), None);
    let first = env.integration(&fixture).await;
    assert!(is_done(first.as_ref(), &credential.id).is_ok());
    env.check_outputs().await;
}

#[tokio::test]
async fn an_esv_that_was_made_again_with_its_mark_is_put_right_when_the_test_shows_it() {
    let mut env = Env::start("an ESV that was made again with its mark").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    env.pass(Duration::from_mins(12), STEP).await;
    let console = fixture.tenant.console();
    let mark = fixture.tenant.secret(ESV).unwrap().description;
    console.delete_secret(ESV);
    console.create_secret(ESV, &mark, false, &fixture.credential().jwt);
    env.pass(Duration::from_mins(12), STEP).await;
    env.until(&fixture, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    assert_eq!(fixture.fault(&credential, Some(2)), None);
    env.pass(CHECKS, STEP).await;
    assert_eq!(versions(&fixture), 2, "one version puts it right");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_test_that_shows_no_credential_costs_no_version() {
    let mut env = Env::start("a test that shows no credential").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    env.pass(Duration::from_mins(12), STEP).await;
    let test = Rule::on(fixture.tenant.host()).path_contains("testConnection");
    let fails = Fault::status(400).body(r#"{"code":400,"reason":"Bad Request","message":"no"}"#);
    let failing = env.network.fault(test, fails);
    let from = env.network.position();
    env.pass(CHECKS, STEP).await;
    let calls = env.network.journal_since(from);
    let sent = calls.iter().filter(|call| call.is("POST", "/versions")).count();
    assert!(
        (1..=6).contains(&sent),
        "{sent} times: once, and then at most once in the life of the tenant's cache"
    );
    failing.remove();
    env.until(&fixture, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    assert_eq!(versions(&fixture), 1);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_consoles_esv_is_adopted_where_our_label_leads_to_it() {
    let mut env = Env::start("a console's ESV is adopted").await;
    let fixture = env.fixture();
    let console = fixture.tenant.console();
    let credential = fixture.credential();
    console.create_secret(ESV, "made by hand", true, &credential.jwt);
    console.set_worker_service(Realm::Alpha, true);
    let worker = json!({"useCredential": true, "credentialPurpose": "PingOne.Integration.AIC"});
    console.put_worker(Realm::Alpha, WORKER, worker);
    console.put_mapping(Realm::Alpha, LABEL, ESV);
    console.hand_over();
    fixture.set_account(&env.namespace).await;
    fixture.set_credential(&env.namespace, &credential.jwt).await;
    fixture.apply(&env.namespace, json!({"adopt": true})).await;
    env.until(&fixture, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    assert_eq!(fixture.fault(&credential, Some(1)), None);
    env.check_outputs().await;
}
