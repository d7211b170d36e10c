//! What people do at the console, seen through the API.

use pingone_aic_simulator::Realm;
use pingone_aic_simulator::tenant::Console;
use serde_json::json;

use super::neighbours::{LOCK, Neighbours, PROMOTE, REPORT, STATE};

#[tokio::test]
async fn a_person_locks_and_unlocks_both_sides() {
    let mut pair = Neighbours::start().await;
    let console = pair.upper.tenant.console();
    let id = console.begin_lock();
    assert_eq!(pair.lock_states().await, ["locking"; 3]);
    pair.post(LOCK, &json!({})).await.expect(409);
    pair.pass(120).await;
    assert_eq!(pair.get(STATE).await.expect(200)["promotionId"], id);
    console.begin_unlock(&id);
    pair.pass(60).await;
    assert_eq!(pair.lock_states().await, ["unlocked"; 3]);
}

#[tokio::test]
async fn a_person_promotes_and_rolls_back() {
    let mut pair = Neighbours::start().await;
    let console = pair.upper.tenant.console();
    console.begin_lock();
    pair.pass(120).await;
    console.begin_dry_run();
    assert_eq!(pair.status().await[0], "RUNNING");
    pair.pass(180).await;
    console.begin_promotion("by hand");
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(409);
    pair.pass(660).await;
    assert_eq!(pair.lock_states().await, ["unlocked"; 3]);
    assert!(pair.upper.tenant.workers(Realm::Alpha).contains_key("a"));
    let report = pair.get(REPORT).await.expect(200);
    assert_eq!(
        (&report["promoter"], &report["promotionDescription"]),
        (&json!(Console::PERSON), &json!("by hand"))
    );

    console.begin_lock();
    pair.pass(120).await;
    console.begin_rollback("undone by hand");
    pair.pass(660).await;
    assert!(pair.upper.tenant.static_configuration().is_empty());
    assert_eq!(pair.get(REPORT).await.expect(200)["type"], "rollback");
    assert!(
        pair.upper.network.journal().iter().all(|it| !it.is("POST", LOCK)),
        "people are not in the journal"
    );
}

#[tokio::test]
#[should_panic(expected = "Environment is not in locked state")]
async fn a_person_cannot_promote_without_a_lock() {
    let pair = Neighbours::start().await;
    pair.upper.tenant.console().begin_promotion("by hand");
}

#[tokio::test]
async fn a_person_cannot_touch_what_the_api_has_locked() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    let console = pair.lower.tenant.console();
    let edit = tokio::task::spawn_blocking(move || console.delete_worker(Realm::Alpha, "a"));
    assert!(edit.await.is_err());
    assert!(pair.lower.tenant.workers(Realm::Alpha).contains_key("a"));
}

#[tokio::test]
async fn a_promotion_outlives_a_lock_that_is_taken_from_it_and_nobody_locks_meanwhile() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    pair.post(PROMOTE, &json!({"dryRun": false})).await.expect(202);
    pair.lower.tenant.console().unlock();
    pair.upper.tenant.console().unlock();
    assert_eq!(pair.lock_states().await, ["unlocked"; 3]);
    assert_eq!(pair.status().await[0], "RUNNING");
    pair.post(LOCK, &json!({})).await.expect(409);
    pair.pass(600).await;
    assert!(pair.upper.tenant.workers(Realm::Alpha).contains_key("a"));
    pair.post(LOCK, &json!({})).await.expect(202);
}
