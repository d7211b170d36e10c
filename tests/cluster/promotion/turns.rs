//! Requests to the API server go by few turns, so that many objects do not overwhelm it. A run waits for none.

use std::{fmt::Write as _, time::Duration};

use k8s_openapi::api::core::v1::Event;
use kube::{Api, api::ListParams};
use pingone_aic_simulator::{Fault, Rule, tenant::Times};
use pingone_aic_support::API_SERVER;
use serde_json::json;

use crate::promotion::leaders::{NO_TIME, Replicas, wait};

/// As many as there are turns, and more that wait for one.
const TURNS: u32 = 16;
const OBJECTS: u32 = 20;

#[tokio::test]
async fn a_run_goes_on_though_every_turn_is_taken() {
    let replicas = Replicas::start("every turn is taken").await;
    replicas.up().await;
    let reads = Rule::on(API_SERVER).method("GET").path_contains("/secrets/held-");
    let held = replicas.network.fault(reads, Fault::Hang);
    let mut manifests = String::new();
    for number in 0..OBJECTS {
        let name = format!("held-{number}");
        let connection = json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": name},
            "spec": {"credentialSecretRef": {"name": name}, "environment": {"name": name}},
        });
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"credential": "held"},
        });
        writeln!(manifests, "---\n{secret}\n---\n{connection}").unwrap();
    }
    replicas.namespace.apply(manifests).await.unwrap();
    wait("every turn is taken", || held.hits() == TURNS).await;
    // It waits for its dry run, and people are told.
    let times = Times {
        dry_run: Duration::from_secs(1),
        ..NO_TIME
    };
    replicas.company.group.set_times(times);
    replicas.promote().await;
    replicas.locked().await;
    replicas.told_of_promotion().await;
    assert_eq!(held.hits(), TURNS, "a turn was free");
}

impl Replicas {
    /// People have been told of the run.
    async fn told_of_promotion(&self) {
        let events: Api<Event> = Api::namespaced(self.namespace.client(), self.namespace.name());
        let of_run = ListParams::default().fields("involvedObject.kind=Promotion");
        while events.list(&of_run).await.unwrap().items.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
