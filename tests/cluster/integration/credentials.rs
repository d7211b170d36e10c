//! The kinds of credential: all of them work, alone and beside each other, and are noticed when they go.

use pingone_aic_simulator::{
    Region,
    pingone::{Credential, CredentialKind},
};
use serde_json::json;

use crate::integration::{
    witness::condition,
    world::{Kind, Site, World},
};

const SITES: [(&str, Kind); 3] = [
    ("dev", Kind::Development),
    ("staging", Kind::Staging),
    ("sandbox", Kind::Sandbox),
];

fn credential(site: &Site, kind: CredentialKind) -> Credential {
    let credential = site.connection.credential();
    match kind {
        CredentialKind::Gateway => credential.of_gateway().add(),
        CredentialKind::ClientClaims => credential.with_client_claims().add(),
    }
}

/// Every environment becomes Active, works on after a rotation to any kind, and notices a revocation.
async fn every_environment_works_with(kinds: [CredentialKind; 3]) {
    let mut world = World::start(&format!("credentials of the kinds {kinds:?}")).await;
    let mut sites = Vec::new();
    for ((name, kind), credential_kind) in SITES.into_iter().zip(kinds) {
        let site = world.site(name, kind);
        let jwt = credential(&site, credential_kind).jwt;
        world.apply(&site, kind, &jwt).await;
        sites.push(site);
    }
    for site in [&sites[0], &sites[2]] {
        world.active(site.name).await;
    }
    // What a promotion does.
    sites[1].tenant.import_static_configuration_from(&sites[0].tenant);
    world.check_now("staging").await;
    world.active("staging").await;

    for (site, kind) in sites.iter().zip(kinds) {
        world
            .reason("PingOneConnection", site.name, "Active", "CredentialAccepted")
            .await;
        let object = world.namespace.get("PingOneConnection", site.name).await.unwrap();
        let published = &object.data["status"]["credential"];
        match kind {
            CredentialKind::Gateway => {
                assert_eq!(published["gatewayId"], site.connection.id());
                assert_eq!(published["gatewayType"], "PING_FEDERATE");
            }
            CredentialKind::ClientClaims => assert!(published["gatewayId"].is_null(), "{published}"),
        }
    }

    for (site, kind) in sites.iter().zip(kinds.into_iter().rev()) {
        let new = credential(site, kind);
        world.credential(site, &new.jwt).await;
        world
            .wait(
                "AICIntegration",
                site.name,
                "to work with the new credential",
                |object| {
                    object.data["status"]["credentialId"] == new.id.as_str()
                        && condition(object, "Active")["status"] == "True"
                },
            )
            .await;
        site.connection.revoke(&new.id);
        let ask =
            json!({"metadata": {"annotations": {"pingone-aic.io/requestedAt": "after the revocation"}}});
        world
            .namespace
            .patch("PingOneConnection", site.name, &ask)
            .await
            .unwrap();
        let message = world
            .reason("PingOneConnection", site.name, "Stalled", "CredentialRefused")
            .await;
        assert!(
            message.contains(&new.id) && !message.contains("Correlation"),
            "{message}"
        );
    }
    world.check_outputs().await;
}

#[tokio::test]
async fn every_environment_works_with_gateway_credentials() {
    every_environment_works_with([CredentialKind::Gateway; 3]).await;
}

#[tokio::test]
async fn every_environment_works_with_client_claims() {
    every_environment_works_with([CredentialKind::ClientClaims; 3]).await;
}

#[tokio::test]
async fn every_environment_works_with_a_mixture() {
    use CredentialKind::{ClientClaims, Gateway};
    every_environment_works_with([Gateway, ClientClaims, Gateway]).await;
}

#[tokio::test]
async fn an_exchange_that_wants_a_client_costs_a_warning_and_everything_else_works() {
    let mut world = World::start("an exchange that wants a client").await;
    let site = world.site("dev", Kind::Development);
    let pingone = world.network.pingone(Region::Europe);
    pingone.set_exchange_demands_client(true);
    let first = credential(&site, CredentialKind::Gateway);
    world.apply(&site, Kind::Development, &first.jwt).await;
    let message = world
        .reason("PingOneConnection", "dev", "Active", "CannotAskPingOne")
        .await;
    assert!(
        message.contains("the tenant's connection test decides"),
        "{message}"
    );
    let object = world.namespace.get("PingOneConnection", "dev").await.unwrap();
    assert_eq!(condition(&object, "Ready")["status"], "True");
    world.active("dev").await;

    // Once it has exchanged one, it is believed.
    pingone.set_exchange_demands_client(false);
    let second = credential(&site, CredentialKind::Gateway);
    world.credential(&site, &second.jwt).await;
    world
        .reason("PingOneConnection", "dev", "Active", "CredentialAccepted")
        .await;
    site.connection.disable();
    let third = credential(&site, CredentialKind::Gateway);
    world.credential(&site, &third.jwt).await;
    world
        .reason("PingOneConnection", "dev", "Stalled", "CredentialRefused")
        .await;
    world.check_outputs().await;
}

/// PingOne's refusals differ from each other in their Correlation ID.
#[tokio::test]
async fn two_refusals_in_a_row_are_written_once() {
    let mut world = World::start("two refusals in a row").await;
    let site = world.site("dev", Kind::Development);
    let one = credential(&site, CredentialKind::Gateway);
    world.apply(&site, Kind::Development, &one.jwt).await;
    world.active("dev").await;
    site.connection.revoke(&one.id);
    // The tenant's test repeats PingOne's refusal.
    world.check_now("dev").await;
    world
        .reason("AICIntegration", "dev", "Active", "TestFailed")
        .await;
    let before = world.namespace.get("AICIntegration", "dev").await.unwrap();
    let tests = |world: &World| {
        let journal = world.network.journal();
        let is_test =
            |exchange: &&pingone_aic_simulator::Exchange| exchange.action() == Some("testConnection");
        journal.iter().filter(is_test).count()
    };
    let tested = tests(&world);
    world.check_now("dev").await;
    assert!(tests(&world) > tested);
    let after = world.namespace.get("AICIntegration", "dev").await.unwrap();
    assert_eq!(condition(&before, "Active"), condition(&after, "Active"));
    assert_eq!(condition(&before, "Ready"), condition(&after, "Ready"));
    world.check_outputs().await;
}
