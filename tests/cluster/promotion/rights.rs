//! What the chart grants is what the operator uses: no right is missing, and none is there for nothing.

use std::{collections::BTreeSet, time::Duration};

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::{Api, api::ListParams};
use pingone_aic_simulator::Exchange;
use pingone_aic_support::API_SERVER;
use serde_json::json;

use crate::promotion::leaders::{Replicas, wait};

/// API group, resource with its subresource, verb.
type Right = (String, String, String);

/// The right that a call to the API server needs; none if it asks for no object.
fn used(call: &Exchange) -> Option<Right> {
    let parts: Vec<_> = call.path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _version, rest @ ..] => ("", rest),
        ["apis", group, _version, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let rest = match rest {
        ["namespaces", _namespace, rest @ ..] => rest,
        rest => rest,
    };
    let (resource, is_named) = match rest {
        [resource] => ((*resource).to_owned(), false),
        [resource, _name] => ((*resource).to_owned(), true),
        [resource, _name, subresource] => (format!("{resource}/{subresource}"), true),
        _ => return None,
    };
    let watches = call
        .query
        .iter()
        .any(|(name, value)| name == "watch" && value == "true");
    let verb = match call.method.as_str() {
        "GET" if is_named => "get",
        "GET" if watches => "watch",
        "GET" => "list",
        "POST" => "create",
        "PATCH" => "patch",
        "PUT" => "update",
        other => other,
    };
    Some((group.to_owned(), resource, verb.to_owned()))
}

fn granted(rules: &[PolicyRule]) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for rule in rules {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for verb in &rule.verbs {
                    rights.insert((group.clone(), resource.clone(), verb.clone()));
                }
            }
        }
    }
    rights
}

#[tokio::test]
async fn the_chart_grants_what_the_operator_uses_and_nothing_else() {
    let replicas = Replicas::start("what the chart grants").await;
    replicas.promote().await;
    replicas.gated().await;
    let (namespace, site) = (&replicas.namespace, replicas.company.site("dev"));
    let within = Duration::from_mins(1);
    for (suspend, reason) in [(true, "Suspended"), (false, "TestPassed")] {
        let spec = json!({"spec": {"suspend": suspend, "deletionPolicy": "Delete"}});
        namespace
            .patch("AICIntegration", &site.name, &spec)
            .await
            .unwrap();
        let what = format!("to be {reason}");
        namespace
            .wait_for("AICIntegration", &site.name, &what, within, |object| {
                let conditions = object.data["status"]["conditions"].as_array();
                conditions
                    .into_iter()
                    .flatten()
                    .any(|it| it["type"] == "Ready" && it["reason"] == reason)
            })
            .await
            .unwrap();
    }
    let gone = [
        "delete",
        "aicintegration",
        &site.name,
        "--namespace",
        namespace.name(),
        "--timeout=60s",
    ];
    namespace.control_plane().kubectl(&gone).await.unwrap();

    // A leader renews its lease every ten seconds, and all of this may take less.
    let is_renewal = |call: &Exchange| call.method == "PUT" && call.path.contains("/leases/");
    wait("the lease is renewed", || {
        replicas.network.journal().iter().any(is_renewal)
    })
    .await;

    let mut rights = BTreeSet::new();
    let mine = ListParams::default().labels(&format!(
        "app.kubernetes.io/instance={}",
        replicas.leader.release()
    ));
    for role in Api::<ClusterRole>::all(namespace.client())
        .list(&mine)
        .await
        .unwrap()
    {
        rights.extend(granted(&role.rules.unwrap_or_default()));
    }
    let roles: Api<Role> = Api::namespaced(namespace.client(), namespace.name());
    for role in roles.list(&mine).await.unwrap() {
        rights.extend(granted(&role.rules.unwrap_or_default()));
    }
    let calls: Vec<_> = replicas
        .network
        .journal()
        .into_iter()
        .filter(|call| call.host == API_SERVER)
        .collect();
    let refused: Vec<_> = calls
        .iter()
        .filter(|call| call.status == Some(403))
        .map(ToString::to_string)
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
    let used: BTreeSet<_> = calls.iter().filter_map(used).collect();
    let (idle, missing): (Vec<_>, Vec<_>) = (
        rights.difference(&used).collect(),
        used.difference(&rights).collect(),
    );
    assert!(
        idle.is_empty() && missing.is_empty(),
        "granted for nothing: {idle:?}; not granted: {missing:?}"
    );
}
