//! Definitions that were there before the chart: applied by hand, then a release's, then changed by an upgrade.

use std::fs;

use kube::core::DynamicObject;
use pingone_aic_harness::{ControlPlane, Namespace, repository};
use serde_json::Value;

use super::{CHART, NEW_FIELD, older_chart, tempfolder};

const DEFINITION: &str = "aicintegrations.pingone-aic.io";

async fn knows_the_new_field(control_plane: &ControlPlane) -> bool {
    let get = ["get", "customresourcedefinition", DEFINITION, "--output=json"];
    let definition: Value = serde_json::from_str(&control_plane.kubectl(&get).await.unwrap()).unwrap();
    definition.pointer(NEW_FIELD).unwrap()["credentialId"].is_object()
}

/// As the documents say: under Helm's own name, so that an upgrade may change what was applied by hand.
#[tokio::test]
async fn definitions_that_were_applied_by_hand_become_the_releases_and_are_upgraded() {
    for applied_before in [false, true] {
        let control_plane = ControlPlane::start().await.unwrap();
        let namespace = Namespace::create(&control_plane, "pingone-aic").await.unwrap();
        let older = tempfolder();
        older_chart(&older);
        let crds = older.join("files/crds");
        let crds = crds.to_str().unwrap();
        if applied_before {
            // Without a thought of Helm.
            control_plane
                .kubectl(&["apply", "--filename", crds])
                .await
                .unwrap();
        }
        let by_hand = [
            "apply",
            "--server-side",
            "--field-manager=helm",
            "--filename",
            crds,
        ];
        control_plane.kubectl(&by_hand).await.unwrap();
        let within = ["--namespace", namespace.name()];
        let install = [
            "install",
            "pingone-aic-operator",
            older.to_str().unwrap(),
            "--take-ownership",
        ];
        control_plane
            .helm(&[&install[..], &within].concat())
            .await
            .unwrap();
        assert!(!knows_the_new_field(&control_plane).await);

        let chart = repository().join(CHART);
        let upgrade = [
            "upgrade",
            "pingone-aic-operator",
            chart.to_str().unwrap(),
            "--reset-then-reuse-values",
        ];
        control_plane
            .helm(&[&upgrade[..], &within].concat())
            .await
            .unwrap();
        assert!(knows_the_new_field(&control_plane).await, "upgraded");

        // And back, as helm does it, which leaves no object without its definition.
        let rollback = ["rollback", "pingone-aic-operator"];
        control_plane
            .helm(&[&rollback[..], &within].concat())
            .await
            .unwrap();
        assert!(!knows_the_new_field(&control_plane).await, "rolled back");
        let uninstall = ["uninstall", "pingone-aic-operator"];
        control_plane
            .helm(&[&uninstall[..], &within].concat())
            .await
            .unwrap();
        let definitions: Vec<DynamicObject> = all_definitions(&control_plane).await;
        assert_eq!(definitions.len(), 3, "they stay");
        fs::remove_dir_all(older).unwrap();
    }
}

async fn all_definitions(control_plane: &ControlPlane) -> Vec<DynamicObject> {
    let get = ["get", "customresourcedefinitions", "--output=json"];
    let mut all: Value = serde_json::from_str(&control_plane.kubectl(&get).await.unwrap()).unwrap();
    serde_json::from_value(all["items"].take()).unwrap()
}
