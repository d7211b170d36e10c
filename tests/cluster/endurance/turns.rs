//! Whose turn it is at a tenant that is asked slowly, and one that does not answer.

use std::{fmt::Write as _, time::Duration};

use easy_ext::ext;
use kube::{api::ListParams, core::DynamicObject};
use pingone_aic_harness::is_condition;
use pingone_aic_support::{Env, fixture::Fixture};
use serde_json::{Value, json};

use crate::endurance::Passing;

const MINUTE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_secs(5);

/// So many integrations of a tenant, each with a name of its own.
async fn apply_many(env: &Env, fixture: &Fixture, count: usize, interval: &str) {
    let mut manifests = String::new();
    for number in 0..count {
        let name = format!("many-{number}");
        let object = fixture.integration(&name, json!({"name": name, "interval": interval}));
        writeln!(manifests, "---\n{object}").unwrap();
    }
    env.namespace.apply(manifests).await.unwrap();
}

#[ext(Waiting)]
pub(crate) impl Env {
    /// Lets time pass, though much is due that waits for it.
    async fn pass_waiting(&mut self, time: Duration) {
        let mut passed = Duration::ZERO;
        while passed < time {
            passed += self.step().await;
        }
    }
}

fn says_that_it_waits(object: &DynamicObject) -> bool {
    let conditions = object.data["status"]["conditions"].as_array();
    let says = |it: &Value| it["type"] == "Ready" && it["reason"] == "WaitingForTurn";
    conditions.into_iter().flatten().any(says)
}

#[tokio::test]
async fn what_waits_long_for_its_turn_says_so_once_and_gets_it() {
    let mut env = Env::start_with("what waits long says so", json!({"tenantRequestsPerSecond": 1})).await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    // Six calls each, one a second: the last one's turn comes after minutes.
    apply_many(&env, &fixture, 40, "24h").await;
    env.pass_waiting(2 * MINUTE).await;
    let mut waiting = Vec::new();
    for number in 0..40 {
        let object = env
            .namespace
            .get("AICIntegration", &format!("many-{number}"))
            .await
            .unwrap();
        if says_that_it_waits(&object) {
            waiting.push(object);
        }
    }
    assert!(waiting.len() > 10, "{} say that they wait", waiting.len());
    env.pass_waiting(MINUTE).await;
    let mut still = 0;
    for before in &waiting {
        let name = before.metadata.name.as_deref().unwrap();
        let after = env.namespace.get("AICIntegration", name).await.unwrap();
        // One whose pass is under way has recorded what it is about to make.
        if says_that_it_waits(&after) && after.data["status"]["esv"].is_null() {
            still += 1;
            let versions = [before, &after].map(|object| object.metadata.resource_version.clone());
            assert_eq!(versions[0], versions[1], "{name} was told twice");
        }
    }
    assert!(still > 0, "none waits any more: nothing was shown");
    let metrics = env.operator.metrics().await.unwrap();
    assert!(
        metrics.contains("pingone_aic_vendor_budget_calls_per_second{vendor=\"aic\"} 1.0"),
        "{metrics}"
    );
    for number in 0..40 {
        env.until_object("AICIntegration", &format!("many-{number}"), |object| {
            let is_active = object.is_some_and(|object| is_condition(object, "Active", "True"));
            (!is_active).then(|| "it is not Active".to_owned())
        })
        .await
        .unwrap();
    }
    env.check_outputs().await;
}

#[tokio::test]
async fn connections_that_wait_long_for_pingone_say_so_and_get_their_turn() {
    let mut env = Env::start_with(
        "connections that wait long say so",
        json!({"pingoneRequestsPerSecond": 1}),
    )
    .await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let apply_all = async |env: &Env, requested: &str| {
        let secret = json!({"name": format!("pingone-{}", fixture.name)});
        let environment = json!({"name": fixture.environment.name()});
        let connections = (0..150).map(|number| {
            let connection = json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {
                    "name": format!("many-{number}"), "annotations": {"pingone-aic.io/requestedAt": requested},
                },
                "spec": {"credentialSecretRef": secret, "environment": environment, "interval": "24h"},
            });
            format!("---\n{connection}\n")
        });
        env.namespace
            .apply(connections.collect::<String>())
            .await
            .unwrap();
    };
    let count = async |env: &Env, is: fn(&DynamicObject) -> bool| {
        let api = env.namespace.api("PingOneConnection");
        let all = api.list(&ListParams::default()).await.unwrap();
        all.iter().filter(|object| is(object)).count()
    };
    let is_accepted = |object: &DynamicObject| is_condition(object, "Ready", "True");
    apply_all(&env, "once").await;
    env.pass_waiting(8 * MINUTE).await;
    assert_eq!(count(&env, is_accepted).await, 151);
    // Thirty-two at once have their turn: the others wait for theirs.
    apply_all(&env, "again").await;
    env.pass_waiting(MINUTE + 6 * STEP).await;
    let waiting = count(&env, says_that_it_waits).await;
    assert!(waiting > 10, "{waiting} say that they wait");
    env.pass_waiting(8 * MINUTE).await;
    assert_eq!(count(&env, is_accepted).await, 151);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_tenant_that_is_away_for_an_hour_is_asked_now_and_then_and_is_seen_to_when_it_is_back() {
    let mut env = Env::start("a tenant is away for an hour").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    apply_many(&env, &fixture, 12, "1m").await;
    env.pass(2 * MINUTE, STEP).await;
    let host = fixture.tenant.host().to_owned();
    let asked = |env: &Env| {
        let connects = env.network.connects();
        connects
            .iter()
            .filter(|connect| connect.starts_with(&host))
            .count()
    };
    let before = asked(&env);
    let outage = env.network.outage(&host);
    env.pass(60 * MINUTE, STEP).await;
    let tries = asked(&env) - before;
    // At most once a minute. A call that can be repeated is tried twice; five calls are taken for accidents, with those
    // under way beside them. At least every eleven minutes: so late does an object that fails come back.
    assert!(
        (10..=160).contains(&tries),
        "{tries} connections were tried in an hour"
    );
    let metrics = env.operator.metrics().await.unwrap();
    assert!(
        metrics.contains("pingone_aic_vendor_hosts_down{vendor=\"aic\"} 1"),
        "{metrics}"
    );
    drop(outage);
    let from = env.network.position();
    env.pass(15 * MINUTE, STEP).await;
    let journal = env.network.journal_since(from);
    let mut tested: Vec<_> = journal
        .iter()
        .filter(|call| call.action() == Some("testConnection"))
        .map(|call| call.path.clone())
        .collect();
    tested.sort_unstable();
    tested.dedup();
    assert_eq!(tested.len(), 13, "all are seen to again");
    let metrics = env.operator.metrics().await.unwrap();
    assert!(
        metrics.contains("pingone_aic_vendor_hosts_down{vendor=\"aic\"} 0"),
        "{metrics}"
    );
    env.check_outputs().await;
}
