//! What happens to a run: it is stopped, deleted, made again, queued, left alone for a day.

use std::time::Duration;

use pingone_aic_harness::is_condition;
use pingone_aic_simulator::Realm;
use pingone_aic_support::{Env, company::THREE, fixture::WORKER};
use serde_json::json;

use crate::promotion::look::{Steps, promotions, reason, stage};

#[tokio::test]
async fn a_run_that_is_stopped_under_its_lock_gives_it_back() {
    for how in ["abort", "delete"] {
        let mut env = Env::start("a run that is stopped gives its lock back").await;
        let company = env.company(&THREE).await;
        env.namespace
            .apply(company.promotion("release", json!({})))
            .await
            .unwrap();
        env.until_locked(&company, "staging").await;
        if how == "abort" {
            let abort = json!({"spec": {"abort": true}});
            env.namespace.patch("Promotion", "release", &abort).await.unwrap();
            let aborted = env.phase("release", "Aborted").await.unwrap();
            assert!(is_condition(&aborted, "Stalled", "True"));
            // It is latched.
            let on = json!({"spec": {"abort": false}});
            env.namespace.patch("Promotion", "release", &on).await.unwrap();
            env.pass_time(Duration::from_mins(30)).await;
            env.phase("release", "Aborted").await.unwrap();
        } else {
            env.namespace.delete("Promotion", "release").await.unwrap();
            env.until_gone("release").await;
        }
        assert_eq!(env.violation(&company), None, "{how}");
        assert_eq!(promotions(&env), 0, "{how}");
        env.check_outputs().await;
    }
}

#[tokio::test]
async fn a_run_that_is_made_again_under_its_name_promotes_nothing_again() {
    let mut env = Env::start("a run that is made again").await;
    let company = env.company(&THREE).await;
    let promotion = company.promotion("release", json!({"upTo": "staging"}));
    env.namespace.apply(promotion.clone()).await.unwrap();
    env.phase("release", "Gated").await.unwrap();
    env.namespace.delete("Promotion", "release").await.unwrap();
    env.until_gone("release").await;
    // Development goes on, and what it has by now is not what was approved.
    let item = pingone_aic_simulator::tenant::ConfigItem::idm("Email > Templates", "later");
    company.site("dev").tenant.console().put_item(item, "later");
    let other = company.promotion("other", json!({"upTo": "staging"}));
    env.namespace.apply(other).await.unwrap();
    env.phase("other", "Gated").await.unwrap();
    assert_eq!(stage(&env, "other", 0).await["outcome"], "Promoted");
    let item = pingone_aic_simulator::tenant::ConfigItem::idm("Email > Templates", "latest");
    company.site("dev").tenant.console().put_item(item, "latest");
    env.namespace.apply(promotion).await.unwrap();
    env.phase("release", "Gated").await.unwrap();
    let again = stage(&env, "release", 0).await;
    assert_eq!(again["outcome"], "AlreadyPromoted");
    assert_eq!(
        again["report"]["totals"]["added"], 3,
        "its own report, not the other's: {again}"
    );
    assert_eq!(promotions(&env), 2, "the first and the other");
    env.check_outputs().await;
}

#[tokio::test]
async fn runs_on_one_environment_come_one_after_the_other() {
    let mut env = Env::start("runs come one after the other").await;
    let company = env.company(&THREE).await;
    env.namespace
        .apply(company.promotion("first", json!({"upTo": "staging"})))
        .await
        .unwrap();
    env.phase("first", "Running").await.unwrap();
    env.namespace
        .apply(company.promotion("second", json!({"upTo": "staging"})))
        .await
        .unwrap();
    let queued = env.phase("second", "Queued").await.unwrap();
    assert!(
        crate::promotion::look::message(&queued).contains("/first"),
        "{}",
        crate::promotion::look::message(&queued)
    );
    env.phase("first", "Gated").await.unwrap();
    env.phase("second", "Gated").await.unwrap();
    assert_eq!(stage(&env, "second", 0).await["outcome"], "Skipped");
    assert_eq!(promotions(&env), 1);
    let calls = env.network.journal();
    let locks = calls.iter().filter(|call| call.is("POST", "/promotion/lock"));
    assert_eq!(locks.count(), 1, "what is skipped is not locked");
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_fault_of_configuration_is_rolled_back_once_and_an_outage_is_not() {
    let mut env = Env::start("a fault of configuration is rolled back").await;
    let company = env.company(&THREE).await;
    company.site("dev").spoil(&env.namespace).await;
    let more = json!({"upTo": "staging", "onFailure": "Rollback"});
    env.release(&company, more).await;
    let over = env.phase("release", "RolledBack").await.unwrap();
    assert_eq!(reason(&over), "RolledBack");
    let stage = stage(&env, "release", 0).await;
    assert_eq!(stage["rollback"]["totals"]["deleted"], 3, "{stage}");
    assert!(company.site("staging").tenant.workers(Realm::Alpha).is_empty());
    assert_eq!(env.violation(&company), None);

    // PingOne refuses the credential: no configuration is at fault.
    let other = env.company(&THREE).await;
    let staging = other.site("staging");
    let mut promotion = other.promotion("outage", json!({"upTo": "staging", "onFailure": "Rollback"}));
    promotion["spec"]["timeouts"] = json!({"lock": "30m", "promotion": "2h", "verification": "5m"});
    env.namespace.apply(promotion).await.unwrap();
    env.wait_until(|_| (!staging.tenant.is_locked()).then(|| "not locked".to_owned()))
        .await;
    staging.connection.disable();
    let failed = env.phase("outage", "Failed").await.unwrap();
    assert_eq!(reason(&failed), "VerificationFailed", "{}", failed.data["status"]);
    assert!(
        staging.tenant.workers(Realm::Alpha).contains_key(WORKER),
        "it stays promoted"
    );
    env.check_outputs().await;
}

#[tokio::test]
async fn a_dry_run_inspects_each_stage_up_to_the_gate_and_promotes_nothing() {
    let mut env = Env::start("a dry run promotes nothing").await;
    let company = env.company(&THREE).await;
    let more = json!({"upTo": "staging", "mode": "DryRun"});
    env.namespace
        .apply(company.promotion("look", more))
        .await
        .unwrap();
    env.phase("look", "Succeeded").await.unwrap();
    let stage = stage(&env, "look", 0).await;
    assert_eq!(
        (&stage["outcome"], &stage["dryRun"]["report"]["totals"]["added"]),
        (&json!("Inspected"), &json!(3)),
        "{stage}"
    );
    assert_eq!(promotions(&env), 0);
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_group_of_five_stages_is_gone_through_in_order() {
    let mut env = Env::start("a group of five stages").await;
    let stages = [
        ("dev", "Development"),
        ("uat1", "UAT"),
        ("uat2", "UAT"),
        ("staging", "Staging"),
        ("prod", "Production"),
    ];
    let company = env.company(&stages).await;
    env.release(&company, json!({})).await;
    env.phase("release", "Succeeded").await.unwrap();
    for site in &company.sites {
        assert!(
            site.tenant.workers(Realm::Alpha).contains_key(WORKER),
            "{}",
            site.stage
        );
    }
    assert_eq!(promotions(&env), 4);
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}
