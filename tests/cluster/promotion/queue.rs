//! Runs that want the same environments, from anywhere in the cluster, come one after the other.

use std::time::Duration;

use pingone_aic_harness::TestNamespace;
use pingone_aic_support::{
    Env,
    company::{Company, THREE},
};
use serde_json::{Value, json};

use crate::promotion::look::{Steps, message, reason};

/// From staging to production: half of what a run through the whole group wants.
fn upper_half(company: &Company, name: &str) -> Value {
    let mut run = company.promotion(name, json!({}));
    run["spec"]["order"].as_array_mut().unwrap().remove(0);
    run
}

#[tokio::test]
async fn runs_of_two_namespaces_that_share_an_environment_come_in_the_order_of_their_age() {
    let more = json!({"watchAllNamespaces": true});
    let mut env = Env::start_alone("runs of two namespaces share an environment", more).await;
    let company = Company::named(&env.network, "queue", &THREE);
    env.bring_up(&company).await;
    let mut elsewhere =
        TestNamespace::create_in(env.namespace.control_plane(), "the other namespace of a queue").await;
    for site in &company.sites {
        site.apply(&elsewhere, json!({"name": "Other-Integration"})).await;
    }
    std::mem::swap(&mut env.namespace, &mut elsewhere);
    env.until_up(&company).await;
    std::mem::swap(&mut env.namespace, &mut elsewhere);

    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_locked(&company, "staging").await;
    elsewhere.apply(upper_half(&company, "older")).await.unwrap();
    std::mem::swap(&mut env.namespace, &mut elsewhere);
    let queued = env.until_reason("older", "Queued").await;
    assert_eq!(queued.data["status"]["phase"], "Queued");
    let first = format!("{}/release", elsewhere.name());
    assert!(message(&queued).contains(&first), "{}", message(&queued));
    std::mem::swap(&mut env.namespace, &mut elsewhere);
    // Kubernetes keeps the age of an object in whole seconds: of the same second, neither is the older.
    let created = queued.metadata.creation_timestamp.as_ref().unwrap().0;
    while jiff::Timestamp::now().as_second() <= created.as_second() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    env.namespace
        .apply(upper_half(&company, "younger"))
        .await
        .unwrap();
    env.until_reason("younger", "Queued").await;

    env.phase("release", "Gated").await.unwrap();
    let younger = env.phase("younger", "Succeeded").await.unwrap();
    assert_eq!(reason(&younger), "Succeeded");
    let outcome = |run: &kube::core::DynamicObject| run.data["status"]["stages"][0]["outcome"].clone();
    // Its stage is over before the younger begins. That is said a pass later.
    std::mem::swap(&mut env.namespace, &mut elsewhere);
    let older = env.phase("older", "Succeeded").await.unwrap();
    std::mem::swap(&mut env.namespace, &mut elsewhere);
    // What the older has promoted need not be promoted again.
    assert_eq!(
        (outcome(&older), outcome(&younger)),
        (json!("Promoted"), json!("Skipped"))
    );
    assert_eq!(env.violation(&company), None);
    env.check_outputs().await;
}
