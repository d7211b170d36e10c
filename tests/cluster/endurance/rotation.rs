//! A changed Secret, and a tenant that goes on with the old value for a while.

use std::time::Duration;

use jiff::SignedDuration;
use pingone_aic_harness::condition;
use pingone_aic_simulator::{Fault, Rule};
use pingone_aic_support::{Env, is_done};
use serde_json::json;

async fn a_rotation_with_a_cache_of(seconds: u64) {
    let mut env = Env::start(&format!("a rotation with a cache of {seconds} s")).await;
    let fixture = env.fixture();
    fixture.tenant.set_secret_cache(Duration::from_secs(seconds));
    let old = env.active(&fixture).await;
    env.settle().await;

    let new = fixture.credential();
    let from = env.network.position();
    fixture.set_credential(&env.namespace, &new.jwt).await;
    // The clock is not moved: no timer stands between the Secret's change and the new version.
    let written = env.network.wait_for(Duration::from_secs(20), |exchange| {
        exchange.sequence >= from && exchange.is("POST", "/versions") && exchange.status == Some(200)
    });
    written
        .await
        .expect("the new version is written without moving the clock");
    env.until(&fixture, |object| is_done(object, &new.id).err())
        .await
        .unwrap();
    assert_eq!(fixture.fault(&new, Some(2)), None);

    let journal = env.network.journal_since(from);
    let tests: Vec<_> = journal
        .iter()
        .filter(|exchange| exchange.action() == Some("testConnection"))
        .map(|exchange| exchange.response["credentialId"].clone())
        .collect();
    let first_new = tests
        .iter()
        .position(|served| *served == new.id.as_str())
        .unwrap();
    assert!(tests[..first_new].iter().all(|served| *served == old.id.as_str()));
    // It is asked every 15 s, so that the first test after the tenant serves it comes at most that much later.
    let most = usize::try_from(seconds / 15).unwrap() + 2;
    assert!(
        first_new <= most,
        "{first_new} tests before the one that proved it"
    );
    let disabled = journal
        .iter()
        .position(|exchange| exchange.action() == Some("changestatus"))
        .unwrap();
    let proved = journal
        .iter()
        .position(|exchange| exchange.response["credentialId"] == new.id.as_str())
        .unwrap();
    assert!(
        proved < disabled,
        "the old version is disabled only after the proof"
    );
    assert_eq!(env.metric("rotation_lag_seconds_count").await, "1");
    let lag: f64 = env.metric("rotation_lag_seconds_sum").await.parse().unwrap();
    let shortest = Duration::from_secs(seconds).as_secs_f64();
    assert!((shortest..shortest + 30.0).contains(&lag), "{lag}");
    env.check_outputs().await;
}

#[tokio::test]
async fn a_rotation_is_proved_at_once_where_nothing_is_cached() {
    a_rotation_with_a_cache_of(0).await;
}

#[tokio::test]
async fn a_rotation_is_proved_by_the_first_test_after_a_short_cache() {
    a_rotation_with_a_cache_of(12).await;
}

#[tokio::test]
async fn a_rotation_is_proved_by_the_first_test_after_ten_minutes_of_cache() {
    a_rotation_with_a_cache_of(600).await;
}

/// The tenant's test names an id, and the former credential has the same one.
#[tokio::test]
async fn a_credential_that_is_replaced_under_its_id_is_proved_only_after_the_caches_life() {
    let mut env = Env::start("a credential that is replaced under its id").await;
    let fixture = env.fixture();
    fixture.tenant.set_secret_cache(Duration::from_mins(10));
    let credential = fixture.connection.credential().with_client_claims().add();
    fixture.set_account(&env.namespace).await;
    fixture.set_credential(&env.namespace, &credential.jwt).await;
    fixture.apply(&env.namespace, json!({})).await;
    env.until(&fixture, |object| is_done(object, &credential.id).err())
        .await
        .unwrap();
    env.settle().await;

    // Who signs in as a client signs nothing: both work.
    let (head, _) = credential.jwt.rsplit_once('.').unwrap();
    let (from, began) = (env.network.position(), env.network.clock().now());
    fixture
        .set_credential(&env.namespace, &format!("{head}.cmVwYWlyZWQ"))
        .await;
    let mut waits = 0;
    env.until(&fixture, |object| {
        let object = object.unwrap();
        assert_eq!(
            condition(object, "Active")["status"],
            "True",
            "nothing has failed"
        );
        let ready = condition(object, "Ready");
        waits += usize::from(ready["reason"] == "CredentialNotYetServed");
        let proved = &object.data["status"]["esv"]["provenVersion"];
        (*proved != "2").then(|| "the second version is not proved".to_owned())
    })
    .await
    .unwrap();
    assert!(waits > 0);
    let took = env.network.clock().now().duration_since(began);
    assert!(took >= SignedDuration::from_mins(11), "{took}");
    let journal = env.network.journal_since(from);
    let of = |action| journal.iter().filter(move |call| call.action() == Some(action));
    let (tests, disabled) = (of("testConnection").count(), of("changestatus").count());
    assert!((2..=4).contains(&tests), "{tests} tests that could tell nothing");
    assert_eq!(disabled, 1);
    env.check_outputs().await;
}

/// A refusal of the second try says nothing of the first, whose answer was lost.
#[tokio::test]
async fn a_lost_answer_before_a_refusal_is_no_drift() {
    let mut env = Env::start("a lost answer before a refusal").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    let warn = json!({"spec": {"driftPolicy": "Warn"}});
    env.namespace
        .patch("AICIntegration", &fixture.name, &warn)
        .await
        .unwrap();
    env.settle().await;
    let write = || {
        let rule = Rule::on(fixture.tenant.host()).method("POST");
        rule.path_contains("/versions?_action=create").times(1)
    };
    let lost = env.network.fault(write(), Fault::CloseAfter);
    let refused = env
        .network
        .fault(write(), Fault::status(429).header("Retry-After", "20"));
    let new = fixture.credential();
    fixture.set_credential(&env.namespace, &new.jwt).await;
    env.until(&fixture, |object| {
        let is_stalled = object.is_some_and(|object| !condition(object, "Stalled").is_null());
        assert!(!is_stalled, "{object:?}");
        is_done(object, &new.id).err()
    })
    .await
    .unwrap();
    assert_eq!((lost.hits(), refused.hits()), (1, 1));
    assert_eq!(fixture.fault(&new, Some(2)), None);
    env.check_outputs().await;
}
