//! Dry runs and promotions.

use std::time::Duration;

use pingone_aic_simulator::Realm;
use pingone_aic_simulator::tenant::ConfigItem;
use serde_json::{Value, json};

use super::neighbours::{LOCK, Neighbours, PROMOTE, REPORT, ROLLBACK, text};
use crate::caller::assert_as_described;

#[tokio::test]
async fn a_promotion_brings_all_static_configuration_and_no_esv() {
    let mut pair = Neighbours::start().await;
    let journey = ConfigItem::am(Realm::Bravo, "Journeys", "Login");
    let template = ConfigItem::idm("Email > Templates", "welcome");
    let console = pair.lower.tenant.console();
    console.put_item(journey.clone(), "v1");
    console.put_item(template.clone(), "v1");
    let stale = ConfigItem::idm("Email > Templates", "stale");
    pair.upper.tenant.console().put_item(stale.clone(), "v0");
    let secrets = pair.upper.tenant.secrets();
    pair.promote_at_once().await;
    let arrived = pair.upper.tenant.static_configuration();
    assert_eq!(arrived, pair.lower.tenant.static_configuration());
    assert!(
        arrived.contains_key(&journey) && arrived.contains_key(&template) && !arrived.contains_key(&stale)
    );
    assert!(pair.upper.tenant.workers(Realm::Alpha).contains_key("a"));
    assert_eq!(pair.upper.tenant.secrets(), secrets);
    assert_as_described(&pair.upper.network);
}

#[tokio::test]
async fn it_arrives_with_the_time_although_nobody_asks() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    pair.post(PROMOTE, &json!({"dryRun": false})).await.expect(202);
    let clock = pair.upper.network.clock();
    clock.advance(Duration::from_secs(570));
    assert!(pair.upper.tenant.static_configuration().is_empty());
    clock.advance(Duration::from_secs(30));
    assert!(!pair.upper.tenant.static_configuration().is_empty());
}

#[tokio::test]
async fn a_dry_run_reports_what_would_change_and_changes_nothing() {
    let mut pair = Neighbours::start().await;
    let id = pair.lock().await;
    pair.promote(&json!({"dryRun": true, "unlockEnvironmentsAfterPromotion": true}))
        .await;
    let report = pair.get(REPORT).await.expect(200);
    assert_eq!(
        (&report["dryRun"], &report["promotionId"]),
        (&json!(true), &json!(id))
    );
    assert!(report["report"]["AMConfig"].is_array());
    assert!(pair.upper.tenant.static_configuration().is_empty());
    pair.pass(60).await;
    assert_eq!(
        pair.lock_states().await,
        ["locked"; 3],
        "a dry run does not unlock"
    );
}

#[tokio::test]
async fn the_status_tells_how_far_it_is() {
    let mut pair = Neighbours::start().await;
    let unlocked = ["UNLOCKED", "Environment unlocked", "UNLOCKED"];
    assert_eq!(pair.status().await, unlocked);
    let id = text(&pair.post(LOCK, &json!({})).await.expect(202)["promotionId"]);
    assert_eq!(pair.status().await, unlocked, "locking");
    pair.pass(120).await;
    let ready = ["READY", "Environment ready for promotion", "LOCKED"];
    assert_eq!(pair.status().await, ready);
    let running = ["RUNNING", "Update configuration", "LOCKED"];
    let completed = ["READY", "Promotion completed", "LOCKED"];
    for (dry_run, just_before_the_end) in [(true, 150), (false, 570)] {
        pair.post(PROMOTE, &json!({"dryRun": dry_run})).await.expect(202);
        assert_eq!(pair.status().await, running);
        pair.pass(just_before_the_end).await;
        assert_eq!(pair.status().await, running);
        pair.pass(30).await;
        assert_eq!(pair.status().await, completed);
    }
    let progress = pair.get(PROMOTE).await.expect(200);
    assert_eq!(progress["promotionId"], id);
    let date = text(&progress["timeStamp"]);
    assert!(date.ends_with('Z') && date.len() == 20, "{date}");
    assert_eq!(
        (&progress["type"], &progress["blockingError"]),
        (&json!("promotion"), &json!(false))
    );
    pair.unlock(&id).await.expect(202);
    pair.pass(60).await;
    assert_eq!(pair.status().await, unlocked);
    let progress = pair.get(PROMOTE).await.expect(200);
    assert_eq!(
        progress.get("promotionId"),
        None,
        "what is unlocked names no lock"
    );
    assert_eq!(progress["type"], "promotion");
    pair.lock().await;
    assert_eq!(pair.status().await, ready, "the next lock begins afresh");
}

