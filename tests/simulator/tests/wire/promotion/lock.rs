//! Locking two neighbours, and unlocking them.

use pingone_aic_simulator::tenant::{LockState, Times};
use pingone_aic_simulator::{Mutability, Network};
use serde_json::json;

use super::neighbours::{LOCAL_STATE, LOCK, Neighbours, PROMOTE, STATE, UPPER, text};
use crate::caller::{ALL_SCOPES, Caller, HOST, PROMOTION, assert_as_described, credential_label};

#[tokio::test]
async fn a_lock_takes_minutes_and_then_holds_both_sides() {
    let mut pair = Neighbours::start().await;
    assert_eq!(pair.lock_states().await, ["unlocked"; 3]);
    let begun = pair.upper.act(LOCK, PROMOTION).await.expect(202);
    assert_eq!(begun["result"], "locking");
    assert_eq!(pair.lock_states().await, ["locking"; 3]);
    pair.pass(90).await;
    assert_eq!(pair.lock_states().await, ["locking", "locking", "locked"]);
    let local = pair.get(LOCAL_STATE).await.expect(200);
    assert_eq!(local["result"], "locked", "this side alone");
    assert!(local.get("lowerEnv").is_none() && local.get("upperEnv").is_none());
    pair.pass(30).await;
    assert_eq!(pair.lock_states().await, ["locked"; 3]);
    let state = pair.get(STATE).await.expect(200);
    for id in [&state, &state["lowerEnv"], &state["upperEnv"]].map(|side| &side["promotionId"]) {
        assert_eq!(*id, begun["promotionId"]);
    }
    assert_as_described(&pair.upper.network);
}

#[tokio::test]
async fn what_is_locked_cannot_be_locked() {
    let mut pair = Neighbours::start().await;
    let id = text(&pair.post(LOCK, &json!({})).await.expect(202)["promotionId"]);
    assert!(pair.post(LOCK, &json!({})).await.expect(409)["message"].is_string());
    pair.pass(120).await;
    pair.post(LOCK, &json!({})).await.expect(409);
    pair.unlock(&id).await.expect(202);
    pair.post(LOCK, &json!({})).await.expect(409);
    pair.pass(60).await;
    let next = pair.post(LOCK, &json!({})).await.expect(202);
    assert_ne!(next["promotionId"], id);
}

#[tokio::test]
async fn a_lock_is_released_by_its_id() {
    let mut pair = Neighbours::start().await;
    let id = text(&pair.post(LOCK, &json!({})).await.expect(202)["promotionId"]);
    pair.unlock(&id).await.expect(409);
    pair.pass(120).await;
    pair.unlock("ba594bbe-a589-4676-80a4-42975a56f5b6")
        .await
        .expect(409);
    assert_eq!(pair.lock_states().await, ["locked"; 3]);
    let begun = pair.unlock(&id).await.expect(202);
    assert_eq!(
        (&begun["result"], &begun["promotionId"]),
        (&json!("unlocking"), &json!(id))
    );
    pair.unlock(&id).await.expect(409);
    assert_eq!(pair.lock_states().await, ["unlocking"; 3]);
    pair.pass(45).await;
    assert_eq!(pair.lock_states().await, ["unlocking", "unlocking", "unlocked"]);
    pair.pass(15).await;
    assert_eq!(pair.lock_states().await, ["unlocked"; 3]);
    assert_eq!(pair.unlock(&id).await.expect(200)["result"], "unlocked");
    pair.unlock("ba594bbe-a589-4676-80a4-42975a56f5b6")
        .await
        .expect(409);
    assert_as_described(&pair.upper.network);
}

#[tokio::test]
async fn configuration_is_frozen_from_the_first_moment_of_a_lock_to_the_last() {
    let mut pair = Neighbours::start().await;
    let map = async |pair: &Neighbours| {
        let reply = pair.lower.map("alpha", &credential_label("A"), "esv-a").await;
        reply.status.as_u16()
    };
    let id = text(&pair.post(LOCK, &json!({})).await.expect(202)["promotionId"]);
    assert_eq!(map(&pair).await, 403, "locking");
    pair.pass(120).await;
    assert_eq!(map(&pair).await, 403, "locked");
    pair.unlock(&id).await.expect(202);
    pair.pass(45).await;
    assert_eq!(map(&pair).await, 403, "unlocking");
    pair.pass(15).await;
    assert_eq!(map(&pair).await, 200, "unlocked");
}

