//! Reports as the platform may write them: other sections, no names, one date for all; and reports that cannot be read.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Rule, tenant::ConfigItem};
use serde_json::json;

use crate::{
    arena::{Arena, company::THREE},
    look::{message, promotions, reason, stage},
};

#[tokio::test]
async fn a_change_in_another_section_is_promoted() {
    for content in [
        json!([{"configItem": "Something", "configChange": {"added": [{"uid": "without a name"}]}}]),
        json!({"changed": 1}),
    ] {
        let mut arena = Arena::start("a change in another section").await;
        let company = arena.company(&THREE).await;
        arena.release(&company, json!({"upTo": "staging"})).await;
        arena.phase("release", "Gated").await.unwrap();
        // Nothing but that section tells of what waits to be promoted now.
        let staging = &company.site("staging").tenant;
        staging.add_to_next_report("OtherConfig", content);
        let provisional = Rule::on(company.site("dev").tenant.host()).path_contains("/report/provisional");
        arena.network.fault(provisional, Fault::status(500));
        let again = company.promotion("again", json!({"upTo": "staging"}));
        arena.namespace.apply(again).await.unwrap();
        arena.phase("again", "Gated").await.unwrap();
        let stage = stage(&arena, "again", 0).await;
        assert_eq!(stage["outcome"], "Promoted", "{stage}");
        let totals = &stage["dryRun"]["report"]["totals"];
        let changes = ["added", "modified"].map(|change| totals[change].as_i64().unwrap());
        assert_eq!(changes.iter().sum::<i64>(), 1, "{stage}");
        assert_eq!(promotions(&arena), 2);
        arena.check_outputs().await;
    }
}

#[tokio::test]
async fn of_reports_of_one_date_the_platform_says_which_is_the_last() {
    let mut arena = Arena::start("reports of one date").await;
    let company = arena.company(&THREE).await;
    company.site("dev").spoil(&arena.namespace).await;
    let staging = &company.site("staging").tenant;
    company.group.set_newest_report_first(false);
    staging.date_reports("2026-01-01T00:00:00Z".parse().unwrap());
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    arena.release(&company, more).await;
    arena.until_reason("release", "Verifying").await;
    let item = ConfigItem::idm("Email > Templates", "theirs");
    company.site("dev").tenant.console().put_item(item, "a change");
    staging.console().begin_lock();
    arena.network.clock().advance(Duration::from_mins(3));
    staging.console().begin_promotion("theirs");
    arena.network.clock().advance(Duration::from_mins(15));
    let failed = arena.phase("release", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "RollbackNotOurs", "{}", message(&failed));
    assert_eq!(arena.crime(&company), None);
    arena.check_outputs().await;
}

/// Promoted and rolled back within one minute, and listed in the other order: it is rolled back.
#[tokio::test]
async fn a_rollback_of_the_same_minute_is_newer_than_its_promotion() {
    let mut arena = Arena::start("a rollback of the same minute").await;
    let company = arena.company(&THREE).await;
    company.site("dev").spoil(&arena.namespace).await;
    company.group.set_newest_report_first(false);
    company
        .site("staging")
        .tenant
        .date_reports("2026-01-01T00:00:00Z".parse().unwrap());
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    arena.release(&company, more.clone()).await;
    arena.phase("release", "RolledBack").await.unwrap();
    arena.namespace.delete("Promotion", "release").await.unwrap();
    arena.until_gone("release").await;
    arena.release(&company, more).await;
    arena.phase("release", "RolledBack").await.unwrap();
    assert_eq!((promotions(&arena), arena.crime(&company)), (1, None));
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_person_can_have_a_run_go_on_without_a_report_that_cannot_be_read() {
    let mut arena = Arena::start("a report that cannot be read").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    staging.console().begin_lock();
    arena.network.clock().advance(Duration::from_mins(3));
    staging.console().begin_promotion("theirs");
    arena.network.clock().advance(Duration::from_mins(15));
    let reports = Rule::on(staging.host()).path_contains("/promotion/report/");
    let unreadable = arena.network.fault(reports, Fault::Garbage);
    let item = ConfigItem::idm("Email > Templates", "ours");
    company.site("dev").tenant.console().put_item(item, "a change");
    arena.release(&company, json!({"upTo": "staging"})).await;
    let held_up = arena.until_reason("release", "TenantUnavailable").await;
    let says = message(&held_up);
    let (_, id) = says.split_once("pingone-aic.io/ignore-report: ").unwrap();
    let id = id.split(' ').next().unwrap().to_owned();
    arena.pass_time(Duration::from_mins(30)).await;
    assert_eq!(promotions(&arena), 0, "nobody knows whose it is");
    arena
        .annotate("pingone-aic.io/ignore-report", "another, and-another")
        .await;
    arena.pass_time(Duration::from_mins(5)).await;
    assert_eq!(promotions(&arena), 0);

    arena
        .annotate("pingone-aic.io/ignore-report", &format!("another, {id}"))
        .await;
    arena.until_step("Locking").await;
    unreadable.remove();
    arena.promoted(&company, 0).await;
    assert_eq!(
        arena.operator.log().matches("ReportIgnored").count(),
        1,
        "one event, however often it is looked at"
    );
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_name_that_is_used_again_is_told_of() {
    let mut arena = Arena::start("a name is used again").await;
    let company = arena.company(&THREE).await;
    arena.release(&company, json!({})).await;
    arena.phase("release", "Succeeded").await.unwrap();
    let before = stage(&arena, "release", 0).await;
    let report = before["report"]["reportId"].as_str().unwrap().to_owned();
    arena.namespace.delete("Promotion", "release").await.unwrap();
    arena.until_gone("release").await;
    let item = ConfigItem::idm("Email > Templates", "later");
    company.site("dev").tenant.console().put_item(item, "later");
    arena.release(&company, json!({})).await;
    let again = arena.phase("release", "Succeeded").await.unwrap();
    assert_eq!(reason(&again), "AlreadyPromoted");
    for says in ["nothing was promoted now", &report, "2026"] {
        assert!(message(&again).contains(says), "{says}: {}", message(&again));
    }
    assert!(
        arena.operator.log().contains("AlreadyPromoted"),
        "a Warning event"
    );
    assert_eq!((promotions(&arena), arena.crime(&company)), (2, None));
    arena.check_outputs().await;
}
