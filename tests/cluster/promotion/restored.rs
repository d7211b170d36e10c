//! A backup of the cluster that was made in the middle of a run, and is restored when the run is over.

use std::time::Duration;

use pingone_aic_simulator::tenant::{ConfigItem, LockState};
use pingone_aic_support::{Env, company::THREE};
use serde_json::json;

use crate::promotion::look::{Steps, is_removed, promotions, stage};

#[tokio::test]
async fn a_run_that_is_restored_from_its_middle_promotes_nothing_again_and_removes_no_strangers_lock() {
    for step in ["Locking", "DryRun", "Promoting"] {
        let mut env = Env::start("a run that is restored from its middle").await;
        let company = env.company(&THREE).await;
        let (development, staging) = (&company.site("dev").tenant, &company.site("staging").tenant);
        env.release(&company, json!({"upTo": "staging"})).await;
        let saved = env.until_step(step).await;
        env.phase("release", "Gated").await.unwrap();

        env.operator.kill();
        // Development goes on, so that there is something to promote; and somebody else has the lock by now.
        let item = ConfigItem::idm("Email > Templates", "later");
        development.console().put_item(item, "later");
        let theirs = staging.console().begin_lock();
        env.advance(Duration::from_mins(5)).await;
        let finalizers = json!({"metadata": {"finalizers": saved.metadata.finalizers}});
        env.namespace
            .patch("Promotion", "release", &finalizers)
            .await
            .unwrap();
        env.write_status(&saved.data["status"]).await;
        env.operator.start().await.unwrap();

        env.phase("release", "Gated").await.unwrap();
        env.pass_time(Duration::from_mins(15)).await;
        let stage = stage(&env, "release", 0).await;
        assert_eq!(
            (&stage["step"], &stage["outcome"]),
            (&json!("Done"), &json!("Promoted")),
            "{step}: {stage}"
        );
        assert_eq!(promotions(&env), 1, "{step}");
        assert_eq!(staging.lock_state(), LockState::Locked, "{step}");
        assert!(!is_removed(&env, Some(&theirs)), "{step}");
        env.check_outputs().await;
    }
}