#[tokio::test]
async fn a_lock_that_fails_is_an_error_until_it_is_unlocked() {
    let mut pair = Neighbours::start().await;
    pair.upper.tenant.fail_next_lock();
    let id = pair.lock().await;
    assert_eq!(pair.lock_states().await, ["error", "locked", "error"]);
    let told = pair.get(STATE).await.expect(200);
    assert_eq!(told["promotionId"], id);
    assert!(text(&told["description"]).contains("Failed"));
    pair.post(LOCK, &json!({})).await.expect(409);
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(409);
    pair.unlock(&id).await.expect(202);
    pair.pass(60).await;
    assert_eq!(pair.lock_states().await, ["unlocked"; 3]);
    pair.lock().await;
    assert_eq!(pair.lock_states().await, ["locked"; 3], "only the next one fails");
}

#[tokio::test]
async fn a_lock_can_fail_later_and_so_can_its_end() {
    let mut pair = Neighbours::start().await;
    pair.upper.tenant.fail_lock();
    assert_eq!(pair.lock_states().await, ["unlocked"; 3], "nothing is taken yet");
    let id = pair.lock().await;
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(202);
    pair.upper.tenant.fail_lock();
    assert_eq!(pair.lock_states().await, ["error", "locked", "error"]);
    pair.pass(180).await;
    assert_eq!(pair.reports().await, 1, "what runs goes on");
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(409);
    pair.upper.tenant.fail_next_unlock();
    for end in ["error", "unlocked"] {
        pair.unlock(&id).await.expect(202);
        pair.pass(60).await;
        assert_eq!(pair.lock_states().await, [end, "unlocked", end]);
    }
}

#[tokio::test]
async fn the_sides_of_a_lock_can_be_left_out() {
    let mut pair = Neighbours::start().await;
    let id = pair.lock().await;
    pair.group.set_lock_sides(false);
    let state = pair.get(STATE).await.expect(200);
    assert_eq!(
        (&state["result"], &state["promotionId"]),
        (&json!("locked"), &json!(id))
    );
    assert!(state.get("lowerEnv").is_none() && state.get("upperEnv").is_none());
    assert_as_described(&pair.upper.network);
}

#[tokio::test]
async fn a_lock_on_one_side_shows_and_counts() {
    let mut pair = Neighbours::start().await;
    let id = pair.lock().await;
    pair.lower.tenant.console().unlock();
    assert_eq!(pair.lock_states().await, ["locked", "unlocked", "locked"]);
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(409);
    pair.lower.tenant.console().lock();
    assert_eq!(pair.lock_states().await, ["locked"; 3]);
    pair.post(PROMOTE, &json!({"dryRun": true})).await.expect(409);
    pair.unlock(&id).await.expect(202);
    pair.pass(60).await;
    assert_eq!(pair.lock_states().await, ["locked", "locked", "unlocked"]);
    pair.post(LOCK, &json!({})).await.expect(409);
}

#[tokio::test]
async fn an_environment_is_in_one_lock_at_a_time() {
    let network = Network::start().await;
    let dev = Caller::at(&network, HOST, Mutability::Mutable, &ALL_SCOPES).await;
    let staging = Caller::at(&network, UPPER, Mutability::Immutable, &ALL_SCOPES).await;
    let prod = Caller::at(
        &network,
        "openam-mycompany-ew2.id.forgerock.io",
        Mutability::Immutable,
        &ALL_SCOPES,
    )
    .await;
    let group = network.group(&[&dev.tenant, &staging.tenant, &prod.tenant]);
    group.set_times(Times {
        lock: std::time::Duration::ZERO,
        ..Times::default()
    });
    let id = text(&prod.post(LOCK, PROMOTION, &json!({})).await.expect(202)["promotionId"]);
    let seen = staging.get(STATE, PROMOTION).await.expect(200);
    assert_eq!(
        (&seen["lowerEnv"]["state"], &seen["upperEnv"]["state"]),
        (&json!("unlocked"), &json!("locked"))
    );
    assert_eq!(seen["promotionId"], id);
    staging.post(LOCK, PROMOTION, &json!({})).await.expect(409);
    staging
        .post(PROMOTE, PROMOTION, &json!({"dryRun": true}))
        .await
        .expect(409);
    assert_eq!(dev.tenant.lock_state(), LockState::Unlocked);
    dev.enable_worker_service("alpha").await;
}
