//! A lock blocks the ESV API, too.

use http::StatusCode;
use pingone_aic_simulator::{Mutability, Network};
use serde_json::json;

use super::neighbours::{LOCAL_STATE, LOCK, Neighbours, STATE, text};
use crate::caller::{ALL_SCOPES, Caller, ESV, HOST, PROMOTION, Reply};

const SECRET: &str = "/environment/secrets/esv-a";

/// One call of each kind that the ESV API has.
async fn calls(caller: &Caller) -> Vec<Reply> {
    let versions = format!("{SECRET}/versions");
    let value = json!({"valueBase64": "dHdv"});
    vec![
        caller.get("/environment/secrets", ESV).await,
        caller.get(SECRET, ESV).await,
        caller.put(SECRET, ESV, &value).await,
        caller
            .post(&format!("{SECRET}?_action=setDescription"), ESV, &json!({}))
            .await,
        caller.get(&versions, ESV).await,
        caller
            .post(&format!("{versions}?_action=create"), ESV, &value)
            .await,
        caller.get(&format!("{versions}/1"), ESV).await,
        caller
            .post(&format!("{versions}/1?_action=changestatus"), ESV, &json!({}))
            .await,
        caller.delete(&format!("{versions}/1"), ESV).await,
        caller.delete(SECRET, ESV).await,
    ]
}

/// Whether the ESV API of both environments is blocked, whole; the restart never is.
async fn are_blocked(pair: &Neighbours) -> [bool; 2] {
    let mut blocked = [false; 2];
    for (caller, blocked) in [&pair.lower, &pair.upper].into_iter().zip(&mut blocked) {
        caller.get("/environment/startup", ESV).await.expect(200);
        *blocked = caller.get(SECRET, ESV).await.status == 403;
        if *blocked {
            for reply in calls(caller).await {
                assert!(text(&reply.expect(403)["message"]).contains("locked"));
            }
        }
    }
    blocked
}

#[tokio::test]
async fn while_a_lock_is_open_every_esv_call_is_refused_on_both_sides() {
    let mut pair = Neighbours::start().await;
    let before = (pair.lower.tenant.secrets(), pair.upper.tenant.secrets());
    assert_eq!(are_blocked(&pair).await, [false; 2]);
    let id = text(&pair.post(LOCK, &json!({})).await.expect(202)["promotionId"]);
    assert_eq!(are_blocked(&pair).await, [true; 2], "locking");
    pair.pass(120).await;
    assert_eq!(are_blocked(&pair).await, [true; 2], "locked");
    pair.unlock(&id).await.expect(202);
    assert_eq!(are_blocked(&pair).await, [true; 2], "unlocking");
    pair.pass(45).await;
    assert_eq!(pair.lock_states().await, ["unlocking", "unlocking", "unlocked"]);
    assert_eq!(are_blocked(&pair).await, [true, false], "each by its own lock");
    pair.pass(15).await;
    assert_eq!(are_blocked(&pair).await, [false; 2], "unlocked");
    assert_eq!((pair.lower.tenant.secrets(), pair.upper.tenant.secrets()), before);

    pair.upper.tenant.fail_next_lock();
    pair.lock().await;
    assert_eq!(pair.lock_states().await[0], "error");
    assert_eq!(are_blocked(&pair).await, [true; 2], "error");
}

#[tokio::test]
async fn the_status_of_the_refusal_can_be_another() {
    let mut pair = Neighbours::start().await;
    pair.lock().await;
    for status in [StatusCode::CONFLICT, StatusCode::SERVICE_UNAVAILABLE] {
        pair.upper.tenant.set_locked_esv_refusal(status);
        pair.upper.get(SECRET, ESV).await.expect(status.as_u16());
    }
    pair.lower.get(SECRET, ESV).await.expect(403);
}

#[tokio::test]
async fn a_token_is_asked_for_before_the_lock() {
    let network = Network::start().await;
    let caller = Caller::at(&network, HOST, Mutability::Mutable, &["fr:am:*"]).await;
    caller.tenant.console().lock();
    let refused = caller.get(SECRET, ESV).await.expect(403);
    assert!(text(&refused["message"]).contains("scope"));
}

#[tokio::test]
async fn a_lock_can_end_between_a_refusal_and_the_look_at_it() {
    let mut pair = Neighbours::start().await;
    for refusals in [1, 3] {
        pair.lock().await;
        pair.group.unlock_after_esv_refusals(refusals);
        for _ in 0..refusals {
            assert_eq!(pair.lower.tenant.lock_state().to_string(), "locked");
            pair.lower.get(SECRET, ESV).await.expect(403);
        }
        let local = pair.lower.get(LOCAL_STATE, PROMOTION).await.expect(200);
        assert_eq!(local["result"], "unlocked");
        assert_eq!(pair.get(STATE).await.expect(200)["result"], "unlocked");
        assert_eq!(are_blocked(&pair).await, [false; 2]);
    }
    pair.lock().await;
    assert_eq!(are_blocked(&pair).await, [true; 2], "once");
}

#[tokio::test]
async fn a_sandbox_has_no_lock() {
    let network = Network::start().await;
    let sandbox = Caller::at(&network, "sandbox.example", Mutability::Mutable, &ALL_SCOPES).await;
    sandbox.act(LOCK, PROMOTION).await.expect(404);
    sandbox.create_secret("esv-a", "one").await;
}
