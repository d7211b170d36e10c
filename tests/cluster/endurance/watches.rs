//! What the API server does not show: a namespace that may not be read, and watches that fail.

use std::time::{Duration, Instant};

use pingone_aic_harness::{Operator, TestNamespace, is_condition};
use pingone_aic_simulator::{Fault, Rule};
use pingone_aic_support::{API_SERVER, Env, fixture::Fixture, values};
use serde_json::{Value, json};

use crate::endurance::Passing;

const PATIENCE: Duration = Duration::from_mins(2);

/// Lets time pass until something holds.
pub(super) async fn until(env: &mut Env, what: &str, mut holds: impl AsyncFnMut(&Env) -> bool) {
    let started = Instant::now();
    while !holds(env).await {
        assert!(started.elapsed() < PATIENCE, "{what}: not yet");
        env.advance(Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The objects and the Secrets that they stand on.
async fn apply(namespace: &TestNamespace, fixture: &Fixture) {
    fixture.set_account(namespace).await;
    fixture.set_credential(namespace, &fixture.credential().jwt).await;
    fixture.apply(namespace, json!({})).await;
}

async fn is_active(namespace: &TestNamespace, fixture: &Fixture) -> bool {
    let object = namespace.get("AICIntegration", &fixture.name).await.unwrap();
    is_condition(&object, "Active", "True")
}

/// How many watches of connections see nothing.
async fn blind(operator: &Operator) -> Option<String> {
    let metrics = operator.metrics().await.unwrap();
    let line = "pingone_aic_blind_watches{resource=\"pingoneconnections\"} ";
    let found = metrics.lines().find_map(|text| text.strip_prefix(line));
    found.map(ToOwned::to_owned)
}

#[tokio::test]
async fn a_namespace_that_may_not_be_read_stops_only_itself() {
    let mut env = Env::start("the home of an operator that may not read a namespace").await;
    let open = TestNamespace::create("a namespace that may be read").await;
    let closed = TestNamespace::create("a namespace that may not be read").await;
    let watched = json!({"watchNamespaces": [open.name(), closed.name()], "rbac": {"clusterRole": false}});
    let mut operator = Operator::prepare(&env.namespace, values(&env.network).set(watched))
        .await
        .unwrap();
    let control_plane = closed.control_plane();
    let instance = format!("app.kubernetes.io/instance={}", operator.release());
    let bindings = ["--namespace", closed.name(), "--selector", &instance];
    let bindings = |verb: &[&'static str]| [verb, &["rolebindings"], &bindings].concat();
    let binding = control_plane
        .kubectl(&bindings(&["get", "--output=json"]))
        .await
        .unwrap();
    let mut binding: Value = serde_json::from_str(&binding).unwrap();
    let mut binding = binding["items"][0].take();
    let made = binding["metadata"].as_object_mut().unwrap();
    made.retain(|field, _| ["name", "namespace", "labels"].contains(&field.as_str()));
    control_plane.kubectl(&bindings(&["delete"])).await.unwrap();
    operator.launch().await.unwrap();
    env.others.push(operator);

    let (shown, hidden) = (env.fixture(), env.fixture());
    apply(&open, &shown).await;
    apply(&closed, &hidden).await;
    until(&mut env, "the other namespace is seen to", async |_| {
        is_active(&open, &shown).await
    })
    .await;
    until(&mut env, "the metric tells", async |env| {
        blind(&env.others[0]).await.as_deref() == Some("1")
    })
    .await;
    let (status, missing) = env.others[0].health("/readyz").await.unwrap();
    assert_eq!(status, 503);
    assert!(
        missing.contains(closed.name()) && missing.contains("forbidden"),
        "{missing}"
    );
    let object = closed.get("AICIntegration", &hidden.name).await.unwrap();
    assert_eq!(
        object.data["status"]["observedGeneration"], -1,
        "nobody has seen it"
    );

    closed.apply(binding).await.unwrap();
    until(
        &mut env,
        "the namespace is seen to when it may be read",
        async |_| is_active(&closed, &hidden).await,
    )
    .await;
    until(&mut env, "the metric is at rest", async |env| {
        blind(&env.others[0]).await.as_deref() == Some("0")
    })
    .await;
    assert_eq!(env.others[0].health("/readyz").await.unwrap().0, 200);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_watch_that_goes_on_failing_is_told_of_and_one_that_fails_once_is_not() {
    let mut env = Env::start("a watch that goes on failing").await;
    env.operator.kill();
    let watches = || Rule::on(API_SERVER).method("GET").path_contains("watch=true");
    let fails = env.network.fault(watches(), Fault::status(403));
    env.operator.start().await.unwrap();
    let unseen = env.fixture();
    apply(&env.namespace, &unseen).await;
    until(&mut env, "the metric tells", async |env| {
        blind(&env.operator).await.as_deref() == Some("1")
    })
    .await;
    let (status, missing) = env.operator.health("/readyz").await.unwrap();
    assert!(
        status == 503 && missing.contains("the watch of"),
        "{status} {missing}"
    );
    fails.remove();
    until(&mut env, "what was not seen is seen to", async |env| {
        is_active(&env.namespace, &unseen).await
    })
    .await;
    until(&mut env, "the metric is at rest", async |env| {
        blind(&env.operator).await.as_deref() == Some("0")
    })
    .await;

    let once = env.network.fault(watches(), Fault::status(403));
    env.pass(Duration::from_secs(20), Duration::from_secs(10)).await;
    once.remove();
    env.pass(Duration::from_mins(1), Duration::from_secs(20)).await;
    assert_eq!(env.operator.health("/readyz").await.unwrap().0, 200);
    env.check_outputs().await;
}
