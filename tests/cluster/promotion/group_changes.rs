//! The group changes while a run is on its way.

use pingone_aic_simulator::{Fault, Rule};
use pingone_aic_support::{
    Env,
    company::{Company, THREE},
};
use serde_json::{Value, json};

use crate::promotion::{
    look::{Steps, is_removed, message, promotions},
    lost::Lost,
};

/// An integration goes, and the operator has seen it go; what makes it again.
async fn delete_integration(env: &mut Env, name: &str) -> Value {
    let object = env.namespace.get("AICIntegration", name).await.unwrap();
    env.namespace.delete("AICIntegration", name).await.unwrap();
    env.until_object("AICIntegration", name, |object| {
        object.map(|_| "it is still there".to_owned())
    })
    .await
    .unwrap();
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": name},
        "spec": object.data["spec"],
    })
}

/// Within the very pass that finds the lock gone and begins the stage anew.
#[tokio::test]
async fn a_stage_begins_anew_with_the_group_as_it_is_then() {
    let mut env = Env::start("a stage begins anew with its group").await;
    let company = env.company(&THREE).await;
    let (dev, staging) = (company.site("dev"), company.site("staging"));
    env.release(&company, json!({"upTo": "staging"})).await;
    env.until_locked(&company, "staging").await;
    let look = Rule::on(staging.tenant.host())
        .method("GET")
        .path_contains("/promotion/lock/state")
        .times(1);
    let look = env.network.fault(look, Fault::Hold);
    env.wait_until(|_| (look.hits() == 0).then(|| "it does not look".to_owned()))
        .await;
    for site in [dev, staging] {
        site.tenant.console().unlock();
    }
    let again = delete_integration(&mut env, &dev.name).await;
    look.remove();
    let pending = env.until_reason("release", "PreflightFailed").await;
    let says = format!("AICIntegration {} of stage dev does not exist", dev.name);
    assert!(message(&pending).contains(&says), "{}", message(&pending));
    assert_eq!((env.asked(), promotions(&env)), (1, 0), "no second lock");
    env.namespace.apply(again).await.unwrap();
    env.promoted(&company, 1).await;
    env.check_outputs().await;
}

/// The integrations name another environment when the lock of a lost request comes: it is looked for where it was asked for.
#[tokio::test]
async fn a_lost_request_is_looked_for_where_it_was_sent() {
    let mut env = Env::start("a lost request is looked for where it was sent").await;
    let company = env.company(&THREE).await;
    let staging = company.site("staging");
    let elsewhere = Company::named(&env.network, "elsewhere", &THREE);
    let gateway = env.asked_with(&company, Fault::Gateway).await;
    env.until_reason("release", "LockOwnershipUnknown").await;
    let mut moved = delete_integration(&mut env, &staging.name).await;
    moved["spec"]["tenant"]["url"] = json!(elsewhere.site("staging").tenant.url());
    env.namespace.apply(moved).await.unwrap();
    let pending = env.until_reason("release", "PreflightFailed").await;
    let says = format!("may still have an effect in {}", staging.tenant.host());
    assert!(message(&pending).contains(&says), "{}", message(&pending));
    gateway.remove();
    env.wait_until(|_| (!staging.tenant.is_locked()).then(|| "not taken yet".to_owned()))
        .await;
    env.until_unlocked(&company).await;
    assert!(is_removed(&env, None));
    assert_eq!((promotions(&env), env.violation(&company)), (0, None));
    env.check_outputs().await;
}
