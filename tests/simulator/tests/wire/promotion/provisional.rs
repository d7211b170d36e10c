//! The provisional report: what waits to be promoted.

use http::StatusCode;
use pingone_aic_simulator::Realm;
use pingone_aic_simulator::tenant::ProvisionalSide;
use serde_json::json;

use super::neighbours::{LOCK, Neighbours, REPORT};
use crate::caller::{Caller, PROMOTION, assert_as_described};

async fn provisional(caller: &Caller) -> crate::caller::Reply {
    caller.get(&format!("{REPORT}/provisional"), PROMOTION).await
}

#[tokio::test]
async fn one_side_answers_and_the_other_refuses() {
    let pair = Neighbours::start().await;
    for side in [ProvisionalSide::Lower, ProvisionalSide::Upper] {
        pair.group.set_provisional_side(side);
        let (answers, refuses) = match side {
            ProvisionalSide::Lower => (&pair.lower, &pair.upper),
            ProvisionalSide::Upper => (&pair.upper, &pair.lower),
        };
        provisional(answers).await.expect(200);
        provisional(refuses).await.expect(404);
        for status in [
            StatusCode::FORBIDDEN,
            StatusCode::BAD_REQUEST,
            StatusCode::NOT_FOUND,
        ] {
            pair.group.set_provisional_refusal(status);
            provisional(answers).await.expect(200);
            assert!(provisional(refuses).await.expect(status.as_u16())["message"].is_string());
        }
    }
    assert_as_described(&pair.upper.network);
}

#[tokio::test]
async fn it_tells_what_waits_needs_no_lock_and_is_not_kept() {
    let mut pair = Neighbours::start().await;
    let waiting = provisional(&pair.lower).await.expect(200);
    let kinds = waiting["report"]["AMConfig"].as_array().unwrap();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(
        kinds
            .iter()
            .all(|kind| kind["configChange"].get("added").is_some())
    );
    assert_eq!(
        (&waiting["type"], &waiting["dryRun"]),
        (&json!("promotion"), &json!(true))
    );
    assert_eq!(waiting.get("promotionId"), None);
    assert_eq!(pair.reports().await, 0);

    pair.promote_at_once().await;
    assert_eq!(provisional(&pair.lower).await.expect(200)["report"], json!({}));
    pair.lower
        .tenant
        .console()
        .set_worker_service(Realm::Alpha, false);
    pair.post(LOCK, &json!({})).await.expect(202);
    let waiting = provisional(&pair.lower).await.expect(200);
    assert_eq!(
        waiting["report"]["AMConfig"][0]["configChange"]["modified"][0]["name"],
        "PingOne Worker Service"
    );
}
