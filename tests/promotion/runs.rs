//! Runs in which nothing goes wrong.

use pingone_aic_harness::is_condition;
use pingone_aic_simulator::Realm;
use serde_json::json;

use crate::arena::{Arena, company::THREE, subject::WORKER};

#[tokio::test]
async fn a_run_goes_through_the_group_stops_at_its_gate_and_leaves_no_lock() {
    let mut arena = Arena::start("a run goes through the group").await;
    let company = arena.company(&THREE).await;
    let promotion = company.promotion("release", json!({"upTo": "dev", "description": "Ticket 7"}));
    arena.namespace.apply(promotion).await.unwrap();
    let gated = arena.phase("release", "Gated").await.unwrap();
    assert!(is_condition(&gated, "Ready", "True"));
    assert_eq!(gated.data["status"]["next"]["stage"], "staging");
    assert_eq!(
        gated.data["status"]["next"]["provisional"]["totals"]["added"], 3,
        "{}",
        gated.data["status"]
    );

    arena
        .namespace
        .patch("Promotion", "release", &json!({"spec": {"upTo": "staging"}}))
        .await
        .unwrap();
    let gated = arena
        .until_object("Promotion", "release", |object| {
            (object.unwrap().data["status"]["next"]["stage"] != "prod")
                .then(|| "not gated before prod".to_owned())
        })
        .await
        .unwrap()
        .unwrap();
    let stage = &gated.data["status"]["stages"][0];
    assert_eq!(
        (&stage["step"], &stage["outcome"]),
        (&json!("Done"), &json!("Promoted")),
        "{stage}"
    );
    assert_eq!(stage["report"]["totals"]["added"], 3, "{stage}");
    assert!(
        company
            .site("staging")
            .tenant
            .workers(Realm::Alpha)
            .contains_key(WORKER)
    );
    assert!(
        !company
            .site("prod")
            .tenant
            .workers(Realm::Alpha)
            .contains_key(WORKER)
    );
    assert_eq!(company.stranded(), None);

    arena
        .namespace
        .patch("Promotion", "release", &json!({"spec": {"upTo": "prod"}}))
        .await
        .unwrap();
    let done = arena.phase("release", "Succeeded").await.unwrap();
    assert!(is_condition(&done, "Ready", "True"));
    assert_eq!(done.metadata.finalizers, None);
    assert_eq!(company.stranded(), None);
    for stage in ["staging", "prod"] {
        let name = &company.site(stage).name;
        arena
            .until_object("AICIntegration", name, |object| {
                (!is_condition(object.unwrap(), "Active", "True")).then(|| "it is not Active".to_owned())
            })
            .await
            .unwrap();
    }
    arena.check_outputs().await;
}
