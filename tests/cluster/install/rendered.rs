//! What the chart renders, with every switch, against what the API server knows.

use std::{fs, path::Path, process::Command};

use pingone_aic_harness::{ControlPlane, ManifestChecks, TestNamespace, repository};
use serde_json::{Value, json};

use super::{CHART, tempfolder};

/// Each switch is on in one of the first three.
fn all_values() -> [Value; 4] {
    let all_switches = json!({
        "rbac": {"userRoles": true},
        "networkPolicy": {
            "enabled": true,
            "metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        },
        "podMonitor": {"enabled": true, "labels": {"release": "prometheus"}, "interval": "30s"},
        "metrics": {"perObject": true},
        "prometheusRule": {"enabled": true, "labels": {"release": "prometheus"}, "disabled": ["PingOneAICChangesWait"]},
        "grafanaDashboard": {"enabled": true, "annotations": {"grafana_folder": "Identity"}},
        "priorityClassName": "system-cluster-critical",
        "image": {"digest": format!("sha256:{}", "0".repeat(64))},
        "imagePullSecrets": [{"name": "pull"}],
        "caBundle": {"secret": "ca"},
        "proxy": {"https": "http://proxy:3128", "noProxy": "localhost"},
        "podAnnotations": {"a": "b"}, "podLabels": {"a": "b"}, "nodeSelector": {"a": "b"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "extraEnv": [{"name": "A", "value": "b"}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
        "revisionHistoryLimit": 2,
        "extraObjects": [{
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "{{ .Release.Name }}-more"}, "data": {"a": "b"},
        }],
    });
    let single = json!({"leaderElect": false, "replicas": 1, "watchAllNamespaces": true});
    let roles_only = json!({"rbac": {"clusterRole": false}});
    let openshift = fs::read_to_string(repository().join("deploy/openshift/values.yaml")).unwrap();
    let openshift = serde_saphyr::from_str(&openshift).unwrap();
    [all_switches, single, roles_only, openshift]
}

/// Objects with no field too many: the API server itself says so, and kubeconform by the API server's schemas, as
/// people's pipelines do.
#[tokio::test]
async fn every_field_that_is_rendered_is_known() {
    let checks = tokio::task::spawn_blocking(ManifestChecks::locate)
        .await
        .unwrap()
        .unwrap();
    let control_plane = ControlPlane::shared().await;
    let namespace = TestNamespace::create("what is rendered is known").await;
    let folder = tempfolder();
    fs::create_dir_all(&folder).unwrap();
    for definition in &checks.monitoring {
        let definition = definition.to_str().unwrap();
        for action in [
            &["apply", "--server-side"][..],
            &["wait", "--for=condition=Established", "--timeout=60s"],
        ] {
            let arguments = [action, &["--filename", definition]].concat();
            control_plane.kubectl(&arguments).await.unwrap();
        }
    }
    write_schemas(&control_plane, &folder).await;
    let conforms = |manifests: &Path| {
        let output = Command::new(&checks.kubeconform)
            .args(["-strict", "-summary", "-schema-location"])
            .arg(folder.join("{{.ResourceKind}}{{.KindSuffix}}.json"))
            .arg(manifests)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(()).ok_or(said)
    };

    let manifests = folder.join("rendered.yaml");
    for values in all_values() {
        let file = folder.join("values.json");
        fs::write(&file, values.to_string()).unwrap();
        let (chart, file) = (repository().join(CHART), file.to_str().unwrap());
        let template = ["template", "release", chart.to_str().unwrap(), "--namespace"];
        let template = [&template[..], &[namespace.name(), "--values", file]].concat();
        let rendered = control_plane.helm(&template).await.unwrap();
        fs::write(&manifests, &rendered).unwrap();
        assert_eq!(conforms(&manifests), Ok(()));

        let apply = ["apply", "--dry-run=server", "--validate=strict", "--namespace"];
        // The definitions themselves are there already, and are kubectl's.
        let file = [
            "--force-conflicts",
            "--server-side",
            "--filename",
            manifests.to_str().unwrap(),
        ];
        let apply = [&apply[..], &[namespace.name()], &file].concat();
        let applied = control_plane.kubectl(&apply).await.unwrap();
        assert!(applied.contains("deployment.apps/"), "{applied}");

        // A test of the test: a field too many is found.
        let wrong = rendered.replace("  replicas: ", "  replica: 1\n  replicas: ");
        fs::write(&manifests, wrong).unwrap();
        let complaint = conforms(&manifests).unwrap_err();
        assert!(complaint.contains("'replica'"), "{complaint}");
    }
    fs::remove_dir_all(folder).unwrap();
}

/// A schema for each kind that the running API server knows, as kubeconform reads them, which allows no field that the
/// API server does not name.
async fn write_schemas(control_plane: &ControlPlane, folder: &Path) {
    let description = control_plane
        .kubectl(&["get", "--raw", "/openapi/v2"])
        .await
        .unwrap();
    let mut description: Value = serde_json::from_str(&description).unwrap();
    let mut definitions = description["definitions"].take();
    let all = definitions.as_object_mut().unwrap();
    for definition in all.values_mut() {
        strict(definition);
    }
    fs::write(
        folder.join("definitions.json"),
        json!({"definitions": all}).to_string(),
    )
    .unwrap();
    for (name, definition) in all {
        let kinds = definition["x-kubernetes-group-version-kind"].as_array();
        for kind in kinds.into_iter().flatten() {
            let text = |field: &str| kind[field].as_str().unwrap().to_lowercase();
            let group = text("group");
            let group = group.split('.').next().unwrap_or_default();
            let parts = [&text("kind"), group, &text("version")];
            let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let schema = json!({"$ref": format!("definitions.json#/definitions/{name}")});
            fs::write(
                folder.join(format!("{}.json", parts.join("-"))),
                schema.to_string(),
            )
            .unwrap();
        }
    }
}

fn strict(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields
                .get("format")
                .is_some_and(|format| format == "int-or-string")
            {
                fields.insert("type".to_owned(), json!(["integer", "string"]));
            }
            let is_open = fields.contains_key("additionalProperties")
                || fields.contains_key("x-kubernetes-preserve-unknown-fields");
            if fields.get("properties").is_some_and(Value::is_object) && !is_open {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            fields.values_mut().for_each(strict);
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}
