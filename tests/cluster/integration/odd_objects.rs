//! Old definitions, undecodable objects, Secrets as people paste them.

use std::time::Duration;

use pingone_aic_harness::{ControlPlane, Namespace, Operator, Values};
use pingone_aic_simulator::Network;
use serde_json::{Value, json};

use crate::integration::world::{Kind, SCOPES, World, credential_of};

/// What is looked at again after half a minute.
const A_MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn what_pasting_leaves_around_a_credential_and_an_account_is_accepted() {
    let mut world = World::start("what pasting leaves is accepted").await;
    let site = world.site("dev", Kind::Development);
    let credential = credential_of(&site);
    world
        .apply(&site, Kind::Development, &format!("\r\n  {}\r\n", credential.jwt))
        .await;
    world.proved("dev", &credential.id).await;
    let value = site
        .tenant
        .secret(crate::integration::world::ESV)
        .unwrap()
        .active()
        .unwrap()
        .value
        .clone();
    assert_eq!(
        value,
        credential.jwt.as_bytes(),
        "the credential alone is written"
    );

    let account = site.tenant.create_service_account("pasted", &SCOPES);
    let jwk: Value = serde_json::from_str(&account.jwk).unwrap();
    let mut with_more = jwk.clone();
    for (name, value) in [("alg", "RS256"), ("use", "sig"), ("kid", "key")] {
        with_more[name] = json!(value);
    }
    for (number, form) in [
        format!("{jwk:#}"),
        format!(
            "\u{feff}\r\n{}\r\n",
            format!("{with_more:#}").replace('\n', "\r\n")
        ),
    ]
    .iter()
    .enumerate()
    {
        let id = format!(" {}\r\n", account.id);
        let data = [("serviceAccountId", id.as_str()), ("jwk", form.as_str())];
        world.namespace.secret("aic-dev", &data).await.unwrap();
        world.check_now("dev").await;
        let object = world.active("dev").await;
        assert_eq!(object.data["status"]["esv"]["version"], "1", "form {number}");
    }
    world.check_outputs().await;
}

#[tokio::test]
async fn a_credential_that_was_damaged_and_is_repaired_under_its_id_is_pushed() {
    let mut world = World::start("a repaired credential is pushed").await;
    let site = world.site("dev", Kind::Development);
    let credential = credential_of(&site);
    let (head, _) = credential.jwt.rsplit_once('.').unwrap();
    world
        .apply(&site, Kind::Development, &format!("{head}.ZGFtYWdlZA"))
        .await;
    world
        .wait(
            "AICIntegration",
            "dev",
            "to have pushed what is there",
            |object| object.data["status"]["esv"]["version"] == "1",
        )
        .await;
    world.credential(&site, &credential.jwt).await;
    world
        .wait(
            "AICIntegration",
            "dev",
            "to have pushed the repaired one",
            |object| object.data["status"]["esv"]["version"] == "2",
        )
        .await;
    let secret = site.tenant.secret(crate::integration::world::ESV).unwrap();
    assert_eq!(secret.active().unwrap().value, credential.jwt.as_bytes());
    // Where the damaged one worked, too, the two can be told apart only after the life of the tenant's cache.
    world.network.clock().advance(Duration::from_mins(12));
    world.check_now("dev").await;
    world.proved("dev", &credential.id).await;
    world.check_outputs().await;
}

#[tokio::test]
async fn secrets_that_are_missing_or_have_the_wrong_keys_are_named_and_noticed_when_they_are_right() {
    let mut world = World::start("missing Secrets and wrong keys").await;
    let site = world.site("dev", Kind::Development);
    let credential = credential_of(&site);
    world.objects(&site, Kind::Development, json!({})).await;
    let message = world
        .reason("PingOneConnection", "dev", "Ready", "SecretNotFound")
        .await;
    assert!(message.contains("Secret pingone-dev does not exist"), "{message}");
    world
        .namespace
        .secret("pingone-dev", &[("jwt", &credential.jwt)])
        .await
        .unwrap();
    let message = world
        .reason("PingOneConnection", "dev", "Stalled", "SecretKeyMissing")
        .await;
    assert!(message.contains("no key credential"), "{message}");
    world.credential(&site, &credential.jwt).await;

    let message = world
        .reason("AICIntegration", "dev", "Ready", "SecretNotFound")
        .await;
    assert!(message.contains("Secret aic-dev does not exist"), "{message}");
    let account = site.tenant.create_service_account("operator", &SCOPES);
    let wrong = [("id", account.id.as_str()), ("jwk", account.jwk.as_str())];
    world.namespace.secret("aic-dev", &wrong).await.unwrap();
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "SecretKeyMissing")
        .await;
    assert!(message.contains("no key serviceAccountId"), "{message}");
    world.secrets(&site, &credential.jwt).await;
    world.active("dev").await;
    world.check_outputs().await;
}

