//! What stands in the way of a promotion.

use pingone_aic_simulator::Realm;
use serde_json::{Value, json};

use super::neighbours::{Neighbours, PROMOTE, REPORT};

async fn progress(pair: &Neighbours) -> Value {
    pair.get(PROMOTE).await.expect(200)
}

/// A promotion under this order, which asks for the unlock, fails and leaves everything as it was.
async fn assert_blocked(pair: &mut Neighbours, order: Value) {
    let reports = pair.reports().await;
    let before = pair.upper.tenant.static_configuration();
    pair.promote(&order).await;
    pair.pass(60).await;
    assert_eq!(progress(pair).await["blockingError"], true, "{order}");
    assert_eq!(pair.status().await[0], "READY");
    assert_eq!(pair.lock_states().await, ["locked"; 3], "it is no success");
    assert_eq!(pair.upper.tenant.static_configuration(), before);
    assert_eq!(pair.reports().await, reports);
}

fn promotion() -> Value {
    json!({"dryRun": false, "unlockEnvironmentsAfterPromotion": true})
}

#[tokio::test]
async fn esvs_that_the_upper_environment_lacks_are_found_and_block() {
    let mut pair = Neighbours::start().await;
    pair.upper.tenant.console().delete_secret("esv-a");
    // One ESV under two labels is named once.
    let console = pair.lower.tenant.console();
    console.put_mapping(Realm::Alpha, "another.label", "esv-a");
    console.put_mapping(Realm::Bravo, "a.third.label", "esv-b");
    let id = pair.lock().await;
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(202);
    assert_eq!(progress(&pair).await.get("missingESVs"), None, "not known yet");
    pair.pass(180).await;
    let (found, missing) = (progress(&pair).await, json!(["esv-a", "esv-b"]));
    assert_eq!(
        (&found["missingESVs"], &found["blockingError"]),
        (&missing, &json!(false))
    );
    assert_eq!(pair.get(REPORT).await.expect(200)["missingESVs"], missing);
    assert_blocked(&mut pair, promotion()).await;
    assert_eq!(progress(&pair).await["missingESVs"], missing);

    // The lock blocks ESVs, too.
    pair.unlock(&id).await.expect(202);
    pair.pass(60).await;
    pair.upper.create_secret("esv-a", "now").await;
    pair.upper.create_secret("esv-b", "now").await;
    pair.lock().await;
    pair.promote(&promotion()).await;
    assert_eq!(progress(&pair).await.get("missingESVs"), None);
    assert!(pair.get(REPORT).await.expect(200).get("missingESVs").is_none());
    assert!(pair.upper.tenant.workers(Realm::Alpha).contains_key("a"));
}

#[tokio::test]
async fn encrypted_secrets_block_unless_they_are_ignored_and_that_is_remembered() {
    let mut pair = Neighbours::start().await;
    pair.lower.tenant.set_encrypted_secrets(&["mySecret"]);
    let id = pair.lock().await;
    pair.promote(&json!({"dryRun": true})).await;
    assert_eq!(progress(&pair).await["encryptedSecrets"], json!(["mySecret"]));
    assert_blocked(&mut pair, promotion()).await;

    let remembered = "previouslyIgnoredEncryptedSecrets";
    pair.promote(&json!({"dryRun": false, "ignoreEncryptedSecrets": true}))
        .await;
    assert_eq!(progress(&pair).await["blockingError"], false);
    assert!(pair.upper.tenant.workers(Realm::Alpha).contains_key("a"));
    assert!(pair.get(REPORT).await.expect(200).get(remembered).is_none());
    pair.promote(&json!({"dryRun": true})).await;
    assert_eq!(
        pair.get(REPORT).await.expect(200)[remembered],
        json!(["mySecret"])
    );
    pair.unlock(&id).await.expect(202);
}

#[tokio::test]
async fn any_run_can_fail() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    for order in [json!({"dryRun": true}), promotion()] {
        pair.upper.tenant.fail_next_run();
        assert_blocked(&mut pair, order).await;
    }
    pair.promote(&json!({"dryRun": true})).await;
    assert_eq!(
        progress(&pair).await["blockingError"],
        false,
        "only the next one fails"
    );
    assert_eq!(pair.reports().await, 1);
}

#[tokio::test]
async fn a_failure_is_told_until_the_next_lock() {
    let mut pair = Neighbours::start().await;
    let id = pair.lock().await;
    pair.upper.tenant.fail_next_run_saying("a journey is broken");
    pair.promote(&promotion()).await;
    assert_eq!(progress(&pair).await["message"], "a journey is broken");
    pair.unlock(&id).await.expect(202);
    pair.pass(60).await;
    let told = progress(&pair).await;
    assert_eq!(
        (&told["status"], &told["blockingError"], told.get("promotionId")),
        (&json!("UNLOCKED"), &json!(true), None)
    );
    pair.lock().await;
    assert_eq!(progress(&pair).await["blockingError"], false);
}
