//! A promotion group of three environments, and a run through it.

use std::time::Duration;

use pingone_aic_harness::TestNamespace;
use pingone_aic_simulator::{Mutability, Network, tenant::Times};
use serde_json::{Value, json};

use crate::fleet::{Fleet, Member, Size};

/// The lowest first: name, part of the host's name, kind.
pub const STAGES: [(&str, &str, &str); 3] = [
    ("dev", "-dev", "Development"),
    ("staging", "-staging", "Staging"),
    ("prod", "", "Production"),
];
/// What the integration is called in all of them.
pub const NAME: &str = "PingOne-Integration-AIC";

/// The environments, with one integration each, of a platform that takes so long.
pub async fn fleet(times: Times) -> Fleet {
    let network = Network::start().await;
    let tenants = STAGES.map(|(stage, part, _)| {
        let mutability = if stage == "dev" {
            Mutability::Mutable
        } else {
            Mutability::Immutable
        };
        let names = vec![stage.to_owned()];
        Member::at(&network, stage, part, mutability, names)
    });
    let group = network.group(&tenants.each_ref().map(|member| &member.tenant));
    group.set_times(times);
    Fleet {
        network,
        tenants: tenants.into(),
        size: Size {
            tenants: STAGES.len(),
            integrations: STAGES.len(),
        },
    }
}

/// The objects of each stage.
pub fn objects(fleet: &Fleet) -> impl Iterator<Item = Vec<Value>> {
    let stages = fleet.tenants.iter().zip(STAGES);
    stages.map(|(member, (.., environment))| member.site.objects_as(environment, Some(NAME)))
}

/// A Promotion through all stages.
pub fn run() -> Value {
    let order = STAGES.map(|(stage, ..)| json!({"name": stage, "integrations": [stage]}));
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "metadata": {"name": "release"},
        "spec": {"order": order, "upTo": "prod"},
    })
}

/// Waits until the Promotion has succeeded.
pub async fn until_succeeded(namespace: &TestNamespace, patience: Duration) {
    let is_done = |object: &kube::core::DynamicObject| object.data["status"]["phase"] == "Succeeded";
    namespace
        .wait_for("Promotion", "release", "to have succeeded", patience, is_done)
        .await
        .unwrap();
}
