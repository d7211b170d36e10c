//! Two installations in one namespace, which divide its objects by labels.

use kube::core::DynamicObject;
use pingone_aic_harness::{Operator, Values};
use serde_json::{Value, json};

use crate::integration::{
    witness::condition,
    world::{Kind, SOON, World, credential_of},
};

impl World {
    /// One more installation beside the world's own, for the objects with these labels.
    async fn beside(&self, selector: &str) -> Operator {
        let values = Values::new(env!("CARGO_BIN_EXE_pingone-aic-operator"))
            .vendors(&self.network.proxy_url(), &self.network.ca_pem())
            .set(json!({"selector": selector}));
        Operator::install(&self.namespace, values).await.unwrap()
    }

    async fn label(&self, kind: &str, name: &str, shard: &str) {
        let labels = json!({"metadata": {"labels": {"shard": shard}}});
        self.namespace.patch(kind, name, &labels).await.unwrap();
    }

    async fn labelled(&self, mut manifest: Value, shard: &str) {
        manifest["metadata"]["labels"] = json!({"shard": shard});
        self.namespace.apply(manifest).await.unwrap();
    }

    /// Waits until what is created from now on is younger than this object: the API server counts in seconds.
    async fn grow_older(&self, kind: &str, name: &str) {
        let created = |object: &DynamicObject| object.metadata.creation_timestamp.clone().map(|time| time.0);
        let object = self.namespace.get(kind, name).await.unwrap();
        for number in 0.. {
            let tick = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("tick-{number}")},
            });
            let tick = self.namespace.apply(tick).await.unwrap().remove(0);
            if created(&tick) > created(&object) {
                return;
            }
        }
    }

    /// Waits until an object is stalled for a reason; its message.
    async fn stalled(&self, kind: &str, name: &str, reason: &str) -> String {
        let message = self.reason(kind, name, "Ready", reason).await;
        let object = self.namespace.get(kind, name).await.unwrap();
        assert!(
            pingone_aic_harness::is_condition(&object, "Stalled", "True"),
            "{kind} {name}"
        );
        message
    }
}

fn integration(name: &str, connection: &str, url: &str, environment: &str, account: &str) -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": name},
        "spec": {
            "connectionRef": {"name": connection}, "name": name, "realm": "alpha",
            "tenant": {
                "url": url, "environment": environment, "serviceAccountSecretRef": {"name": account},
            },
        },
    })
}

#[tokio::test]
async fn installations_divide_the_objects_and_what_refers_across_is_stalled_by_name() {
    let mut world = World::start_with(
        "two installations divide the objects",
        json!({"selector": "shard=a"}),
    )
    .await;
    let other = world.beside("shard=b").await;
    let (dev, sandbox) = (
        world.site("dev", Kind::Development),
        world.site("sandbox", Kind::Sandbox),
    );
    for (site, kind, shard) in [(&dev, Kind::Development, "a"), (&sandbox, Kind::Sandbox, "b")] {
        world.apply(site, kind, &credential_of(site).jwt).await;
        for kind in ["PingOneConnection", "AICIntegration"] {
            world.label(kind, site.name, shard).await;
        }
        world.active(site.name).await;
    }
    let (of_a, of_b) = (r#""name":"dev""#, r#""name":"sandbox""#);
    let (a, b) = (world.operator.log(), other.log());
    assert!(a.contains(of_a) && !a.contains(of_b), "each sees to its own only");
    assert!(b.contains(of_b) && !b.contains(of_a), "each sees to its own only");

    let (url, account) = (sandbox.tenant.url(), "aic-sandbox");
    world
        .labelled(integration("crossing", "dev", &url, "Sandbox", account), "b")
        .await;
    let message = world
        .stalled("AICIntegration", "crossing", "OutsideSelector")
        .await;
    assert!(
        message.contains("PingOneConnection dev") && message.contains("shard=b"),
        "{message}"
    );

    // Another connection with development's credential, so that nothing but the tenant is across.
    let connection = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": "dev-again"},
        "spec": {
            "credentialSecretRef": {"name": "pingone-dev"}, "environment": {"name": dev.environment.name()},
        },
    });
    world.labelled(connection, "b").await;
    world.grow_older("AICIntegration", "dev").await;
    let second = integration("second", "dev-again", &dev.tenant.url(), "Development", "aic-dev");
    world.labelled(second, "b").await;
    let message = world
        .stalled("AICIntegration", "second", "TenantOfAnotherInstallation")
        .await;
    assert!(
        message.contains("has the older AICIntegration") && message.contains("/dev, which is not"),
        "{message}"
    );

    // The stray spoils nothing for what its tenant's own installation is given later.
    world.grow_older("AICIntegration", "second").await;
    let third = integration("third", "dev", &dev.tenant.url(), "Development", "aic-dev");
    world.labelled(third, "a").await;
    world.active("third").await;

    let run = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "metadata": {"name": "release"},
        "spec": {
            "order": [
                {"name": "development", "integrations": ["dev"]},
                {"name": "staging", "integrations": ["sandbox"]},
            ],
            "upTo": "staging",
        },
    });
    world.labelled(run, "b").await;
    let message = world.stalled("Promotion", "release", "GroupInvalid").await;
    assert!(message.contains("AICIntegration dev exists"), "{message}");
    // Given to the other installation, it is looked at by that one at once.
    world.label("Promotion", "release", "a").await;
    world
        .namespace
        .wait_for(
            "Promotion",
            "release",
            "to be seen to by the other",
            SOON,
            |object| {
                let ready = condition(object, "Ready");
                ready["message"]
                    .as_str()
                    .is_some_and(|says| says.contains("AICIntegration sandbox exists"))
            },
        )
        .await
        .unwrap();

    // Once all of a tenant is one installation's, it is seen to.
    for (kind, name) in [("PingOneConnection", "dev-again"), ("AICIntegration", "second")] {
        world.label(kind, name, "a").await;
    }
    world
        .namespace
        .wait_for("AICIntegration", "second", "to be Active", SOON, |object| {
            pingone_aic_harness::is_condition(object, "Active", "True")
        })
        .await
        .unwrap();
    world.check_outputs().await;
}
