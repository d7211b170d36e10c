//! The process: it tells the truth of its health, counts, logs, and ends in order.

use std::time::{Duration, Instant};

use pingone_aic_harness::{ControlPlane, Namespace, Operator, Values, fast_forwarded_operator};
use serde_json::json;

use crate::integration::world::{Kind, World, credential_of};

#[tokio::test]
async fn the_operator_counts_what_it_does_and_ends_in_order() {
    let mut world = World::start("the operator counts what it does and ends in order").await;
    let site = world.site("dev", Kind::Development);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    let metrics = world.operator.metrics().await.unwrap();
    for expected in [
        r#"pingone_aic_reconciles_total{kind="AICIntegration",reason="TestPassed"}"#,
        r#"pingone_aic_vendor_call_duration_seconds_count{vendor="aic",operation="create the ESV",result="ok"} 1"#,
        r#"pingone_aic_vendor_call_duration_seconds_count{vendor="pingone",operation="get a PingOne access token",result="ok"}"#,
    ] {
        assert!(metrics.contains(expected), "{expected} is not in\n{metrics}");
    }
    let log = world.operator.log();
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert_eq!(world.operator.health("/livez").await.unwrap().0, 200);
    assert!(world.operator.terminate().await.unwrap().success());
    assert!(world.operator.log().contains("operator ends"));
}

#[tokio::test]
async fn it_waits_for_the_definitions_and_says_so() {
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = Namespace::create(&control_plane, "pingone-aic").await.unwrap();
    let values = Values::new(fast_forwarded_operator().unwrap()).fast_forwarded();
    let mut operator = Operator::prepare(&namespace, values).await.unwrap();
    operator.launch().await.unwrap();
    let (status, text) = loop {
        // Until it listens, there is nobody to answer.
        if let Ok(answer) = operator.health("/readyz").await {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(status, 503);
    assert!(
        text.contains("waiting for the CRD pingoneconnections.pingone-aic.io"),
        "{text}"
    );
    assert_eq!(operator.health("/livez").await.unwrap().0, 200);
    // It sees nothing of that kind, which an alert tells.
    let blind = |count| format!(r#"pingone_aic_blind_watches{{resource="pingoneconnections"}} {count}"#);
    let deadline = Instant::now() + crate::integration::world::SOON;
    while !operator.metrics().await.unwrap().contains(&blind(1)) {
        assert!(Instant::now() < deadline, "{}", operator.log());
        operator.advance(Duration::from_secs(1)).await.unwrap();
    }
    control_plane.apply_crds().await.unwrap();
    let deadline = Instant::now() + crate::integration::world::SOON;
    while operator.health("/readyz").await.unwrap().0 != 200 {
        assert!(Instant::now() < deadline, "{}", operator.log());
        operator.advance(Duration::from_secs(1)).await.unwrap();
    }
    assert!(operator.metrics().await.unwrap().contains(&blind(0)));
}

#[tokio::test]
async fn a_bad_flag_ends_it_with_the_remedy() {
    let namespace = pingone_aic_harness::TestNamespace::create("a bad flag ends it with the remedy").await;
    let values = Values::new(env!("CARGO_BIN_EXE_pingone-aic-operator"))
        .set(json!({"extraEnv": [{"name": "PINGONE_AIC_LOG_FORMAT", "value": "loud"}], "log": {"format": "json"}}))
        .set(json!({"extraEnv": [{"name": "PINGONE_AIC_CA_BUNDLE", "value": "/nowhere"}]}));
    let mut operator = Operator::prepare(&namespace, values).await.unwrap();
    operator.launch().await.unwrap();
    assert!(!operator.wait().await.unwrap().success());
    assert!(
        operator.log().contains("failed to read --ca-bundle /nowhere"),
        "{}",
        operator.log()
    );
}
