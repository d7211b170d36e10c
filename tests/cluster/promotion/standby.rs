//! Who stands by: it has seen everything, does nothing, and is there when the lease is free.

use std::time::{Duration, Instant};

use kube::core::DynamicObject;
use pingone_aic_harness::{ControlPlane, Namespace, Operator, TestNamespace, Values, operator_binary};
use pingone_aic_simulator::{Exchange, Network};
use pingone_aic_support::{
    API_SERVER, behind,
    company::{Company, THREE},
    invariants::MARK,
    relay,
};
use serde_json::json;

use crate::promotion::leaders::{NO_TIME, leads, wait};

/// A cluster of its own, in which an integration's interval may be anything.
async fn lenient_cluster() -> TestNamespace {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let patch = json!([
        {"op": "remove", "path": format!("{spec}/x-kubernetes-validations")},
        {
            "op": "replace", "path": format!("{spec}/properties/interval"),
            "value": {"x-kubernetes-preserve-unknown-fields": true},
        },
    ])
    .to_string();
    let name = "aicintegrations.pingone-aic.io";
    let command = ["patch", "crd", name, "--type=json", "--patch", &patch];
    control_plane.kubectl(&command).await.unwrap();
    let namespace = Namespace::create(&control_plane, "pingone-aic").await;
    TestNamespace::from(namespace.unwrap())
}

fn is_of_lease(call: &Exchange) -> bool {
    call.path.contains("/leases/")
}

/// Waits until people are told of an object that cannot be decoded.
async fn until_told(namespace: &TestNamespace) {
    let get = [
        "get",
        "events",
        "--namespace",
        namespace.name(),
        "--output",
        "yaml",
    ];
    let started = Instant::now();
    loop {
        let events = namespace.control_plane().kubectl(&get).await.unwrap();
        if events.contains("InvalidObject") {
            return;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "{events}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn who_stands_by_is_warm_and_neither_writes_nor_asks_a_vendor() {
    let network = Network::start().await;
    let namespace = lenient_cluster().await;
    relay(&network, API_SERVER, &namespace);
    let values = behind(&network, API_SERVER, Values::new(operator_binary().unwrap()));
    let mut operator = Operator::prepare(&namespace, values).await.unwrap();
    let lease = format!("{}-pingone-aic-operator", operator.release());
    let held = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": lease},
        "spec": {"holderIdentity": "another", "leaseDurationSeconds": 3600, "leaseTransitions": 0},
    });
    namespace.apply(held).await.unwrap();
    let company = Company::new(&network, 1, &THREE);
    company.group.set_times(NO_TIME);
    company.apply(&namespace).await;
    let run = company.promotion("release", json!({"upTo": "staging"}));
    namespace.apply(run).await.unwrap();
    let odd = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": "odd"},
        "spec": {
            "connectionRef": {"name": "odd"}, "name": "Odd", "realm": "alpha", "interval": {"minutes": 10},
            "tenant": {
                "url": company.site("dev").tenant.url(), "environment": "Development",
                "serviceAccountSecretRef": {"name": "odd"},
            },
        },
    });
    namespace.apply(odd).await.unwrap();

    operator.start().await.unwrap();
    // It looks whether the lease is free every two seconds.
    wait("it has stood by for a while", || {
        network.journal().iter().filter(|call| is_of_lease(call)).count() >= 5
    })
    .await;
    let calls = network.journal();
    for kind in ["pingoneconnections", "aicintegrations", "promotions", "secrets"] {
        let is_listed = calls
            .iter()
            .any(|call| call.is("GET", &format!("/{kind}")) && call.status == Some(200));
        assert!(is_listed, "{kind} are not known");
    }
    let acts = |call: &&Exchange| call.host != API_SERVER || (call.method != "GET" && !is_of_lease(call));
    let acted: Vec<_> = calls.iter().filter(acts).map(ToString::to_string).collect();
    assert!(acted.is_empty(), "{acted:?}");
    assert!(!leads(&operator));

    let free = json!({"spec": {"holderIdentity": null}});
    namespace
        .patch("coordination.k8s.io/v1/Lease", &lease, &free)
        .await
        .unwrap();
    let is_gated = |object: &DynamicObject| object.data["status"]["phase"] == "Gated";
    let within = Duration::from_mins(3);
    namespace
        .wait_for("Promotion", "release", "to be Gated", within, is_gated)
        .await
        .unwrap();
    until_told(&namespace).await;
    assert_eq!(company.violation(&network.journal(), MARK), None);
}
