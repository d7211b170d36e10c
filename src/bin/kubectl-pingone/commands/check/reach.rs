//! Whether each object is seen to, and what operators report that they cannot reach.

use std::collections::BTreeMap;

use kube::ResourceExt as _;
use pingone_aic_operator::{
    api::{Conditions, Reason, conditions::READY},
    http::{AllowList, BaseUrl},
};

use super::{good, operators::Operator, problem, unknown};
use crate::{cluster::Cluster, fleet::Fleet, tree::Node};

/// Reasons that tell of a host that is not reached, or not allowed.
const NOT_REACHED: [Reason; 6] = [
    Reason::TenantUnavailable,
    Reason::TenantRefused,
    Reason::PingOneUnavailable,
    Reason::HostNotAllowed,
    Reason::ServiceAccountRefused,
    Reason::ScopeMissing,
];

pub async fn observe(cluster: &Cluster, operators: &[Operator]) -> Vec<Node> {
    let namespace = &cluster.namespace;
    let what = "hosts";
    let fleet = match Fleet::load(cluster, false).await {
        Ok(fleet) => fleet,
        Err(failure) => return vec![unknown(what, &failure)],
    };
    let mut findings = Vec::new();
    let is_empty =
        fleet.connections.is_empty() && fleet.integrations.is_empty() && fleet.promotions.is_empty();
    let watching: Vec<_> = operators
        .iter()
        .filter(|operator| operator.watches(namespace))
        .collect();
    if !operators.is_empty() && watching.is_empty() && !is_empty {
        let message = "no operator watches this namespace: add it to the release's watchNamespaces";
        findings.push(problem(what, message));
    }
    for integration in &fleet.integrations {
        let what = format!("AICIntegration {}", integration.name_any());
        findings.extend(not_selected(&what, integration.labels(), &watching));
        if let Some(host) = not_allowed(&integration.spec.tenant.url, &watching) {
            let message = format!("{host} is on no allow-list: add it to the release's allowedTenantHosts");
            findings.push(problem(what, message));
            continue;
        }
        let conditions = integration.status.as_ref().map(|status| &status.conditions);
        findings.extend(not_reached(what, conditions));
    }
    for connection in &fleet.connections {
        let what = format!("PingOneConnection {}", connection.name_any());
        findings.extend(not_selected(&what, connection.labels(), &watching));
        let conditions = connection.status.as_ref().map(|status| &status.conditions);
        findings.extend(not_reached(what, conditions));
    }
    for run in &fleet.promotions {
        let what = format!("Promotion {}", run.name_any());
        findings.extend(not_selected(&what, run.labels(), &watching));
        let conditions = run.status.as_ref().map(|status| &status.conditions);
        findings.extend(not_reached(what, conditions));
    }
    if findings.is_empty() {
        let message = "their operator reports no host that it cannot reach";
        findings.push(good(what, if is_empty { "there are none" } else { message }));
    }
    findings
}

/// An object that the operators of its namespace leave out.
fn not_selected(what: &str, labels: &BTreeMap<String, String>, watching: &[&Operator]) -> Option<Node> {
    let is_left_out = !watching.is_empty() && !watching.iter().any(|operator| operator.selects(labels));
    is_left_out.then(|| {
        problem(
            what,
            "its labels are those of no operator's selector: correct them",
        )
    })
}

/// A tenant that no operator of this namespace may call.
fn not_allowed(url: &str, watching: &[&Operator]) -> Option<String> {
    let url = BaseUrl::parse(url, "").ok()?;
    let mut options = watching
        .iter()
        .filter_map(|operator| operator.options.as_ref().ok())
        .peekable();
    options.peek()?;
    let allows = |patterns: &[_]| AllowList::new(patterns.iter().cloned()).allows(url.host());
    let is_allowed = options.any(|options| allows(&options.allowed_tenant_hosts));
    (!is_allowed).then(|| url.host().to_string())
}

fn not_reached(what: String, conditions: Option<&Conditions>) -> Option<Node> {
    let ready = conditions?.get(READY).filter(|ready| ready.status != "True")?;
    let is_about_a_host = NOT_REACHED.iter().any(|reason| ready.reason == reason.as_str());
    is_about_a_host.then(|| problem(what, format!("{}: {}", ready.reason, ready.message)))
}
