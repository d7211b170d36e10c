//! A deletion that cannot reach its tenant.

use std::time::Duration;

use pingone_aic_support::{Env, fixture::ESV, is_done};
use serde_json::json;

use crate::endurance::Passing;

#[tokio::test]
async fn a_deletion_waits_five_minutes_for_its_tenant_and_then_names_what_is_left() {
    let mut env = Env::start("a deletion waits five minutes for its tenant").await;
    let fixture = env.fixture();
    let credential = fixture.credential();
    fixture.set_account(&env.namespace).await;
    fixture.set_credential(&env.namespace, &credential.jwt).await;
    fixture
        .apply(&env.namespace, json!({"deletionPolicy": "Delete"}))
        .await;
    env.namespace
        .wait_for(
            "AICIntegration",
            &fixture.name,
            "to be Active",
            Duration::from_secs(20),
            |object| is_done(Some(object), &credential.id).is_ok(),
        )
        .await
        .unwrap();

    let outage = env.network.outage(fixture.tenant.host());
    env.namespace
        .delete("AICIntegration", &fixture.name)
        .await
        .unwrap();
    env.namespace
        .wait_for(
            "AICIntegration",
            &fixture.name,
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
    env.pass(Duration::from_mins(4), Duration::from_secs(10)).await;
    assert!(env.integration(&fixture).await.is_some(), "it waits");
    env.until(&fixture, |object| object.map(|_| "it is still there".to_owned()))
        .await
        .unwrap();
    drop(outage);

    assert!(fixture.tenant.secret(ESV).is_some());
    let events = [
        "get",
        "events",
        "--namespace",
        env.namespace.name(),
        "--output",
        "yaml",
    ];
    let events = env.namespace.control_plane().kubectl(&events).await.unwrap();
    for told in [events.as_str(), &env.operator.log()] {
        assert!(
            told.contains("LeftBehind") && told.contains(fixture.tenant.host()),
            "{told}"
        );
    }
    let metrics = env.operator.metrics().await.unwrap();
    assert!(metrics.contains("pingone_aic_left_behind_total 1"), "{metrics}");
    env.check_outputs().await;
}