struct Old {
    network: Network,
    namespace: Namespace,
    operator: Operator,
    definition: Value,
}

/// A cluster of its own, whose definition of integrations was changed by `change`.
async fn old(change: impl FnOnce(&mut Value)) -> Old {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = Namespace::create(&control_plane, "pingone-aic").await.unwrap();
    let get = ["get", "crd", "aicintegrations.pingone-aic.io", "--output", "json"];
    let mut definition: Value = serde_json::from_str(&control_plane.kubectl(&get).await.unwrap()).unwrap();
    for field in [
        "resourceVersion",
        "managedFields",
        "uid",
        "creationTimestamp",
        "generation",
    ] {
        definition["metadata"].as_object_mut().unwrap().remove(field);
    }
    definition.as_object_mut().unwrap().remove("status");
    let mut changed = definition.clone();
    change(&mut changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]);
    let network = Network::start().await;
    replace(&namespace, &changed).await;
    let values = Values::new(env!("CARGO_BIN_EXE_pingone-aic-operator"))
        .vendors(&network.proxy_url(), &network.ca_pem())
        .set(json!({"log": {"level": "trace"}}));
    let operator = Operator::install(&namespace, values).await.unwrap();
    Old {
        network,
        namespace,
        operator,
        definition,
    }
}

async fn replace(namespace: &Namespace, definition: &Value) {
    let patch = json!([{"op": "replace", "path": "/spec/versions", "value": definition["spec"]["versions"]}]);
    let name = "aicintegrations.pingone-aic.io";
    let patch = patch.to_string();
    let command = ["patch", "crd", name, "--type=json", "--patch", &patch];
    namespace.control_plane().kubectl(&command).await.unwrap();
}

#[tokio::test]
async fn under_an_older_definition_nothing_is_sent_and_the_remedy_is_said() {
    let old = old(|schema| {
        let esv = &mut schema["properties"]["status"]["properties"]["esv"]["properties"];
        esv.as_object_mut().unwrap().remove("pending");
    })
    .await;
    let world = World {
        network: old.network,
        namespace: old.namespace.into(),
        operator: old.operator,
    };
    let site = world.site("dev", Kind::Development);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    let message = world
        .reason("AICIntegration", "dev", "Stalled", "CRDOutdated")
        .await;
    assert!(message.contains("apply the CRDs of this version"), "{message}");
    let (status, missing) = world.operator.health("/readyz").await.unwrap();
    assert!(
        status == 503 && missing.contains("older than the operator"),
        "{missing}"
    );
    let calls = world.network.journal();
    assert!(
        calls.iter().all(|call| call.host != site.tenant.host()),
        "nothing is sent to the tenant"
    );
    replace(&world.namespace, &old.definition).await;
    world
        .namespace
        .wait_for(
            "AICIntegration",
            "dev",
            "to go on by itself",
            A_MINUTE,
            |object| pingone_aic_harness::is_condition(object, "Active", "True"),
        )
        .await
        .unwrap();
    assert_eq!(world.operator.health("/readyz").await.unwrap().0, 200);
}

#[tokio::test]
async fn an_object_that_cannot_be_decoded_is_told_of_and_stops_nobody() {
    let old = old(|schema| {
        // A definition in which the interval may be anything.
        schema["properties"]["spec"]["properties"]["interval"] =
            json!({"x-kubernetes-preserve-unknown-fields": true});
        schema["properties"]["spec"]
            .as_object_mut()
            .unwrap()
            .remove("x-kubernetes-validations");
    })
    .await;
    let mut world = World {
        network: old.network,
        namespace: old.namespace.into(),
        operator: old.operator,
    };
    let site = world.site("dev", Kind::Development);
    let odd = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration",
        "metadata": {"name": "odd", "finalizers": ["pingone-aic.io/cleanup"]},
        "spec": {
            "connectionRef": {"name": "dev"}, "name": "Odd", "realm": "alpha", "interval": {"minutes": 10},
            "tenant": {
                "url": site.tenant.url(), "environment": "Development",
                "serviceAccountSecretRef": {"name": "aic-dev"},
            },
        },
    });
    world.namespace.apply(odd).await.unwrap();
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    let event = world.event("InvalidObject").await;
    assert!(event.contains("cannot read the object"), "{event}");
    // It is not held back by a finalizer that nobody can act on.
    world.delete("odd").await;
    let metrics = world.operator.metrics().await.unwrap();
    assert!(metrics.contains("pingone_aic_left_behind_total 1"), "{metrics}");
    world.check_outputs().await;
}
