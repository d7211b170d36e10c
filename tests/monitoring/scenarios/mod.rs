//! What the operator lives through, on tape.

mod integrations;
mod locks;
mod operator;
mod runs;

use futures::future::{LocalBoxFuture, join_all};
use pingone_aic_harness::condition;
use pingone_aic_support::{Env, company::Company};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::tape::{Alert, JOB, MINUTE, Tape};

/// All of them, side by side: each mostly waits, and has an environment of its own. They are recorded once.
pub async fn all() -> &'static [Tape] {
    static TAPES: OnceCell<Vec<Tape>> = OnceCell::const_new();
    let record = || {
        let scenarios: Vec<LocalBoxFuture<'_, Tape>> = vec![
            Box::pin(runs::failed()),
            Box::pin(runs::not_proved()),
            Box::pin(runs::held()),
            Box::pin(locks::overdue()),
            Box::pin(locks::nobodys()),
            Box::pin(locks::unrecorded()),
            Box::pin(locks::somebody_elses()),
            Box::pin(integrations::lost()),
            Box::pin(integrations::failing()),
            Box::pin(integrations::refused()),
            Box::pin(integrations::drifted()),
            Box::pin(integrations::not_served()),
            Box::pin(integrations::left_behind()),
            Box::pin(integrations::without_credentials()),
            Box::pin(operator::vendor_down()),
            Box::pin(operator::slow()),
            Box::pin(operator::blind()),
            Box::pin(operator::gone()),
            Box::pin(operator::leaderless()),
            Box::pin(operator::led_by_another()),
            Box::pin(operator::standing_still()),
            Box::pin(operator::outdated()),
        ];
        join_all(scenarios)
    };
    TAPES.get_or_init(record).await
}

/// An operator that names no objects in its metrics, for no alert needs that.
async fn start(sentence: &str) -> Env {
    Env::start(sentence).await
}

/// One that does, for the dashboard.
async fn start_named(sentence: &str) -> Env {
    Env::start_with(sentence, json!({"metrics": {"perObject": true}})).await
}

/// Whether an object's `Ready` has this reason.
async fn is(env: &Env, kind: &str, name: &str, reason: &str) -> bool {
    let object = env.namespace.get(kind, name).await.unwrap();
    condition(&object, "Ready")["reason"] == reason
}

/// Begins a run.
async fn run(env: &Env, company: &Company, name: &str, spec: Value) {
    let run = company.promotion(name, spec);
    env.namespace.apply(run).await.unwrap();
}

/// Changes a spec.
async fn change(env: &Env, kind: &str, name: &str, spec: Value) {
    let patch = json!({"spec": spec});
    env.namespace.patch(kind, name, &patch).await.unwrap();
}
