//! What a scrape tells of the objects.

use std::time::Duration;

use pingone_aic_support::Env;
use serde_json::json;

use super::watches::until;

/// The value of a series, labels included in its name.
fn value<'a>(metrics: &'a str, series: &str) -> Option<&'a str> {
    metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

#[tokio::test]
async fn metrics_name_an_object_only_where_that_is_asked_for() {
    for is_named in [false, true] {
        let values = json!({"metrics": {"perObject": is_named}});
        let mut env = Env::start_with("metrics may name objects", values).await;
        let fixture = env.fixture();
        env.active(&fixture).await;
        let name = format!(r#"namespace="{}",name="{}""#, env.namespace.name(), fixture.name);
        let passed = format!("pingone_aic_connection_test_passed_timestamp_seconds{{{name}}}");
        let counted = r#"pingone_aic_conditions{kind="AICIntegration",environment="Development",type="Active",status="True",reason="TestPassed"}"#;
        // The operator hears of its own write from the watch, as everybody does.
        until(
            &mut env,
            "the operator has heard that it is Active",
            async |env| value(&env.operator.metrics().await.unwrap(), counted) == Some("1"),
        )
        .await;
        let metrics = env.operator.metrics().await.unwrap();
        assert!(metrics.ends_with("# EOF\n"));
        assert_eq!(value(&metrics, "pingone_aic_leader"), Some("1"));
        let build = format!(
            r#"pingone_aic_build_info{{version="{}"}}"#,
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(value(&metrics, &build), Some("1"));
        // From the start, so that the first step shows in what Prometheus has seen increase.
        let step = r#"pingone_aic_promotion_step_duration_seconds_count{step="Promoting"}"#;
        assert_eq!(value(&metrics, step), Some("0"));
        let of = |kind: &str, type_: &str| {
            format!(r#"pingone_aic_condition{{{name},kind="{kind}",type="{type_}",status="True"}}"#)
        };
        let issued = format!("pingone_aic_credential_issued_timestamp_seconds{{{name}}}");
        let series = [
            of("AICIntegration", "Active"),
            of("PingOneConnection", "CredentialValid"),
            passed.clone(),
            issued,
        ];
        for series in &series {
            assert_eq!(value(&metrics, series).is_some(), is_named, "{series}: {metrics}");
        }
        assert_eq!(metrics.contains(&name), is_named, "{metrics}");
        if !is_named {
            continue;
        }
        // A test that passes again is told of, and is no write.
        let version = env.integration(&fixture).await.unwrap().metadata.resource_version;
        let first: i64 = value(&metrics, &passed).unwrap().parse().unwrap();
        env.pass_time(Duration::from_mins(11)).await;
        env.settle().await;
        let metrics = env.operator.metrics().await.unwrap();
        let again: i64 = value(&metrics, &passed).unwrap().parse().unwrap();
        assert!(again > first, "{first}, {again}");
        let after = env.integration(&fixture).await.unwrap().metadata.resource_version;
        assert_eq!(after, version);
        env.check_outputs().await;

        // What is gone is named no more.
        env.namespace
            .delete("AICIntegration", &fixture.name)
            .await
            .unwrap();
        env.until(&fixture, |object| object.map(|_| "it is not gone".to_owned()))
            .await
            .unwrap();
        let gone = of("AICIntegration", "Active");
        until(&mut env, "it is named no more", async |env| {
            value(&env.operator.metrics().await.unwrap(), &gone).is_none()
        })
        .await;
    }
}
