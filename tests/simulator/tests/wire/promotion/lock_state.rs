//! An environment's lock: what it tells, and what it freezes.

use pingone_aic_simulator::tenant::LockState;
use pingone_aic_simulator::{Mutability, Network, Realm};
use serde_json::{Value, json};

use super::neighbours::{LOCAL_STATE, STATE};
use crate::caller::{
    AM, Caller, HOST, PROMOTION, Reply, assert_as_described, credential_label, mapping_path, realm_path,
    send, worker_path,
};

async fn caller_with_mapped_worker() -> Caller {
    let caller = Caller::start().await;
    caller.enable_worker_service("alpha").await;
    caller.create_worker("alpha", "a", "A").await;
    caller.create_secret("esv-a", "one").await;
    caller
        .map("alpha", &credential_label("A"), "esv-a")
        .await
        .expect(201);
    caller
}

/// Every way in which the API changes static configuration.
async fn static_writes(caller: &Caller) -> Vec<Reply> {
    let service = format!("{}/services/pingOneWorkerService", realm_path("alpha"));
    let (worker, label) = (worker_path("alpha", "a"), credential_label("A"));
    let attributes = json!({"useCredential": true, "credentialPurpose": "A"});
    vec![
        caller.put(&service, AM, &json!({"enabled": true})).await,
        caller.put(&worker, AM, &attributes).await,
        caller.map("alpha", &label, "esv-a").await,
        caller.delete(&mapping_path("alpha", &label), AM).await,
        caller.delete(&worker, AM).await,
    ]
}

#[tokio::test]
async fn the_lock_of_an_environment_is_told() {
    let caller = Caller::start().await;
    let state = async || caller.get(LOCAL_STATE, PROMOTION).await.expect(200);
    let unlocked = state().await;
    assert_eq!(unlocked["result"], "unlocked");
    assert_eq!(unlocked["promotionId"], Value::Null);

    let id = caller.tenant.console().lock();
    let locked = state().await;
    assert_eq!(
        (&locked["result"], &locked["promotionId"]),
        (&json!("locked"), &json!(id))
    );
    assert_eq!(caller.tenant.lock_state(), LockState::Locked);

    caller.tenant.console().unlock();
    let unlocked = state().await;
    assert_eq!(unlocked["result"], "unlocked");
    assert_eq!(unlocked["promotionId"], id, "the id of the lock before stays");
    assert_ne!(
        caller.tenant.console().lock(),
        id,
        "each lock has an id of its own"
    );
    assert_as_described(&caller.network);
}

#[tokio::test]
async fn a_locked_environment_refuses_static_configuration() {
    let caller = caller_with_mapped_worker().await;
    let before = (
        caller.tenant.workers(Realm::Alpha),
        caller.tenant.mappings(Realm::Alpha),
    );
    caller.tenant.console().lock();
    for reply in static_writes(&caller).await {
        let message = reply.expect(403)["message"].clone();
        assert!(message.as_str().unwrap().contains("locked"), "{message}");
    }
    assert_eq!(
        (
            caller.tenant.workers(Realm::Alpha),
            caller.tenant.mappings(Realm::Alpha)
        ),
        before
    );
    caller.get(&worker_path("alpha", "a"), AM).await.expect(200);

    caller.tenant.console().unlock();
    for reply in static_writes(&caller).await {
        reply.expect(200);
    }
}

#[tokio::test]
async fn a_person_cannot_change_what_is_locked_either() {
    let edits: [fn(&pingone_aic_simulator::tenant::Console); 6] = [
        |console| console.set_worker_service(Realm::Alpha, false),
        |console| console.put_worker(Realm::Alpha, "b", json!({})),
        |console| console.edit_worker(Realm::Alpha, "a", "useCredential", false),
        |console| console.delete_worker(Realm::Alpha, "a"),
        |console| console.put_mapping(Realm::Alpha, "label", "esv-b"),
        |console| console.delete_mapping(Realm::Alpha, &credential_label("A")),
    ];
    let caller = caller_with_mapped_worker().await;
    let console = caller.tenant.console();
    console.lock();
    for (index, edit) in edits.into_iter().enumerate() {
        let console = console.clone();
        let refused = tokio::task::spawn_blocking(move || edit(&console))
            .await
            .unwrap_err();
        let why = *refused.into_panic().downcast::<String>().unwrap();
        assert!(why.contains("locked"), "edit {index}: {why}");
    }
    console.unlock();
    for edit in edits {
        edit(&console);
        console.put_worker(Realm::Alpha, "a", json!({}));
    }
}

#[tokio::test]
async fn both_sides_can_be_asked_only_where_there_are_two() {
    let caller = Caller::start().await;
    for path in [STATE, "/environment/promotion/lock/state?localLockOnly=false"] {
        caller.get(path, PROMOTION).await.expect(404);
    }
    caller
        .get("/environment/promotion/lock/state?localLockOnly=maybe", PROMOTION)
        .await
        .expect(400);
}

#[tokio::test]
async fn promotions_want_their_scope_their_version_and_their_method() {
    let network = Network::start().await;
    let other = Caller::at(&network, HOST, Mutability::Mutable, &["fr:am:*", "fr:idc:esv:*"]).await;
    let refused = other.get(LOCAL_STATE, PROMOTION).await.expect(403);
    assert_eq!(refused["code"], 403);
    assert!(refused["message"].is_string());

    let caller = Caller::start().await;
    caller
        .get(LOCAL_STATE, "protocol=2.1,resource=1.0")
        .await
        .expect(200);
    caller
        .get(LOCAL_STATE, "protocol=2.0,resource=1.0")
        .await
        .expect(404);
    caller.put(LOCAL_STATE, PROMOTION, &json!({})).await.expect(405);
    let bare = caller.http.get(format!("{}{LOCAL_STATE}", caller.tenant.url()));
    let anonymous = send(bare).await;
    anonymous.expect(401);
    assert!(!anonymous.header("www-authenticate").is_empty());
}
