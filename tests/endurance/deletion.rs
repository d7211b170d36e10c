//! A deletion that cannot reach its tenant.

use std::time::Duration;

use serde_json::json;

use crate::arena::{Arena, is_done, subject::ESV};

#[tokio::test]
async fn a_deletion_waits_five_minutes_for_its_tenant_and_then_names_what_is_left() {
    let mut arena = Arena::start("a deletion waits five minutes for its tenant").await;
    let subject = arena.subject();
    let credential = subject.credential();
    subject.set_account(&arena.namespace).await;
    subject.set_credential(&arena.namespace, &credential.jwt).await;
    subject
        .apply(&arena.namespace, json!({"deletionPolicy": "Delete"}))
        .await;
    arena
        .namespace
        .wait_for(
            "AICIntegration",
            &subject.name,
            "to be Active",
            Duration::from_secs(20),
            |object| is_done(Some(object), &credential.id).is_ok(),
        )
        .await
        .unwrap();

    let outage = arena.network.outage(subject.tenant.host());
    arena
        .namespace
        .delete("AICIntegration", &subject.name)
        .await
        .unwrap();
    arena
        .namespace
        .wait_for(
            "AICIntegration",
            &subject.name,
            "to say what it waits for",
            Duration::from_secs(20),
            |object| {
                object.data["status"]["conditions"]
                    .to_string()
                    .contains("waits for its tenant")
            },
        )
        .await
        .unwrap();
    arena.pass(Duration::from_mins(4), Duration::from_secs(10)).await;
    assert!(arena.integration(&subject).await.is_some(), "it waits");
    arena
        .until(&subject, |object| object.map(|_| "it is still there".to_owned()))
        .await
        .unwrap();
    drop(outage);

    assert!(subject.tenant.secret(ESV).is_some());
    let events = [
        "get",
        "events",
        "--namespace",
        arena.namespace.name(),
        "--output",
        "yaml",
    ];
    let events = arena.namespace.control_plane().kubectl(&events).await.unwrap();
    for told in [events.as_str(), &arena.operator.log()] {
        assert!(
            told.contains("LeftBehind") && told.contains(subject.tenant.host()),
            "{told}"
        );
    }
    let metrics = arena.operator.metrics().await.unwrap();
    assert!(metrics.contains("pingone_aic_left_behind_total 1"), "{metrics}");
    arena.check_outputs().await;
}
