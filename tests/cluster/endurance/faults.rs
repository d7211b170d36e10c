//! A fault that passes: `Ready` says that the operator tries again, and nothing that was known is taken back.

use std::time::Duration;

use pingone_aic_simulator::{Fault, Rule};
use pingone_aic_support::{API_SERVER, Env, fixture::Fixture, is_done};
use serde_json::Value;

use crate::endurance::Passing;

const STEP: Duration = Duration::from_secs(20);

/// All conditions but those that say what the operator is about, with the times of their last changes.
async fn known(env: &Env, fixture: &Fixture) -> Vec<Value> {
    let mut known = Vec::new();
    for kind in ["PingOneConnection", "AICIntegration"] {
        let object = env.namespace.get(kind, &fixture.name).await.unwrap();
        let conditions = object.data["status"]["conditions"].as_array().unwrap();
        let tells = |condition: &&Value| {
            let type_ = condition["type"].as_str().unwrap();
            !["Ready", "Reconciling", "Stalled"].contains(&type_)
        };
        known.extend(conditions.iter().filter(tells).cloned());
    }
    known
}

#[tokio::test]
async fn a_fault_of_any_kind_changes_ready_alone() {
    let mut env = Env::start("a fault changes Ready alone").await;
    let fixture = env.fixture();
    let credential = env.active(&fixture).await;
    let secret = |name: &str| {
        let path = format!("/secrets/{name}-{}", fixture.name);
        Rule::on(API_SERVER).method("GET").path_contains(&path)
    };
    for (what, rule) in [
        ("the credential's Secret", secret("pingone")),
        ("the service account's Secret", secret("aic")),
        ("the tenant", Rule::on(fixture.tenant.host())),
        ("PingOne", Rule::on("api.pingone.eu")),
    ] {
        let before = known(&env, &fixture).await;
        assert!(before.len() > 4, "{before:?}");
        let fault = env.network.fault(rule, Fault::status(500));
        env.pass(Duration::from_mins(21), STEP).await;
        assert!(fault.hits() > 0, "{what} is asked");
        assert_eq!(known(&env, &fixture).await, before, "{what}");
        fault.remove();
        env.until(&fixture, |object| is_done(object, &credential.id).err())
            .await
            .unwrap();
    }
    env.check_outputs().await;
}
