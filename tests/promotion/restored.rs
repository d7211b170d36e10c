//! A backup of the cluster that was made in the middle of a run, and is restored when the run is over.

use std::time::Duration;

use pingone_aic_simulator::tenant::{ConfigItem, LockState};
use serde_json::json;

use crate::{
    arena::{Arena, company::THREE},
    look::{is_removed, promotions, stage},
};

#[tokio::test]
async fn a_run_that_is_restored_from_its_middle_promotes_nothing_again_and_removes_no_strangers_lock() {
    for step in ["Locking", "DryRun", "Promoting"] {
        let mut arena = Arena::start("a run that is restored from its middle").await;
        let company = arena.company(&THREE).await;
        let (development, staging) = (&company.site("dev").tenant, &company.site("staging").tenant);
        arena.release(&company, json!({"upTo": "staging"})).await;
        let saved = arena.until_step(step).await;
        arena.phase("release", "Gated").await.unwrap();

        arena.operator.kill();
        // Development goes on, so that there is something to promote; and somebody else has the lock by now.
        let item = ConfigItem::idm("Email > Templates", "later");
        development.console().put_item(item, "later");
        let theirs = staging.console().begin_lock();
        arena.advance(Duration::from_mins(5)).await;
        let finalizers = json!({"metadata": {"finalizers": saved.metadata.finalizers}});
        arena
            .namespace
            .patch("Promotion", "release", &finalizers)
            .await
            .unwrap();
        arena.write_status(&saved.data["status"]).await;
        arena.operator.start().await.unwrap();

        arena.phase("release", "Gated").await.unwrap();
        arena.pass_time(Duration::from_mins(15)).await;
        let stage = stage(&arena, "release", 0).await;
        assert_eq!(
            (&stage["step"], &stage["outcome"]),
            (&json!("Done"), &json!("Promoted")),
            "{step}: {stage}"
        );
        assert_eq!(promotions(&arena), 1, "{step}");
        assert_eq!(staging.lock_state(), LockState::Locked, "{step}");
        assert!(!is_removed(&arena, Some(&theirs)), "{step}");
        arena.check_outputs().await;
    }
}
