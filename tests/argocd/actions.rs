//! The resource actions, on real objects, with the operator's answer to each.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::{arena::Arena, arena::company::THREE, judge};

impl Arena {
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
    let mut arena = Arena::start("actions on connections and integrations").await;
    let subject = arena.subject();
    arena.active(&subject).await;
    for (kind, done) in [
        ("PingOneConnection", "CredentialAccepted"),
        ("AICIntegration", "TestPassed"),
    ] {
        let object = arena.once(kind, &subject.name, done).await;
        assert_eq!(offered(&object), ["check-now", "suspend"]);
        let patch = arena.act(kind, &subject.name, "check-now").await;
        let request = &patch["metadata"]["annotations"]["pingone-aic.io/requestedAt"];
        assert!(request.is_string(), "{patch}");
        assert_eq!(
            patch,
            json!({"metadata": {"annotations": {"pingone-aic.io/requestedAt": request}}})
        );
        arena
            .until_object(kind, &subject.name, |object| {
                let handled = &object.unwrap().data["status"]["lastHandledRequest"];
                (handled != request).then(|| format!("{handled} is handled"))
            })
            .await
            .unwrap();
        let patch = arena.act(kind, &subject.name, "suspend").await;
        assert_eq!(patch, json!({"spec": {"suspend": true}}));
        let suspended = arena.once(kind, &subject.name, "Suspended").await;
        assert!(offered(&suspended).contains(&"resume".to_owned()));
        arena.act(kind, &subject.name, "resume").await;
        arena.once(kind, &subject.name, done).await;
    }
}

#[tokio::test]
async fn a_run_is_let_through_stage_by_stage_paused_and_stopped() {
    const KIND: &str = "Promotion";
    let mut arena = Arena::start("actions on a run").await;
    let company = arena.company(&THREE).await;
    let run = company.promotion("release", json!({"upTo": "dev"}));
    arena.namespace.apply(run).await.unwrap();
    let gated = arena.once(KIND, "release", "Gated").await;
    assert_eq!(offered(&gated), ["abort", "check-now", "raise-gate", "suspend"]);
    arena.act(KIND, "release", "suspend").await;
    arena.once(KIND, "release", "Suspended").await;
    let patch = arena.act(KIND, "release", "raise-gate").await;
    assert_eq!(patch, json!({"spec": {"upTo": "staging"}}));
    arena.once(KIND, "release", "Suspended").await;
    arena.act(KIND, "release", "resume").await;
    arena.once(KIND, "release", "Locking").await;
    arena.once(KIND, "release", "Gated").await;
    let patch = arena.act(KIND, "release", "raise-gate").await;
    assert_eq!(patch, json!({"spec": {"upTo": "prod"}}));
    let over = arena.once(KIND, "release", "Succeeded").await;
    assert!(offered(&over).is_empty(), "{:?}", offered(&over));

    let other = arena.company(&THREE).await;
    let run = other.promotion("stopped", json!({"upTo": "dev"}));
    arena.namespace.apply(run).await.unwrap();
    arena.once(KIND, "stopped", "Gated").await;
    let patch = arena.act(KIND, "stopped", "abort").await;
    assert_eq!(patch, json!({"spec": {"abort": true}}));
    let aborted = arena.once(KIND, "stopped", "Aborted").await;
    assert!(offered(&aborted).is_empty());
}
