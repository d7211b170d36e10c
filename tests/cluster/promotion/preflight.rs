//! What else is found without a lock: stages that are no single environment of a group, a stranger's ESV, an account that
//! is refused.

use kube::core::DynamicObject;
use pingone_aic_simulator::tenant::ServiceAccount;
use pingone_aic_support::{
    Env,
    company::{Company, SCOPES, Site, THREE},
    fixture::{ESV, WORKER},
};
use serde_json::{Value, json};

use crate::promotion::{
    look::{Steps, message, reason},
    refusals::{asked_for_no_lock, member, stalled},
};

/// One more integration with a site's connection and account, said to be of this environment.
fn beside(site: &Site, name: &str, url: &str, environment: &str) -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": name},
        "spec": {
            "connectionRef": {"name": site.name}, "name": WORKER, "realm": "alpha",
            "tenant": {
                "url": url, "environment": environment,
                "serviceAccountSecretRef": {"name": format!("aic-{}", site.name)},
            },
        },
    })
}

#[tokio::test]
async fn a_stage_that_is_no_single_environment_of_a_group_is_named_before_any_lock() {
    let mut env = Env::start("a stage that is no single environment").await;
    let company = env.company(&THREE).await;
    let [dev, staging, prod] = ["dev", "staging", "prod"].map(|stage| company.site(stage));
    let sandbox = format!("https://openam-{}sandbox1-ew2.forgeblocks.com", company.name);
    let others = [
        ("sandbox", sandbox, "Sandbox"),
        ("mixed", staging.tenant.url(), "UAT"),
        ("elsewhere", prod.tenant.url(), "Staging"),
    ];
    for (name, url, environment) in others {
        let object = beside(staging, name, &url, environment);
        env.namespace.apply(object).await.unwrap();
    }
    let stage = |integrations: &[&str]| json!({"name": "above", "integrations": integrations});
    let own = staging.name.as_str();
    let table: [(Value, &[&str]); 3] = [
        (
            stage(&["sandbox"]),
            &["stage above is a sandbox, which is in no promotion group"],
        ),
        (
            stage(&[own, "mixed"]),
            &["stage above mixes kinds of environment"],
        ),
        (
            stage(&[own, "elsewhere"]),
            &[
                "stage above is on several hosts",
                staging.tenant.host(),
                prod.tenant.host(),
            ],
        ),
    ];
    for (above, says) in table {
        stalled(&mut env, json!([member(dev), above]), says).await;
    }
    asked_for_no_lock(&env);
    env.check_outputs().await;
}

#[tokio::test]
async fn an_esv_that_is_a_strangers_is_found_before_any_lock() {
    let mut env = Env::start("an ESV that is a stranger's").await;
    let company = Company::new(&env.network, 90, &THREE);
    let staging = company.site("staging");
    staging
        .tenant
        .console()
        .create_secret(ESV, "made by hand", false, "theirs");
    company.apply(&env.namespace).await;
    let fault = |object: Option<&DynamicObject>| {
        let found = object.map(reason).unwrap_or_default();
        (found != "EsvNotOwned").then(|| format!("the reason is {found:?}"))
    };
    env.until_object("AICIntegration", &staging.name, fault)
        .await
        .unwrap();
    env.release(&company, json!({"upTo": "staging"})).await;
    let pending = env.until_reason("release", "PreflightFailed").await;
    let says = format!("ESV {ESV} does not belong to AICIntegration {}", staging.name);
    assert!(message(&pending).contains(&says), "{}", message(&pending));
    asked_for_no_lock(&env);
    env.check_outputs().await;
}

#[tokio::test]
async fn an_account_that_is_refused_is_found_before_any_lock() {
    let mut env = Env::start("an account that is refused").await;
    let company = env.company(&THREE).await;
    let staging = company.site("staging");
    let strangers = company
        .site("prod")
        .tenant
        .create_service_account("operator", &SCOPES);
    // It may do what an integration needs, and no more.
    let without_promotions = staging
        .tenant
        .create_service_account("operator", &["fr:am:*", "fr:idc:esv:*"]);
    for ServiceAccount { id, jwk, .. } in [strangers, without_promotions] {
        let secret = format!("aic-{}", staging.name);
        let data = [("serviceAccountId", id.as_str()), ("jwk", jwk.as_str())];
        env.namespace.secret(&secret, &data).await.unwrap();
        env.release(&company, json!({"upTo": "staging"})).await;
        let refused = env.until_reason("release", "ServiceAccountRefused").await;
        assert_eq!(refused.data["status"]["phase"], "Pending");
        env.namespace.delete("Promotion", "release").await.unwrap();
        env.until_gone("release").await;
    }
    asked_for_no_lock(&env);
    env.check_outputs().await;
}
