//! A run that waits is woken by what it waits for: nobody moves the clock for it.

use std::time::Duration;

use easy_ext::ext;
use kube::core::DynamicObject;
use pingone_aic_simulator::tenant::Times;
use pingone_aic_support::{
    Env, STEP,
    company::{Company, SCOPES, THREE},
};
use serde_json::{Value, json};

use crate::promotion::look::Steps;

/// How long nothing may come of a change before it is taken for lost. A poll would come later.
const SOON: Duration = Duration::from_secs(30);
/// In sum as long as a stage is looked at every five seconds.
const TIMES: Times = Times {
    lock: Duration::from_secs(20),
    dry_run: Duration::from_secs(20),
    promotion: Duration::from_mins(1),
    unlock: Duration::from_secs(20),
};

#[tokio::test]
async fn a_whole_group_that_is_applied_at_once_is_promoted_in_the_vendors_own_time() {
    let mut env = Env::start("a whole group is applied at once").await;
    let company = company(&env, "whole");
    // The run first, so that all that it waits for comes after it.
    let run = company.promotion("release", json!({"upTo": "prod"}));
    env.namespace.apply(run).await.unwrap();
    company.apply(&env.namespace).await;
    env.is_under_way("release").await;

    let vendors = 2 * (TIMES.lock + TIMES.dry_run + TIMES.promotion + TIMES.unlock);
    // Each of four steps is seen at most one look too late, and the clock is moved by as much.
    let at_most = vendors + 2 * 4 * 2 * STEP;
    let mut moved = Duration::ZERO;
    while env.phase_of("release").await != "Succeeded" {
        moved += env.step().await;
        assert!(moved <= at_most, "{moved:?} of the vendor's {vendors:?}");
    }
    for site in &company.sites {
        let is_active = |object: &DynamicObject| pingone_aic_harness::is_condition(object, "Active", "True");
        let active = env
            .namespace
            .wait_for("AICIntegration", &site.name, "to be Active", SOON, is_active);
        active.await.unwrap();
    }
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}

#[tokio::test]
async fn a_run_without_its_service_account_begins_when_the_secret_is_there() {
    let mut env = Env::start("a run without its service account").await;
    let company = env.company(&THREE).await;
    let staging = company.site("staging");
    let secret = format!("aic-{}", staging.name);
    let namespace = env.namespace.name();
    let delete = ["delete", "secret", &secret, "--namespace", namespace];
    env.namespace.control_plane().kubectl(&delete).await.unwrap();
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_reason("release", "SecretNotFound").await;

    let account = staging.tenant.create_service_account("operator", &SCOPES);
    let data = [
        ("serviceAccountId", account.id.as_str()),
        ("jwk", account.jwk.as_str()),
    ];
    env.namespace.secret(&secret, &data).await.unwrap();
    env.is_under_way("release").await;
    env.promoted(&company, 0).await;
    env.check_outputs().await;
}

/// A company of which nothing is applied yet.
fn company(env: &Env, name: &str) -> Company {
    let company = Company::named(&env.network, name, &THREE);
    company.group.set_times(TIMES);
    company
}

#[ext(Phases)]
pub(crate) impl Env {
    /// Waits, by nobody's clock, until a run has asked for its first lock.
    async fn is_under_way(&self, name: &str) {
        let has_begun = |run: &DynamicObject| !run.data["status"]["stages"][0]["lock"].is_null();
        let begun = self
            .namespace
            .wait_for("Promotion", name, "to ask for its lock", SOON, has_begun);
        begun.await.unwrap();
    }

    async fn phase_of(&self, name: &str) -> Value {
        let run = self.namespace.get("Promotion", name).await.unwrap();
        run.data["status"]["phase"].clone()
    }
}
