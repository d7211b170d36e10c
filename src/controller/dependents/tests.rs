//! Who is woken by what.

use futures::{FutureExt, StreamExt};
use k8s_openapi::jiff::Timestamp;
use kube::runtime::{reflector, watcher::Event};
use serde_json::{Value, json};

use super::*;
use crate::api::conditions::Conclusion;

const HOST: &str = "openam-c-ew2.id.forgerock.io";

fn integration(name: &str, reason: Reason) -> AICIntegration {
    let mut integration: AICIntegration = serde_json::from_value(json!({
        "metadata": {"namespace": "n", "name": name},
        "spec": {
            "connectionRef": {"name": format!("pingone-{name}")}, "name": "Name", "realm": "alpha",
            "tenant": {
                "url": format!("https://{HOST}:443"), "environment": "Production",
                "serviceAccountSecretRef": {"name": format!("aic-{name}")},
            },
        },
    }))
    .unwrap();
    let conditions = &mut integration.status.get_or_insert_default().conditions;
    let conclusion = Conclusion::InProgress(reason, String::new());
    conditions.conclude(&conclusion, None, Timestamp::UNIX_EPOCH);
    integration
}

/// A run whose group has the integration `member`.
fn run(name: &str, phase: Option<&str>, member: &str, stages: &Value) -> Promotion {
    let order = [
        json!({"name": "lower", "integrations": []}),
        json!({"name": "upper", "integrations": [member]}),
    ];
    let mut run: Promotion = serde_json::from_value(json!({
        "metadata": {"namespace": "n", "name": name}, "spec": {"order": order, "upTo": "upper"},
    }))
    .unwrap();
    if let Some(phase) = phase {
        let status = json!({"observedGeneration": 1, "phase": phase, "stages": stages});
        run.status = Some(serde_json::from_value(status).unwrap());
    }
    run
}

fn locked(step: &str) -> Value {
    let lock = json!({"attempt": "a", "requestedAt": "2026-01-01T00:00:00Z", "id": "l"});
    json!([{"name": "upper", "step": step, "lock": lock}])
}

fn triggers(integrations: Vec<AICIntegration>, runs: Vec<Promotion>) -> Dependents {
    let (integration_store, mut integration_writer) = reflector::store();
    for integration in integrations {
        integration_writer.apply_watcher_event(&Event::Apply(integration));
    }
    let (run_store, mut run_writer) = reflector::store();
    for run in runs {
        run_writer.apply_watcher_event(&Event::Apply(run));
    }
    Dependents::new(&Clock::system(), integration_store, run_store)
}

fn due(queue: &Arc<Queue<Ref>>) -> Vec<String> {
    let next = || Box::pin(Arc::clone(queue).due()).next().now_or_never().flatten();
    let mut names: Vec<_> = std::iter::from_fn(next)
        .map(|next| next.item.name.to_string())
        .collect();
    names.sort();
    names
}

fn item(name: &str) -> Ref {
    let (namespace, name) = ("n".into(), name.into());
    Ref { namespace, name }
}

type Tell = fn(&Dependents, &Ref);

/// One run of each phase, all of them on the integration `a`, and one on another.
fn runs() -> Vec<Promotion> {
    let mut runs = vec![
        run("new", None, "a", &json!([])),
        run("other", Some("Pending"), "b", &json!([])),
        run("locking", Some("Running"), "a", &locked("Locking")),
        run("verifying", Some("Running"), "a", &locked("Verifying")),
    ];
    for phase in ["Pending", "Queued", "Gated", "Succeeded", "Failed"] {
        runs.push(run(&phase.to_lowercase(), Some(phase), "a", &json!([])));
    }
    runs
}

#[test]
fn a_run_is_woken_by_what_it_waits_for_and_one_that_has_a_lock_looks_by_itself() {
    const WAITING: &[&str] = &["gated", "new", "pending", "queued", "verifying"];
    let with_the_lock = ["gated", "locking", "new", "pending", "queued", "verifying"];
    let nobody: &[&str] = &[];
    let stranger = Ref {
        namespace: "another".into(),
        ..item("a")
    };
    // What changes, how that is told, who is woken.
    let table: [(Ref, Tell, &[&str]); 9] = [
        (item("a"), Dependents::runs_of_integration, WAITING),
        (item("b"), Dependents::runs_of_integration, &["other"]),
        (stranger, Dependents::runs_of_integration, nobody),
        (item("pingone-a"), Dependents::runs_of_connection, WAITING),
        (item("pingone-c"), Dependents::runs_of_connection, nobody),
        (item("aic-a"), Dependents::runs_of_secret, &with_the_lock),
        (item("pingone-a"), Dependents::runs_of_secret, nobody),
        (item("another"), Dependents::queued_runs, &["queued"]),
        (item("queued"), Dependents::queued_runs, nobody),
    ];
    for (index, (changed, tell, woken)) in table.into_iter().enumerate() {
        let members = vec![
            integration("a", Reason::TestPassed),
            integration("b", Reason::TestPassed),
        ];
        let triggers = triggers(members, runs());
        tell(&triggers, &changed);
        assert_eq!(due(&triggers.promotion_queue), woken, "row {index}");
        assert_eq!(due(&triggers.integration_queue), nobody, "row {index}");
    }
}

#[test]
fn who_waits_for_a_lock_is_woken_when_it_goes() {
    let members = || {
        vec![
            integration("waits", Reason::EnvironmentLocked),
            integration("works", Reason::TestPassed),
        ]
    };
    let mut waits = run("waits", Some("Pending"), "a", &json!([]));
    let conditions = &mut waits.status.get_or_insert_default().conditions;
    let locked_out = Conclusion::InProgress(Reason::EnvironmentLocked, String::new());
    conditions.conclude(&locked_out, None, Timestamp::UNIX_EPOCH);
    for (host, woken) in [(HOST, true), ("openam-other-ew2.id.forgerock.io", false)] {
        let mut runs = runs();
        runs.push(waits.clone());
        let triggers = triggers(members(), runs);
        triggers.unlocked(&[]);
        assert!(due(&triggers.promotion_queue).is_empty(), "nothing was unlocked");
        triggers.unlocked(&[host.to_owned()]);
        let names = due(&triggers.integration_queue);
        assert_eq!(names == ["waits"], woken, "{host}: {names:?}");
        // Where a run would lock is known when it does: it looks.
        assert_eq!(due(&triggers.promotion_queue), ["waits"]);
    }
}

#[test]
fn who_waits_for_what_another_claims_is_woken_when_that_is_gone() {
    let members = vec![
        integration("esv", Reason::EsvNotOwned),
        integration("worker", Reason::WorkerNotOwned),
        integration("label", Reason::LabelNotOwned),
        integration("works", Reason::TestPassed),
    ];
    let triggers = triggers(members, runs());
    triggers.waiting_claimants();
    assert_eq!(due(&triggers.integration_queue), ["esv", "label", "worker"]);
}
