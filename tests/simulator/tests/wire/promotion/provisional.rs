//! The provisional report: what waits to be promoted.

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
    for (side, lower, upper) in [
        (ProvisionalSide::Lower, 200, 404),
        (ProvisionalSide::Upper, 404, 200),
    ] {
        pair.group.set_provisional_side(side);
        provisional(&pair.lower).await.expect(lower);
        provisional(&pair.upper).await.expect(upper);
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
