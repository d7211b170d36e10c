//! The resource actions, on real objects, with the operator's answer to each.

use easy_ext::ext;
use kube::core::DynamicObject;
use pingone_aic_support::{Env, company::THREE};
use serde_json::{Value, json};

use crate::{judge, states::States};

#[ext(Actions)]
pub(crate) impl Env {
    /// What a person does who chooses an action in Argo CD.
    async fn act(&self, kind: &str, name: &str, action: &str) -> Value {
        let object = self.namespace.get(kind, name).await.unwrap();
        let offered = &judge::look_at([&object])[0].actions;
        assert_eq!(offered.get(action), Some(&true), "{kind} {name}: {action}");
        let patch = judge::act(&object, action);
        self.namespace.patch(kind, name, &patch).await.unwrap();
        patch
    }
}

/// The actions that are offered.
fn offered(object: &DynamicObject) -> Vec<String> {
    let actions = judge::look_at([object]).remove(0).actions;
    let offered = actions.into_iter().filter(|(_, is_offered)| *is_offered);
    offered.map(|(action, _)| action).collect()
}

#[tokio::test]
async fn connections_and_integrations_are_checked_suspended_and_resumed() {
    let mut env = Env::start("actions on connections and integrations").await;
    let fixture = env.fixture();
    env.active(&fixture).await;
    for (kind, done) in [
        ("PingOneConnection", "CredentialAccepted"),
        ("AICIntegration", "TestPassed"),
    ] {
        let object = env.once(kind, &fixture.name, done).await;
        assert_eq!(offered(&object), ["check-now", "suspend"]);
        let patch = env.act(kind, &fixture.name, "check-now").await;
        let request = &patch["metadata"]["annotations"]["pingone-aic.io/requestedAt"];
        assert!(request.is_string(), "{patch}");
        assert_eq!(
            patch,
            json!({"metadata": {"annotations": {"pingone-aic.io/requestedAt": request}}})
        );
        env.until_object(kind, &fixture.name, |object| {
            let handled = &object.unwrap().data["status"]["lastHandledRequest"];
            (handled != request).then(|| format!("{handled} is handled"))
        })
        .await
        .unwrap();
        let patch = env.act(kind, &fixture.name, "suspend").await;
        assert_eq!(patch, json!({"spec": {"suspend": true}}));
        let suspended = env.once(kind, &fixture.name, "Suspended").await;
        assert!(offered(&suspended).contains(&"resume".to_owned()));
        env.act(kind, &fixture.name, "resume").await;
        env.once(kind, &fixture.name, done).await;
    }
}

#[tokio::test]
async fn a_run_is_let_through_stage_by_stage_paused_and_stopped() {
    const KIND: &str = "Promotion";
    let mut env = Env::start("actions on a run").await;
    let company = env.company(&THREE).await;
    let run = company.promotion("release", json!({"upTo": "dev"}));
    env.namespace.apply(run).await.unwrap();
    let gated = env.once(KIND, "release", "Gated").await;
    assert_eq!(offered(&gated), ["abort", "check-now", "raise-gate", "suspend"]);
    env.act(KIND, "release", "suspend").await;
    env.once(KIND, "release", "Suspended").await;
    let patch = env.act(KIND, "release", "raise-gate").await;
    assert_eq!(patch, json!({"spec": {"upTo": "staging"}}));
    env.once(KIND, "release", "Suspended").await;
    env.act(KIND, "release", "resume").await;
    env.once(KIND, "release", "Locking").await;
    env.once(KIND, "release", "Gated").await;
    let patch = env.act(KIND, "release", "raise-gate").await;
    assert_eq!(patch, json!({"spec": {"upTo": "prod"}}));
    let over = env.once(KIND, "release", "Succeeded").await;
    assert!(offered(&over).is_empty(), "{:?}", offered(&over));

    let other = env.company(&THREE).await;
    let run = other.promotion("stopped", json!({"upTo": "dev"}));
    env.namespace.apply(run).await.unwrap();
    env.once(KIND, "stopped", "Gated").await;
    let patch = env.act(KIND, "stopped", "abort").await;
    assert_eq!(patch, json!({"spec": {"abort": true}}));
    let aborted = env.once(KIND, "stopped", "Aborted").await;
    assert!(offered(&aborted).is_empty());
}
