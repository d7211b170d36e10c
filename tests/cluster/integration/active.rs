//! From Secrets to Active, with the fewest calls, and then at rest.

use std::time::Duration;

use pingone_aic_simulator::Realm;
use serde_json::json;

use crate::integration::{
    witness::{calls, condition},
    world::{Kind, World, credential_of},
};

#[tokio::test]
async fn development_and_sandbox_become_active_and_staging_awaits_its_promotion() {
    let mut world = World::start("development and sandbox become Active, staging awaits its promotion").await;
    let development = world.site("dev", Kind::Development);
    let sandbox = world.site("sandbox", Kind::Sandbox);
    let staging = world.site("staging", Kind::Staging);
    let credential = credential_of(&development);
    world
        .apply(&development, Kind::Development, &credential.jwt)
        .await;
    world
        .apply(&staging, Kind::Staging, &credential_of(&staging).jwt)
        .await;
    world.secrets(&sandbox, &credential_of(&sandbox).jwt).await;
    // A sandbox may derive its name.
    world
        .objects(&sandbox, Kind::Sandbox, json!({"name": null}))
        .await;

    let object = world.active("dev").await;
    let status = &object.data["status"];
    assert_eq!(status["credentialId"], json!(credential.id));
    assert_eq!(status["esv"]["id"], "esv-pingone-integration-aic");
    assert_eq!(status["esv"]["version"], "1");
    assert_eq!(
        status["worker"],
        json!({"name": "PingOne-Integration-AIC", "label": "PingOne.Integration.AIC", "origin": "Made"})
    );
    for type_ in ["EsvReady", "WorkerReady", "SecretMapped"] {
        assert_eq!(condition(&object, type_)["status"], "True", "{type_}");
    }
    let object = world.active("sandbox").await;
    assert_eq!(
        object.data["status"]["name"],
        "env-pingoneaic-mycompany-ew2-sandbox1"
    );

    let message = world
        .reason("AICIntegration", "staging", "Active", "AwaitingPromotion")
        .await;
    assert!(message.contains("promotion"), "{message}");
    let object = world
        .wait("AICIntegration", "staging", "to be Ready", |o| {
            condition(o, "Ready")["status"] == "True"
        })
        .await;
    assert_eq!(condition(&object, "Active")["status"], "False");
    assert!(condition(&object, "Stalled").is_null() && condition(&object, "Reconciling").is_null());

    // In the tenant: one version, one worker that holds nothing of its environment, one mapping; in staging only
    // the ESV.
    let esv = development.tenant.secret("esv-pingone-integration-aic").unwrap();
    assert_eq!(
        (esv.versions.len(), esv.encoding.as_str(), esv.use_in_placeholders),
        (1, "generic", false)
    );
    assert_eq!(esv.active().unwrap().value, credential.jwt.as_bytes());
    assert!(
        esv.description.starts_with("pingone-aic-operator "),
        "{}",
        esv.description
    );
    assert_eq!(development.tenant.workers(Realm::Alpha).len(), 1);
    assert_eq!(development.tenant.mappings(Realm::Alpha).len(), 1);
    assert!(staging.tenant.secret("esv-pingone-integration-aic").is_some());
    assert!(staging.tenant.workers(Realm::Alpha).is_empty());

    let journal = world.network.journal();
    // The procedure done by a bare loop, which neither looks before it writes nor asks whose a thing is, makes 9
    // calls in a mutable environment and 4 in an immutable one. Looking for a worker and a mapping that may be somebody
    // else's, and for a service that may be disabled, costs three; looking for a promoted worker costs one. Whether a
    // promotion has locked the environment is not asked: it has just taken the write of an ESV, which a lock blocks.
    let mutable = [
        "POST token",
        "GET {environment}",
        "POST access_token",
        "PUT {esv}",
        "GET pingOneWorkerService",
        "PUT pingOneWorkerService",
        "POST workers schema",
        "GET {name}",
        "GET {label}",
        "PUT {name}",
        "PUT {label}",
        "POST {name} testConnection",
    ];
    for (site, name) in [
        (&development, "PingOne-Integration-AIC"),
        (&sandbox, "env-pingoneaic-mycompany-ew2-sandbox1"),
    ] {
        let expected: Vec<_> = mutable
            .iter()
            .map(|call| {
                call.replace("{environment}", site.environment.id())
                    .replace("{esv}", &format!("esv-{}", name.to_lowercase()))
                    .replace(
                        "{label}",
                        &format!("am.services.pingone.worker.{}.credential", name.replace('-', ".")),
                    )
                    .replace("{name}", name)
            })
            .collect();
        assert_eq!(calls(&journal, site), expected);
    }
    assert_eq!(
        calls(&journal, &staging),
        [
            "POST token".to_owned(),
            format!("GET {}", staging.environment.id()),
            "POST access_token".to_owned(),
            "PUT esv-pingone-integration-aic".to_owned(),
            "GET PingOne-Integration-AIC".to_owned(),
        ]
    );
    world.check_outputs().await;
}

