//! A changed Secret becomes one new version, proved before the older one is disabled.

use std::time::Duration;

use pingone_aic_simulator::Exchange;

use crate::integration::{
    witness::{calls, condition},
    world::{Kind, World, credential_of},
};

const ESV: &str = "esv-pingone-integration-aic";

fn new_versions(journal: &[Exchange]) -> usize {
    journal
        .iter()
        .filter(|e| e.is("POST", "/versions") && e.action() == Some("create"))
        .count()
}

#[tokio::test]
async fn a_changed_secret_becomes_one_new_version_and_the_older_one_is_disabled_after_the_proof() {
    let mut world = World::start("a changed Secret becomes one new version").await;
    let site = world.site("dev", Kind::Development);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;

    let new = credential_of(&site);
    world.credential(&site, &new.jwt).await;
    let object = world
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
    assert_eq!(object.data["status"]["esv"]["version"], "2");
    assert!(object.data["status"]["esv"]["pending"].is_null());
    let secret = site.tenant.secret(ESV).unwrap();
    let statuses: Vec<_> = secret
        .versions
        .iter()
        .map(|v| (v.number.to_string(), format!("{:?}", v.status)))
        .collect();
    assert_eq!(statuses.len(), 2, "{statuses:?}");
    assert_eq!(secret.active().unwrap().value, new.jwt.as_bytes());
    assert!(
        secret
            .description
            .ends_with(&format!("credential={} version=2", new.id)),
        "{}",
        secret.description
    );
    // The bare procedure makes four: the credential is proved to PingOne by two, written, and tested. Whose the ESV is
    // is asked before, what its mark says is written after it, and the former version is found and disabled.
    let expected = [
        "POST token".to_owned(),
        format!("GET {}", site.environment.id()),
        format!("GET {ESV}"),
        "POST versions create".to_owned(),
        format!("POST {ESV} setDescription"),
        "POST PingOne-Integration-AIC testConnection".to_owned(),
        "GET versions".to_owned(),
        "POST 1 changestatus".to_owned(),
    ];
    let journal = world.network.journal();
    // A watch that tells late of the Secrets' creation has the operator look once more before the change, and so does an
    // API server that is too busy to record the intent at once.
    let mut calls = calls(&journal, &site);
    calls.dedup_by(|next, call| next == call && call.starts_with("GET "));
    let proved = calls.iter().rposition(|call| call == "POST token").unwrap();
    assert_eq!(calls[proved..], expected);
    assert_eq!(new_versions(&journal), 1);
    let position = |action: &str| journal.iter().rposition(|e| e.action() == Some(action)).unwrap();
    assert!(
        position("changestatus") > position("testConnection"),
        "disabled only after the proof"
    );
    world.check_outputs().await;
}

#[tokio::test]
async fn what_the_tenant_still_holds_in_its_cache_is_waited_for_and_is_no_failure() {
    let mut world = World::start("a cached credential is waited for").await;
    let site = world.site("dev", Kind::Development);
    site.tenant.set_secret_cache(Duration::from_mins(10));
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    let new = credential_of(&site);
    world.credential(&site, &new.jwt).await;
    let message = world
        .reason("AICIntegration", "dev", "Active", "CredentialNotYetServed")
        .await;
    assert!(message.contains(&new.id), "{message}");
    let object = world.namespace.get("AICIntegration", "dev").await.unwrap();
    assert!(condition(&object, "Stalled").is_null());
    assert_eq!(condition(&object, "Ready")["status"], "False");
    world.network.clock().advance(Duration::from_secs(601));
    world.check_now("dev").await;
    world.active("dev").await;
    assert_eq!(new_versions(&world.network.journal()), 1);
    world.check_outputs().await;
}

#[tokio::test]
async fn a_credential_that_pingone_refuses_is_never_pushed() {
    let mut world = World::start("a refused credential is never pushed").await;
    let site = world.site("dev", Kind::Development);
    let old = credential_of(&site);
    world.apply(&site, Kind::Development, &old.jwt).await;
    world.active("dev").await;
    let new = credential_of(&site);
    site.connection.revoke(&new.id);
    world.credential(&site, &new.jwt).await;
    world
        .reason("PingOneConnection", "dev", "Stalled", "CredentialRefused")
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Ready", "ConnectionNotReady")
        .await;
    assert!(
        message.contains(&old.id),
        "names the credential that the tenant works with: {message}"
    );
    assert_eq!(new_versions(&world.network.journal()), 0);
    assert_eq!(site.tenant.secret(ESV).unwrap().versions.len(), 1);
    world.check_outputs().await;
}
