//! Vendors that fail: the operator waits as it is asked to, and goes on by itself.

use pingone_aic_simulator::{Fault, Rule};

use crate::integration::{
    witness::condition,
    world::{Kind, World, credential_of},
};

const ESV: &str = "esv-pingone-integration-aic";

#[tokio::test]
async fn a_lost_answer_to_the_creation_makes_no_second_esv_and_no_stranger() {
    let mut world = World::start("a lost answer to the creation").await;
    let site = world.site("dev", Kind::Development);
    let fault = world.network.fault(
        Rule::on(site.tenant.host())
            .method("PUT")
            .path_contains(ESV)
            .times(1),
        Fault::CloseAfter,
    );
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    assert_eq!(fault.hits(), 1);
    assert_eq!(site.tenant.secret(ESV).unwrap().versions.len(), 1);
    world.check_outputs().await;
}

#[tokio::test]
async fn a_lost_answer_to_a_rotation_makes_no_second_version() {
    let mut world = World::start("a lost answer to a rotation").await;
    let site = world.site("dev", Kind::Development);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    let fault = world.network.fault(
        Rule::on(site.tenant.host())
            .path_contains("_action=create")
            .times(1),
        Fault::CloseAfter,
    );
    let new = credential_of(&site);
    world.credential(&site, &new.jwt).await;
    world
        .wait(
            "AICIntegration",
            "dev",
            "to work with the new credential",
            |object| {
                object.data["status"]["credentialId"] == new.id.as_str()
                    && condition(object, "Active")["status"] == "True"
            },
        )
        .await;
    assert_eq!(fault.hits(), 1);
    assert_eq!(site.tenant.secret(ESV).unwrap().versions.len(), 2);
    world.check_outputs().await;
}

#[tokio::test]
async fn retry_after_closes_the_tap_for_the_whole_host() {
    let mut world = World::start("Retry-After closes the tap").await;
    let site = world.site("dev", Kind::Development);
    world.network.fault(
        Rule::on(site.tenant.host()).times(1),
        Fault::status(429)
            .header("Retry-After", "86400")
            .body(r#"{"code":429,"message":"slow down"}"#),
    );
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Reconciling", "RateLimited")
        .await;
    assert!(message.contains("refuses calls until "), "{message}");
    let calls = || {
        world
            .network
            .journal()
            .iter()
            .filter(|e| e.host == site.tenant.host())
            .count()
    };
    let before = calls();
    // A person who asks again does not open the tap, and still reads until when it is closed.
    world.check_now("dev").await;
    let again = world
        .reason("AICIntegration", "dev", "Reconciling", "RateLimited")
        .await;
    assert_eq!(again, message);
    assert_eq!(calls(), before);
    world.check_outputs().await;
}

#[tokio::test]
async fn a_refused_service_account_is_named_and_a_new_one_is_used_at_once() {
    let mut world = World::start("a refused service account").await;
    let site = world.site("dev", Kind::Development);
    let stranger = world.network.tenant(
        "openam-other-ew2-dev.id.forgerock.io",
        pingone_aic_simulator::Mutability::Mutable,
    );
    let account = stranger.create_service_account("operator", &crate::integration::world::SCOPES);
    world.secrets(&site, &credential_of(&site).jwt).await;
    world
        .namespace
        .secret(
            "aic-dev",
            &[("serviceAccountId", &account.id), ("jwk", &account.jwk)],
        )
        .await
        .unwrap();
    world
        .objects(&site, Kind::Development, serde_json::json!({}))
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "ServiceAccountRefused")
        .await;
    assert!(message.contains("service account"), "{message}");
    let account = site
        .tenant
        .create_service_account("operator", &crate::integration::world::SCOPES);
    world
        .namespace
        .secret(
            "aic-dev",
            &[("serviceAccountId", &account.id), ("jwk", &account.jwk)],
        )
        .await
        .unwrap();
    world.active("dev").await;
    world.check_outputs().await;
}

/// The tenant takes an assertion once.
#[tokio::test]
async fn a_token_whose_answer_is_lost_is_asked_for_with_another_assertion() {
    let mut world = World::start("a token's answer is lost").await;
    let site = world.site("dev", Kind::Development);
    let token = Rule::on(site.tenant.host()).path_contains("/access_token");
    let lost = world.network.fault(token.times(1), Fault::CloseAfter);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    assert_eq!(lost.hits(), 1);
    let calls = world.network.journal();
    let refused = calls
        .iter()
        .find(|call| call.path.ends_with("/access_token") && call.status == Some(400));
    assert!(refused.is_none(), "{}", refused.unwrap());
    world.check_outputs().await;
}

#[tokio::test]
async fn a_tenant_whose_clock_is_off_is_understood_by_its_own_clock() {
    let mut world = World::start("a tenant whose clock is off").await;
    let site = world.site("dev", Kind::Development);
    site.tenant.set_assertion_limit(std::time::Duration::from_mins(3));
    site.tenant
        .set_clock_skew(k8s_openapi::jiff::SignedDuration::from_mins(-5));
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    world.check_outputs().await;
}

#[tokio::test]
async fn a_tenant_that_is_away_is_retried_and_what_it_lacked_is_made_up_for() {
    let mut world = World::start("a tenant that is away for a while").await;
    let site = world.site("dev", Kind::Development);
    // Not even the name of an attribute is guessed because of an outage.
    site.tenant.set_label_attribute("credentialSecretLabelIdentifier");
    let away = world.network.fault(
        Rule::on(site.tenant.host())
            .path_contains("_action=schema")
            .times(1),
        Fault::status(503),
    );
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world
        .reason("AICIntegration", "dev", "Reconciling", "TenantUnavailable")
        .await;
    world.active("dev").await;
    assert_eq!(away.hits(), 1);
    world.check_outputs().await;
}
