//! What happens to a run: it is stopped, deleted, made again, queued, left alone for a day.

use std::time::Duration;

use pingone_aic_harness::is_condition;
use pingone_aic_simulator::Realm;
use serde_json::json;

use crate::{
    arena::{Arena, company::THREE, subject::WORKER},
    look::{promotions, reason, stage},
};

#[tokio::test]
async fn a_run_that_is_stopped_under_its_lock_gives_it_back() {
    for how in ["abort", "delete"] {
        let mut arena = Arena::start("a run that is stopped gives its lock back").await;
        let company = arena.company(&THREE).await;
        arena
            .namespace
            .apply(company.promotion("release", json!({})))
            .await
            .unwrap();
        arena.until_locked(&company, "staging").await;
        if how == "abort" {
            let abort = json!({"spec": {"abort": true}});
            arena
                .namespace
                .patch("Promotion", "release", &abort)
                .await
                .unwrap();
            let aborted = arena.phase("release", "Aborted").await.unwrap();
            assert!(is_condition(&aborted, "Stalled", "True"));
            // It is latched.
            let on = json!({"spec": {"abort": false}});
            arena.namespace.patch("Promotion", "release", &on).await.unwrap();
            arena.pass_time(Duration::from_mins(30)).await;
            arena.phase("release", "Aborted").await.unwrap();
        } else {
            arena.namespace.delete("Promotion", "release").await.unwrap();
            arena.until_gone("release").await;
        }
        assert_eq!(arena.crime(&company), None, "{how}");
        assert_eq!(promotions(&arena), 0, "{how}");
        arena.check_outputs().await;
    }
}

#[tokio::test]
async fn a_run_that_is_made_again_under_its_name_promotes_nothing_again() {
    let mut arena = Arena::start("a run that is made again").await;
    let company = arena.company(&THREE).await;
    let promotion = company.promotion("release", json!({"upTo": "staging"}));
    arena.namespace.apply(promotion.clone()).await.unwrap();
    arena.phase("release", "Gated").await.unwrap();
    arena.namespace.delete("Promotion", "release").await.unwrap();
    arena.until_gone("release").await;
    // Development goes on, and what it has by now is not what was approved.
    let item = pingone_aic_simulator::tenant::ConfigItem::idm("Email > Templates", "later");
    company.site("dev").tenant.console().put_item(item, "later");
    let other = company.promotion("other", json!({"upTo": "staging"}));
    arena.namespace.apply(other).await.unwrap();
    arena.phase("other", "Gated").await.unwrap();
    assert_eq!(stage(&arena, "other", 0).await["outcome"], "Promoted");
    let item = pingone_aic_simulator::tenant::ConfigItem::idm("Email > Templates", "latest");
    company.site("dev").tenant.console().put_item(item, "latest");
    arena.namespace.apply(promotion).await.unwrap();
    arena.phase("release", "Gated").await.unwrap();
    let again = stage(&arena, "release", 0).await;
    assert_eq!(again["outcome"], "AlreadyPromoted");
    assert_eq!(
        again["report"]["totals"]["added"], 3,
        "its own report, not the other's: {again}"
    );
    assert_eq!(promotions(&arena), 2, "the first and the other");
    arena.check_outputs().await;
}

#[tokio::test]
async fn runs_on_one_environment_come_one_after_the_other() {
    let mut arena = Arena::start("runs come one after the other").await;
    let company = arena.company(&THREE).await;
    arena
        .namespace
        .apply(company.promotion("first", json!({"upTo": "staging"})))
        .await
        .unwrap();
    arena.phase("first", "Running").await.unwrap();
    arena
        .namespace
        .apply(company.promotion("second", json!({"upTo": "staging"})))
        .await
        .unwrap();
    let queued = arena.phase("second", "Queued").await.unwrap();
    assert!(
        crate::look::message(&queued).contains("/first"),
        "{}",
        crate::look::message(&queued)
    );
    arena.phase("first", "Gated").await.unwrap();
    arena.phase("second", "Gated").await.unwrap();
    assert_eq!(stage(&arena, "second", 0).await["outcome"], "Skipped");
    assert_eq!(promotions(&arena), 1);
    let calls = arena.network.journal();
    let locks = calls.iter().filter(|call| call.is("POST", "/promotion/lock"));
    assert_eq!(locks.count(), 1, "what is skipped is not locked");
    assert_eq!(arena.crime(&company), None);
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_fault_of_configuration_is_rolled_back_once_and_an_outage_is_not() {
    let mut arena = Arena::start("a fault of configuration is rolled back").await;
    let company = arena.company(&THREE).await;
    company.site("dev").spoil(&arena.namespace).await;
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    arena.release(&company, more).await;
    let over = arena.phase("release", "RolledBack").await.unwrap();
    assert_eq!(reason(&over), "RolledBack");
    let stage = stage(&arena, "release", 0).await;
    assert_eq!(stage["rollback"]["totals"]["deleted"], 3, "{stage}");
    assert!(company.site("staging").tenant.workers(Realm::Alpha).is_empty());
    assert_eq!(arena.crime(&company), None);

    // PingOne refuses the credential: no configuration is at fault.
    let other = arena.company(&THREE).await;
    let staging = other.site("staging");
    let mut promotion = other.promotion("outage", json!({"upTo": "staging", "onFailure": "Rollback"}));
    promotion["spec"]["timeouts"] = json!({"lock": "30m", "promotion": "2h", "verification": "5m"});
    arena.namespace.apply(promotion).await.unwrap();
    arena
        .wait_until(|_| (!staging.tenant.is_locked()).then(|| "not locked".to_owned()))
        .await;
    staging.connection.disable();
    let failed = arena.phase("outage", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "VerificationFailed", "{}", failed.data["status"]);
    assert!(
        staging.tenant.workers(Realm::Alpha).contains_key(WORKER),
        "it stays promoted"
    );
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_dry_run_inspects_each_stage_up_to_the_gate_and_promotes_nothing() {
    let mut arena = Arena::start("a dry run promotes nothing").await;
    let company = arena.company(&THREE).await;
    let more = json!({"upTo": "staging", "mode": "DryRun"});
    arena
        .namespace
        .apply(company.promotion("look", more))
        .await
        .unwrap();
    arena.phase("look", "Succeeded").await.unwrap();
    let stage = stage(&arena, "look", 0).await;
    assert_eq!(
        (&stage["outcome"], &stage["dryRun"]["report"]["totals"]["added"]),
        (&json!("Inspected"), &json!(3)),
        "{stage}"
    );
    assert_eq!(promotions(&arena), 0);
    assert_eq!(arena.crime(&company), None);
    arena.check_outputs().await;
}

#[tokio::test]
async fn a_group_of_five_stages_is_gone_through_in_order() {
    let mut arena = Arena::start("a group of five stages").await;
    let stages = [
        ("dev", "Development"),
        ("uat1", "UAT"),
        ("uat2", "UAT"),
        ("staging", "Staging"),
        ("prod", "Production"),
    ];
    let company = arena.company(&stages).await;
    arena.release(&company, json!({})).await;
    arena.phase("release", "Succeeded").await.unwrap();
    for site in &company.sites {
        assert!(
            site.tenant.workers(Realm::Alpha).contains_key(WORKER),
            "{}",
            site.stage
        );
    }
    assert_eq!(promotions(&arena), 4);
    assert_eq!(arena.crime(&company), None);
    arena.check_outputs().await;
}
