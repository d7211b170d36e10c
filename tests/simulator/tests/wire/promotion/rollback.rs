//! Rollbacks.

use pingone_aic_simulator::Realm;
use serde_json::json;

use super::neighbours::{LOCK, Neighbours, PROMOTE, REPORT, ROLLBACK};
use crate::caller::assert_as_described;

#[tokio::test]
async fn the_most_recent_promotion_can_be_rolled_back_and_no_other() {
    let mut pair = Neighbours::start().await;
    pair.promote_at_once().await;
    let first = pair.upper.tenant.static_configuration();
    pair.lower
        .tenant
        .console()
        .put_worker(Realm::Bravo, "b", json!({}));
    pair.promote_at_once().await;
    assert_ne!(pair.upper.tenant.static_configuration(), first);

    let id = pair.lock().await;
    let order = json!({"promoter": "Barb Jensen", "promotionDescription": "undo"});
    pair.post(ROLLBACK, &order).await.expect(202);
    assert_eq!(pair.status().await, ["RUNNING", "Update configuration", "LOCKED"]);
    pair.pass(600).await;
    assert_eq!(pair.status().await, ["READY", "Rollback completed", "LOCKED"]);
    assert_eq!(pair.get(PROMOTE).await.expect(200)["type"], "rollback");
    assert_eq!(pair.upper.tenant.static_configuration(), first);
    assert!(
        pair.lower.tenant.workers(Realm::Bravo).contains_key("b"),
        "the source stays"
    );
    let report = pair.get(REPORT).await.expect(200);
    let expected = [
        ("type", json!("rollback")),
        ("dryRun", json!(false)),
        ("promotionId", json!(id)),
        ("promoter", json!("Barb Jensen")),
        ("promotionDescription", json!("undo")),
    ];
    for (name, value) in expected {
        assert_eq!(report[name], value, "{name}");
    }
    let deleted = &report["report"]["AMConfig"][0]["configChange"]["deleted"];
    assert_eq!(deleted[0]["name"], "b");
    pair.post(ROLLBACK, &json!({})).await.expect(409);
    assert_as_described(&pair.upper.network);
}

#[tokio::test]
async fn what_was_never_promoted_cannot_be_rolled_back() {
    let mut pair = Neighbours::start().await;
    let provisional = format!("{REPORT}/provisional-rollback");
    pair.get(&provisional).await.expect(404);
    pair.lock().await;
    pair.promote(&json!({"dryRun": true})).await;
    pair.post(ROLLBACK, &json!({})).await.expect(409);
    pair.get(&provisional).await.expect(404);
}

#[tokio::test]
async fn the_provisional_rollback_report_tells_what_would_be_undone() {
    let mut pair = Neighbours::start().await;
    pair.promote_at_once().await;
    let report = pair
        .get(&format!("{REPORT}/provisional-rollback"))
        .await
        .expect(200);
    assert_eq!(
        (&report["type"], &report["dryRun"]),
        (&json!("rollback"), &json!(true))
    );
    let kinds = report["report"]["AMConfig"].as_array().unwrap();
    assert!(
        kinds
            .iter()
            .all(|kind| kind["configChange"].get("deleted").is_some())
    );
    assert_eq!(kinds.len(), 3);
    assert_eq!(pair.reports().await, 1, "it is not kept");
}

#[tokio::test]
async fn a_rollback_unlocks_afterwards_if_it_is_told_to_and_can_fail() {
    let mut pair = Neighbours::start().await;
    pair.promote_at_once().await;
    let promoted = pair.upper.tenant.static_configuration();
    pair.lock().await;
    pair.upper.tenant.fail_next_run();
    let order = json!({"unlockEnvironmentsAfterPromotion": true});
    pair.post(ROLLBACK, &order).await.expect(202);
    pair.pass(660).await;
    assert_eq!(pair.get(PROMOTE).await.expect(200)["blockingError"], true);
    assert_eq!(pair.upper.tenant.static_configuration(), promoted);
    assert_eq!(pair.lock_states().await, ["locked"; 3]);

    pair.post(ROLLBACK, &order).await.expect(202);
    pair.pass(660).await;
    assert!(pair.upper.tenant.static_configuration().is_empty());
    assert_eq!(pair.lock_states().await, ["unlocked"; 3]);
    pair.post(LOCK, &json!({})).await.expect(202);
}
