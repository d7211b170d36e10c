//! Rights for people: the chart's roles, bound as the documents say and aggregated by the cluster itself.

use std::{collections::BTreeSet, time::Duration};

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::{Api, api::PostParams};
use pingone_aic_harness::{ControlPlane, Namespace, Operator, TestNamespace, Values};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::PATIENCE;

const OBJECTS: [&str; 2] = ["pingoneconnections", "aicintegrations"];
const KINDS: [&str; 3] = ["pingoneconnections", "aicintegrations", "promotions"];
const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

type Rights = BTreeSet<(&'static str, &'static str)>;

fn rights(verbs: &[&'static str], kinds: &[&'static str]) -> Rights {
    let each = |kind: &&'static str| verbs.iter().map(|verb| (*verb, *kind)).collect::<Vec<_>>();
    kinds.iter().flat_map(each).collect()
}

/// What the API server lets a user do with the three kinds.
async fn rights_of(namespace: &Namespace, user: &str) -> Rights {
    let reviews: Api<SubjectAccessReview> = Api::all(namespace.client());
    let mut allowed = Rights::new();
    for (verb, kind) in rights(&[&READ[..], &WRITE].concat(), &KINDS) {
        let attributes = ResourceAttributes {
            namespace: Some(namespace.name().to_owned()),
            group: Some("pingone-aic.io".to_owned()),
            resource: Some(kind.to_owned()),
            verb: Some(verb.to_owned()),
            ..ResourceAttributes::default()
        };
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(user.to_owned()),
                resource_attributes: Some(attributes),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
        if answer.status.is_some_and(|status| status.allowed) {
            allowed.insert((verb, kind));
        }
    }
    allowed
}

#[tokio::test]
async fn people_may_do_what_their_role_says_and_promote_only_by_name() {
    let control_plane = ControlPlane::start().await.unwrap();
    let namespace = TestNamespace::from(Namespace::create(&control_plane, "pingone-aic").await.unwrap());
    let values = Values::new("unused")
        .release("pingone-aic-operator")
        .set(json!({"crds": {"enabled": true}, "rbac": {"userRoles": true}}));
    let _operator = Operator::prepare(&namespace, values).await.unwrap();
    let (reads, edits) = (rights(&READ, &KINDS), rights(&WRITE, &OBJECTS));
    let edits: Rights = reads.union(&edits).copied().collect();
    let promotes = rights(&[&READ[..], &WRITE].concat(), &["promotions"]);
    let promote = "pingone-aic:pingone-aic-operator-promote";
    for (role, user, expected) in [
        ("view", "viewer", reads),
        ("edit", "editor", edits.clone()),
        ("admin", "administrator", edits),
        (promote, "promoter", promotes),
    ] {
        assert_eq!(rights_of(&namespace, user).await, Rights::new(), "{user}");
        let (role, of_user) = (format!("--clusterrole={role}"), format!("--user={user}"));
        let within = ["--namespace", namespace.name()];
        let bind = ["create", "rolebinding", user, &role, &of_user];
        control_plane
            .kubectl(&[&bind[..], &within].concat())
            .await
            .unwrap();
        // The cluster aggregates a moment later, and no object tells when its authorizer has seen it.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = rights_of(&namespace, user).await;
            if found == expected {
                break;
            }
            assert!(
                found.is_subset(&expected) && Instant::now() < deadline,
                "{user} may {found:?}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }
}
