//! Reports as the platform may write them: other sections, no names, one date for all; and reports that cannot be read.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Rule, tenant::ConfigItem};
use pingone_aic_support::{Env, company::THREE};
use serde_json::json;

use crate::promotion::look::{Steps, message, promotions, reason, stage};

#[tokio::test]
async fn a_change_in_another_section_is_promoted() {
    for content in [
        json!([{"configItem": "Something", "configChange": {"added": [{"uid": "without a name"}]}}]),
        json!({"changed": 1}),
    ] {
        let mut env = Env::start("a change in another section").await;
        let company = env.company(&THREE).await;
        env.release(&company, json!({"upTo": "staging"})).await;
        env.phase("release", "Gated").await.unwrap();
        // Nothing but that section tells of what waits to be promoted now.
        let staging = &company.site("staging").tenant;
        staging.add_to_next_report("OtherConfig", content);
        let provisional = Rule::on(company.site("dev").tenant.host()).path_contains("/report/provisional");
        env.network.fault(provisional, Fault::status(500));
        let again = company.promotion("again", json!({"upTo": "staging"}));
        env.namespace.apply(again).await.unwrap();
        env.phase("again", "Gated").await.unwrap();
        let stage = stage(&env, "again", 0).await;
        assert_eq!(stage["outcome"], "Promoted", "{stage}");
        let totals = &stage["dryRun"]["report"]["totals"];
        let changes = ["added", "modified"].map(|change| totals[change].as_i64().unwrap());
        assert_eq!(changes.iter().sum::<i64>(), 1, "{stage}");
        assert_eq!(promotions(&env), 2);
        env.check_outputs().await;
    }
}

#[tokio::test]
async fn of_reports_of_one_date_the_platform_says_which_is_the_last() {
    let mut env = Env::start("reports of one date").await;
    let company = env.company(&THREE).await;
    company.site("dev").spoil(&env.namespace).await;
    let staging = &company.site("staging").tenant;
    company.group.set_newest_report_first(false);
    staging.date_reports("2026-01-01T00:00:00Z".parse().unwrap());
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    env.release(&company, more).await;
    env.until_reason("release", "Verifying").await;
    let item = ConfigItem::idm("Email > Templates", "theirs");
    company.site("dev").tenant.console().put_item(item, "a change");
    staging.console().begin_lock();
    env.network.clock().advance(Duration::from_mins(3));
    staging.console().begin_promotion("theirs");
    env.network.clock().advance(Duration::from_mins(15));
    let failed = env.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "RollbackNotOurs", "{}", message(&failed));
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

/// Promoted and rolled back within one minute, and listed in the other order: it is rolled back.
#[tokio::test]
async fn a_rollback_of_the_same_minute_is_newer_than_its_promotion() {
    let mut env = Env::start("a rollback of the same minute").await;
    let company = env.company(&THREE).await;
    company.site("dev").spoil(&env.namespace).await;
    company.group.set_newest_report_first(false);
    company
        .site("staging")
        .tenant
        .date_reports("2026-01-01T00:00:00Z".parse().unwrap());
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    env.release(&company, more.clone()).await;
    env.phase("release", "RolledBack").await.unwrap();
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.until_gone("release").await;
    env.release(&company, more).await;
    env.phase("release", "RolledBack").await.unwrap();
    assert_eq!((promotions(&env), env.violation(&company)), (1, None));
    env.check_outputs().await;
}

#[tokio::test]
async fn a_person_can_have_a_run_go_on_without_a_report_that_cannot_be_read() {
    let mut env = Env::start("a report that cannot be read").await;
    let company = env.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    staging.console().begin_lock();
    env.network.clock().advance(Duration::from_mins(3));
    staging.console().begin_promotion("theirs");
    env.network.clock().advance(Duration::from_mins(15));
    let reports = Rule::on(staging.host()).path_contains("/promotion/report/");
    let unreadable = env.network.fault(reports, Fault::Garbage);
    let item = ConfigItem::idm("Email > Templates", "ours");
    company.site("dev").tenant.console().put_item(item, "a change");
    env.release(&company, json!({"upTo": "staging"})).await;
    let held_up = env.until_reason("release", "TenantUnavailable").await;
    let says = message(&held_up);
    let (_, id) = says.split_once("pingone-aic.io/ignore-report: ").unwrap();
    let id = id.split(' ').next().unwrap().to_owned();
    env.pass_time(Duration::from_mins(30)).await;
    assert_eq!(promotions(&env), 0, "nobody knows whose it is");
    env.annotate("pingone-aic.io/ignore-report", "another, and-another")
        .await;
    env.pass_time(Duration::from_mins(5)).await;
    assert_eq!(promotions(&env), 0);

    env.annotate("pingone-aic.io/ignore-report", &format!("another, {id}"))
        .await;
    env.until_step("Locking").await;
    unreadable.remove();
    env.promoted(&company, 0).await;
    assert_eq!(
        env.operator.log().matches("ReportIgnored").count(),
        1,
        "one event, however often it is looked at"
    );
    env.check_outputs().await;
}

#[tokio::test]
async fn a_name_that_is_used_again_is_told_of() {
    let mut env = Env::start("a name is used again").await;
    let company = env.company(&THREE).await;
    env.release(&company, json!({})).await;
    env.phase("release", "Succeeded").await.unwrap();
    let before = stage(&env, "release", 0).await;
    let report = before["report"]["reportId"].as_str().unwrap().to_owned();
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.until_gone("release").await;
    let item = ConfigItem::idm("Email > Templates", "later");
    company.site("dev").tenant.console().put_item(item, "later");
    env.release(&company, json!({})).await;
    let again = env.phase("release", "Succeeded").await.unwrap();
    assert_eq!(reason(&again), "AlreadyPromoted");
    for says in ["nothing was promoted now", &report, "2026"] {
        assert!(message(&again).contains(says), "{says}: {}", message(&again));
    }
    assert!(env.operator.log().contains("AlreadyPromoted"), "a Warning event");
    assert_eq!((promotions(&env), env.violation(&company)), (2, None));
    env.check_outputs().await;
}
