//! Whether an operator has the rights that it needs, as the API server itself judges.

use futures::{StreamExt as _, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::{Api, api::PostParams};

use super::{good, operators::Operator, problem, unknown};
use crate::{cluster::Cluster, failure::Failure, tree::Node};

/// Questions at a time.
const AT_ONCE: usize = 8;

/// Group, resource, subresource and verbs in each watched namespace, as the chart grants them.
const RIGHTS: [(&str, &str, &str, &[&str]); 8] = [
    (OURS, "pingoneconnections", "", &["list", "watch"]),
    (OURS, "aicintegrations", "", &["get", "list", "watch", "patch"]),
    (OURS, "promotions", "", &["get", "list", "watch", "patch"]),
    (OURS, "pingoneconnections", "status", &["patch"]),
    (OURS, "aicintegrations", "status", &["patch"]),
    (OURS, "promotions", "status", &["patch"]),
    ("", "secrets", "", &["get", "list", "watch"]),
    ("events.k8s.io", "events", "", &["create"]),
];
const OURS: &str = "pingone-aic.io";

/// One finding a namespace.
pub async fn observe(cluster: &Cluster, operator: &Operator) -> Vec<Node> {
    let Ok(options) = &operator.options else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let everywhere = [String::new()];
    let watched = if options.watch_namespaces.is_empty() {
        &everywhere[..]
    } else {
        &options.watch_namespaces
    };
    for namespace in watched {
        let needed = RIGHTS.iter().flat_map(|(group, resource, subresource, verbs)| {
            verbs
                .iter()
                .map(move |verb| attributes(namespace, group, resource, subresource, verb))
        });
        let place = if namespace.is_empty() {
            "all namespaces"
        } else {
            namespace
        };
        let place = format!("in {place}");
        findings.push(decide(cluster, operator, &place, needed.collect()).await);
    }
    if let (true, Some(namespace)) = (options.leader_elect, &options.lease_namespace) {
        let needed = ["create", "get", "update"].map(|verb| {
            let of_name = Some(options.lease_name.clone()).filter(|_| verb != "create");
            ResourceAttributes {
                name: of_name,
                ..attributes(namespace, "coordination.k8s.io", "leases", "", verb)
            }
        });
        findings.push(decide(cluster, operator, "for its Lease", needed.into()).await);
    }
    findings
}

fn attributes(
    namespace: &str,
    group: &str,
    resource: &str,
    subresource: &str,
    verb: &str,
) -> ResourceAttributes {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    ResourceAttributes {
        namespace: text(namespace),
        group: text(group),
        resource: text(resource),
        subresource: text(subresource),
        verb: text(verb),
        ..ResourceAttributes::default()
    }
}

async fn decide(
    cluster: &Cluster,
    operator: &Operator,
    place: &str,
    needed: Vec<ResourceAttributes>,
) -> Node {
    let answers = stream::iter(needed).map(|attributes| may(cluster, operator, attributes));
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    let mut missing = Vec::new();
    for answer in answers {
        match answer {
            Ok(lacks) => missing.extend(lacks),
            Err(failure) => return unknown("rights", &failure),
        }
    }
    if missing.is_empty() {
        return good("rights", format!("all that it needs {place}"));
    }
    let missing = missing.join(", ");
    problem(
        "rights",
        format!("it may not {missing}: apply the chart's RBAC ({place})"),
    )
}

/// What the operator's ServiceAccount lacks.
async fn may(
    cluster: &Cluster,
    operator: &Operator,
    attributes: ResourceAttributes,
) -> Result<Option<String>, Failure> {
    let Operator {
        namespace,
        service_account,
        ..
    } = operator;
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut right = format!("{} {}", said(&attributes.verb), said(&attributes.resource));
    if let Some(subresource) = &attributes.subresource {
        right = format!("{right}/{subresource}");
    }
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{namespace}:{service_account}")),
            groups: Some(vec![
                "system:authenticated".to_owned(),
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
            ]),
            resource_attributes: Some(attributes),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let api: Api<SubjectAccessReview> = Api::all(cluster.client.clone());
    let answer = api.create(&PostParams::default(), &review).await;
    let answer = answer.map_err(|error| Failure::of("subjectaccessreviews", &error))?;
    let is_allowed = answer.status.is_some_and(|status| status.allowed);
    Ok((!is_allowed).then_some(right))
}