const OBJECTS: [(&str, &str); 4] = [
    ("PingOneConnection", "dev"),
    ("AICIntegration", "dev"),
    ("PingOneConnection", "staging"),
    ("AICIntegration", "staging"),
];

#[tokio::test]
async fn an_idle_operator_writes_nothing() {
    let mut world = World::start("an idle operator writes nothing").await;
    let site = world.site("dev", Kind::Development);
    let staging = world.site("staging", Kind::Staging);
    world
        .apply(&staging, Kind::Staging, &credential_of(&staging).jwt)
        .await;
    world
        .reason("AICIntegration", "staging", "Active", "AwaitingPromotion")
        .await;
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    let mut before = Vec::new();
    for (kind, name) in OBJECTS {
        before.push(
            world
                .namespace
                .get(kind, name)
                .await
                .unwrap()
                .metadata
                .resource_version,
        );
    }
    let settled = world.network.position();

    // A whole check of the tenant, which ends with its test, at the shortest interval there is.
    world
        .network
        .wait_for(Duration::from_secs(90), |exchange| {
            exchange.sequence >= settled
                && exchange.status.is_some()
                && exchange.action() == Some("testConnection")
        })
        .await
        .expect("the tenant is checked every minute");
    let writes: Vec<_> = world
        .network
        .journal_since(settled)
        .into_iter()
        .filter(|e| e.method != "GET" && e.action() != Some("testConnection") && !e.path.ends_with("token"))
        .map(|e| e.to_string())
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    for ((kind, name), before) in OBJECTS.into_iter().zip(before) {
        let after = world
            .namespace
            .get(kind, name)
            .await
            .unwrap()
            .metadata
            .resource_version;
        assert_eq!(after, before, "{kind} {name}");
    }
    world.check_outputs().await;
}

#[tokio::test]
async fn staging_becomes_active_once_a_promotion_has_brought_worker_and_mapping() {
    let mut world = World::start("staging becomes Active once promoted").await;
    let development = world.site("dev", Kind::Development);
    let staging = world.site("staging", Kind::Staging);
    world
        .apply(&development, Kind::Development, &credential_of(&development).jwt)
        .await;
    world
        .apply(&staging, Kind::Staging, &credential_of(&staging).jwt)
        .await;
    world.active("dev").await;
    world
        .reason("AICIntegration", "staging", "Active", "AwaitingPromotion")
        .await;
    staging
        .tenant
        .import_static_configuration_from(&development.tenant);
    world.check_now("staging").await;
    world.active("staging").await;

    // What was there and is gone is no longer awaited.
    staging
        .tenant
        .console()
        .delete_worker(Realm::Alpha, "PingOne-Integration-AIC");
    world.check_now("staging").await;
    let message = world
        .reason("AICIntegration", "staging", "Ready", "WorkerMissing")
        .await;
    assert!(message.contains("promote again"), "{message}");
    let object = world.namespace.get("AICIntegration", "staging").await.unwrap();
    assert_eq!(condition(&object, "Stalled")["status"], "True");
    world.check_outputs().await;
}

#[tokio::test]
async fn suspend_stops_all_work_and_a_request_is_answered() {
    let mut world = World::start("suspend stops all work, a request is answered").await;
    let site = world.site("dev", Kind::Development);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    world
        .namespace
        .patch("AICIntegration", "dev", &json!({"spec": {"suspend": true}}))
        .await
        .unwrap();
    world.reason("AICIntegration", "dev", "Ready", "Suspended").await;
    let quiet = world.network.position();
    world.check_now("dev").await;
    let object = world.namespace.get("AICIntegration", "dev").await.unwrap();
    assert_eq!(
        condition(&object, "Active")["status"],
        "True",
        "Active keeps its last value"
    );
    let tenant_calls = world
        .network
        .journal_since(quiet)
        .iter()
        .filter(|e| e.host == site.tenant.host())
        .count();
    assert_eq!(tenant_calls, 0);
    world
        .namespace
        .patch("AICIntegration", "dev", &json!({"spec": {"suspend": false}}))
        .await
        .unwrap();
    world.active("dev").await;
    world.check_outputs().await;
}

#[tokio::test]
async fn many_integrations_of_one_tenant_share_one_token() {
    let mut world = World::start("many integrations share one token").await;
    let site = world.site("dev", Kind::Development);
    world.secrets(&site, &credential_of(&site).jwt).await;
    world.objects(&site, Kind::Development, json!({})).await;
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        world
            .namespace
            .apply(json!({
                "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": name},
                "spec": {
                    "connectionRef": {"name": "dev"}, "name": name, "realm": "bravo",
                    "tenant": {
                        "url": site.tenant.url(), "environment": "Development",
                        "serviceAccountSecretRef": {"name": "aic-dev"},
                    },
                },
            }))
            .await
            .unwrap();
    }
    for name in names.into_iter().chain(["dev"]) {
        world.active(name).await;
    }
    let tokens = world
        .network
        .journal()
        .iter()
        .filter(|e| e.is("POST", "/access_token"))
        .count();
    assert_eq!(tokens, 1);
    world.check_outputs().await;
}
