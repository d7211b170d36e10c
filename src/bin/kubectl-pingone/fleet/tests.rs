use serde_json::json;

use super::*;

fn run(name: &str, created: &str, stages: &[(&str, &str)]) -> Promotion {
    let order: Vec<_> = stages
        .iter()
        .map(|(stage, integration)| json!({"name": stage, "integrations": [integration]}))
        .collect();
    serde_json::from_value(json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion",
        "metadata": {"name": name, "namespace": "one", "creationTimestamp": created},
        "spec": {"order": order, "upTo": stages[0].0},
    }))
    .unwrap()
}

fn integration(name: &str, connection: &str) -> AICIntegration {
    serde_json::from_value(json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration",
        "metadata": {"name": name, "namespace": "one"},
        "spec": {
            "connectionRef": {"name": connection}, "realm": "alpha",
            "tenant": {
                "url": "https://a.example.com", "environment": "Sandbox",
                "serviceAccountSecretRef": {"name": "aic"},
            },
        },
    }))
    .unwrap()
}

fn connection(name: &str, namespace: &str) -> PingOneConnection {
    serde_json::from_value(json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"credentialSecretRef": {"name": "jwt"}, "environment": {"name": "env"}},
    }))
    .unwrap()
}

#[test]
fn runs_that_share_an_integration_are_one_group_and_nothing_is_left_out() {
    let fleet = Fleet {
        connections: shared(vec![
            connection("dev", "one"),
            connection("new", "one"),
            connection("dev", "two"),
        ]),
        integrations: shared(vec![integration("a-dev", "dev"), integration("sandbox", "dev")]),
        promotions: shared(vec![
            run(
                "b-1",
                "2026-01-03T00:00:00Z",
                &[("dev", "b-dev"), ("prod", "b-prod")],
            ),
            run(
                "a-1",
                "2026-01-01T00:00:00Z",
                &[("dev", "a-dev"), ("prod", "a-prod")],
            ),
            run(
                "a-2",
                "2026-01-02T00:00:00Z",
                &[("dev", "a-dev"), ("prod", "a-prod")],
            ),
        ]),
    };
    let shown: Vec<_> = fleet
        .groups()
        .iter()
        .map(|group| {
            let members = group.environments.iter().flat_map(|it| &it.integrations);
            let members: Vec<_> = members
                .map(|it| (it.name.clone(), it.connection.is_some()))
                .collect();
            let runs: Vec<_> = group.runs.iter().map(|run| run.name_any()).collect();
            let unused: Vec<_> = group.unused.iter().map(|it| it.name_any()).collect();
            (group.namespace.clone(), members, runs, unused)
        })
        .collect();
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let members = |members: &[(&str, bool)]| -> Vec<(String, bool)> {
        members
            .iter()
            .map(|(name, is)| ((*name).to_owned(), *is))
            .collect()
    };
    let one = || "one".to_owned();
    assert_eq!(
        shown,
        [
            (
                one(),
                members(&[("a-dev", true), ("a-prod", false)]),
                names(&["a-2", "a-1"]),
                names(&[])
            ),
            (
                one(),
                members(&[("b-dev", false), ("b-prod", false)]),
                names(&["b-1"]),
                names(&[])
            ),
            (one(), members(&[("sandbox", true)]), names(&[]), names(&["new"])),
            ("two".to_owned(), members(&[]), names(&[]), names(&["dev"])),
        ]
    );
}
