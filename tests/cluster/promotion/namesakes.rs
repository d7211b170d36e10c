//! Two clusters whose runs have one name: what stands in a tenant's reports cannot tell them apart but by their uids.

use std::mem;

use pingone_aic_harness::{ControlPlane, Namespace, Operator, TestNamespace};
use pingone_aic_support::{Env, company::THREE, relay, values_at};
use serde_json::json;

use crate::promotion::look::{Steps, is_removed, promotions, stage};

/// The other cluster's API server.
const OTHER_API_SERVER: &str = "kubernetes.elsewhere";

#[tokio::test]
async fn of_two_runs_of_one_name_in_two_clusters_one_promotes_and_the_other_waits() {
    let mut env = Env::start("one name in two clusters").await;
    let company = env.company(&THREE).await;
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namesake = Namespace::create(&control_plane, env.namespace.name()).await;
    let mut elsewhere = TestNamespace::from(namesake.unwrap());
    relay(&env.network, OTHER_API_SERVER, &elsewhere);
    let values = values_at(&env.network, OTHER_API_SERVER);
    let other = Operator::install(&elsewhere, values).await.unwrap();
    env.others.push(other);
    // Integrations of their own, in the same environments.
    for site in &company.sites {
        site.apply(&elsewhere, json!({"name": "Other-Integration"})).await;
    }
    mem::swap(&mut env.namespace, &mut elsewhere);
    env.until_up(&company).await;
    mem::swap(&mut env.namespace, &mut elsewhere);

    let run = company.promotion("release", json!({"upTo": "staging"}));
    let first = env.namespace.apply(&run).await.unwrap().remove(0);
    env.until_locked(&company, "staging").await;
    let second = elsewhere.apply(&run).await.unwrap().remove(0);
    assert_eq!(first.metadata.namespace, second.metadata.namespace);
    assert_ne!(first.metadata.uid, second.metadata.uid);

    env.phase("release", "Gated").await.unwrap();
    assert_eq!(stage(&env, "release", 0).await["outcome"], "Promoted");
    mem::swap(&mut env.namespace, &mut elsewhere);
    env.phase("release", "Gated").await.unwrap();
    let waited = stage(&env, "release", 0).await;
    assert_eq!(waited["outcome"], "AlreadyPromoted", "{waited}");
    let calls = env.network.journal();
    let locks = calls.iter().filter(|call| call.is("POST", "/promotion/lock"));
    assert_eq!((locks.count(), promotions(&env)), (1, 1));
    assert!(!is_removed(&env, None), "the promotion itself has unlocked");
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}