#[tokio::test]
async fn nothing_runs_without_a_lock_or_beside_another_run() {
    let mut pair = Neighbours::start().await;
    let refused = async |pair: &Neighbours, when: &str| {
        let orders = [
            (PROMOTE, json!({"dryRun": true})),
            (PROMOTE, json!({"dryRun": false})),
            (ROLLBACK, json!({})),
        ];
        for (path, order) in orders {
            let reply = pair.post(path, &order).await;
            assert_eq!(
                reply.status.as_u16(),
                409,
                "{when} {path} {order}: {}",
                reply.text
            );
        }
    };
    pair.promote_at_once().await;
    refused(&pair, "unlocked").await;
    pair.post(LOCK, &json!({})).await.expect(202);
    refused(&pair, "locking").await;
    pair.pass(120).await;
    for order in [json!({"dryRun": true}), json!({"dryRun": false})] {
        pair.post(PROMOTE, &order).await.expect(202);
        refused(&pair, "running").await;
        pair.pass(600).await;
    }
    assert_eq!(pair.reports().await, 3);
}

#[tokio::test]
async fn a_lock_cannot_be_released_while_a_promotion_runs() {
    let mut pair = Neighbours::start().await;
    let id = pair.lock().await;
    pair.post(PROMOTE, &json!({"dryRun": false})).await.expect(202);
    pair.unlock(&id).await.expect(409);
    pair.pass(600).await;
    pair.unlock(&id).await.expect(202);
}

#[tokio::test]
async fn an_order_has_to_be_understood() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    let wrong: [(&str, Value); 8] = [
        (PROMOTE, json!({})),
        (PROMOTE, json!({"dryRun": "true"})),
        (PROMOTE, json!({"dryRun": true, "ignoreEncryptedSecrets": null})),
        (PROMOTE, json!({"dryRun": true, "promoter": 1})),
        (PROMOTE, json!({"dryRun": true, "colour": "red"})),
        (ROLLBACK, json!({"dryRun": true})),
        (ROLLBACK, json!({"ignoreEncryptedSecrets": true})),
        (ROLLBACK, json!({"promotionDescription": null})),
    ];
    for (path, order) in wrong {
        let reply = pair.post(path, &order).await;
        assert_eq!(reply.status.as_u16(), 400, "{path} {order}: {}", reply.text);
    }
    assert_eq!(pair.status().await[0], "READY");
    let order = json!({
        "dryRun": true,
        "ignoreEncryptedSecrets": false,
        "promoter": "p",
        "promotionDescription": "d",
        "unlockEnvironmentsAfterPromotion": false,
        "zendeskTicketReference": "z",
    });
    pair.post(PROMOTE, &order).await.expect(202);
}

#[tokio::test]
async fn a_promotion_unlocks_afterwards_if_it_is_told_to() {
    for (unlock, state) in [(json!(true), "unlocked"), (json!(false), "locked")] {
        let mut pair = Neighbours::start().await;
        pair.lock().await;
        let order = json!({"dryRun": false, "unlockEnvironmentsAfterPromotion": unlock});
        pair.post(PROMOTE, &order).await.expect(202);
        pair.pass(570).await;
        assert_eq!(pair.lock_states().await, ["locked"; 3]);
        // The lower environment unlocks although nobody has looked at the upper one.
        pair.upper.network.clock().advance(Duration::from_secs(90));
        assert_eq!(pair.lower.tenant.lock_state().to_string(), state);
        pair.pass(0).await;
        assert_eq!(pair.lock_states().await, [state; 3]);
    }
}

#[tokio::test]
async fn a_run_can_be_in_progress_by_another_name() {
    let mut pair = Neighbours::start().await;
    pair.group.set_running_status("IN_PROGRESS");
    pair.lock().await;
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(202);
    assert_eq!(
        pair.status().await,
        ["IN_PROGRESS", "Update configuration", "LOCKED"]
    );
    pair.pass(180).await;
    assert_eq!(pair.status().await[0], "READY");
}

#[tokio::test]
async fn a_status_can_be_one_that_nobody_knows() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    let tenant = &pair.upper.tenant;
    tenant.show_promotion_status(Some("VERIFYING"));
    assert_eq!(pair.status().await[0], "VERIFYING");
    tenant.show_promotion_status(None);
    assert_eq!(pair.status().await[0], "READY");
}
