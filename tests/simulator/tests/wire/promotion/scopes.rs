//! What the scopes of promotions open.

use pingone_aic_simulator::{Mutability, Network};
use serde_json::json;

use super::neighbours::{LOCAL_STATE, LOCK, Neighbours, PROMOTE, REPORT, REPORTS, ROLLBACK, STATE};
use crate::caller::{ALL_SCOPES, Caller, HOST, PROMOTION, sign};

const READ: &str = "fr:idc:promotion:read";

#[tokio::test]
async fn who_may_read_promotions_may_do_no_more() {
    let mut pair = Neighbours::start().await;
    pair.promote_at_once().await;
    // A token for a part of what the account has.
    pair.upper.log_in(&[READ]).await;
    for path in [STATE, LOCAL_STATE, PROMOTE, REPORT, REPORTS] {
        pair.get(path).await.expect(200);
    }
    for path in [LOCK, PROMOTE, ROLLBACK] {
        pair.post(path, &json!({})).await.expect(403);
    }
    pair.unlock("ba594bbe-a589-4676-80a4-42975a56f5b6")
        .await
        .expect(403);
}

#[tokio::test]
async fn an_account_can_have_the_narrow_scope_alone_or_none_of_them() {
    let network = Network::start().await;
    for (host, scopes, refused) in [
        (HOST, vec!["fr:idc:esv:*", READ], vec!["fr:idc:promotion:*"]),
        (
            "sandbox.example",
            vec!["fr:am:*", "fr:idc:esv:*"],
            vec![READ, "fr:idc:promotion:*"],
        ),
    ] {
        let caller = Caller::at(&network, host, Mutability::Mutable, &scopes).await;
        for scope in refused {
            let assertion = sign(&caller.account.jwk, &json!({"alg": "RS256"}), &caller.claims());
            let reply = caller.ask_for_token(&Caller::form(&assertion, scope)).await;
            assert_eq!(
                reply.expect(400),
                json!({
                    "error": "invalid_scope",
                    "error_description": format!("Unsupported scope for service account: {scope}"),
                })
            );
        }
        let reads = scopes.contains(&READ);
        let status = if reads { 200 } else { 403 };
        caller.get(LOCAL_STATE, PROMOTION).await.expect(status);
        caller.post(LOCK, PROMOTION, &json!({})).await.expect(403);
    }
    let whole = Caller::at(&network, "b.example", Mutability::Mutable, &ALL_SCOPES).await;
    whole.get(LOCAL_STATE, PROMOTION).await.expect(200);
}
