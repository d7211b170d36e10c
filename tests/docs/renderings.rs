//! What each value of the chart changes of what it renders, as files that a review of the chart shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::Command,
    sync::LazyLock,
};

use pingone_aic_harness::{Programs, repository};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::{chart_values::default_values, is_generated};

const FOLDER: &str = "tests/docs/renderings";
static HELM: LazyLock<PathBuf> = LazyLock::new(|| Programs::locate().unwrap().helm);

/// Values beside the defaults, each under the name of its file.
#[allow(clippy::too_many_lines, reason = "a table is long")]
fn cases() -> Vec<(&'static str, Value)> {
    let monitoring =
        json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]);
    let all_alerts_but = |kept: &str| -> Vec<String> {
        let rendered = render(&json!({"prometheusRule": {"enabled": true}}));
        let names = rendered.values().flat_map(|text| text.lines());
        let names = names.filter_map(|line| line.trim().strip_prefix("- alert: "));
        names.filter(|name| *name != kept).map(str::to_owned).collect()
    };
    vec![
        ("replicas", json!({"replicas": 1})),
        (
            "image-by-tag",
            json!({"image": {"repository": "registry.example.com/operator", "tag": "1.2.3", "pullPolicy": "Always"}}),
        ),
        (
            "image-by-digest",
            json!({"image": {"tag": "1.2.3", "digest": format!("sha256:{}", "0".repeat(64))}}),
        ),
        (
            "image-pull-secrets",
            json!({"imagePullSecrets": [{"name": "pull"}]}),
        ),
        ("watch-namespaces", json!({"watchNamespaces": ["one", "two"]})),
        ("watch-all-namespaces", json!({"watchAllNamespaces": true})),
        ("selector", json!({"selector": "shard=a"})),
        ("no-leader-election", json!({"leaderElect": false, "replicas": 1})),
        (
            "allowed-hosts",
            json!({"allowedTenantHosts": ["*.example.com"], "allowedPingOneHosts": ["api.example.com:8443"]}),
        ),
        (
            "requests-per-second",
            json!({"tenantRequestsPerSecond": 5, "pingoneRequestsPerSecond": 6}),
        ),
        ("otlp-endpoint", json!({"otlpEndpoint": "http://collector:4318"})),
        ("bind-address", json!({"bindAddress": "[::]"})),
        ("log", json!({"log": {"format": "text", "level": "debug"}})),
        (
            "ca-bundle-config-map",
            json!({"caBundle": {"configMap": "ca", "key": "ca.pem"}}),
        ),
        ("ca-bundle-secret", json!({"caBundle": {"secret": "ca"}})),
        (
            "proxy",
            json!({"proxy": {"https": "http://proxy:3128", "noProxy": "localhost"}}),
        ),
        ("no-crds", json!({"crds": {"enabled": false}})),
        ("crds-not-kept", json!({"crds": {"keep": false}})),
        ("no-cluster-role", json!({"rbac": {"clusterRole": false}})),
        ("user-roles", json!({"rbac": {"userRoles": true}})),
        (
            "service-account",
            json!({"serviceAccount": {"name": "operator", "annotations": {"a": "b"}}}),
        ),
        (
            "no-service-account",
            json!({"serviceAccount": {"create": false, "name": "operator"}}),
        ),
        ("resources", json!({"resources": {"limits": {"memory": "256Mi"}}})),
        (
            "no-pod-disruption-budget",
            json!({"podDisruptionBudget": {"enabled": false}}),
        ),
        (
            "pod-disruption-budget",
            json!({"replicas": 3, "podDisruptionBudget": {"maxUnavailable": 2}}),
        ),
        (
            "pod-monitor",
            json!({"podMonitor": {"enabled": true, "labels": {"release": "prometheus"}, "interval": "30s"}}),
        ),
        ("metrics-per-object", json!({"metrics": {"perObject": true}})),
        (
            "prometheus-rule",
            json!({"prometheusRule": {
                "enabled": true, "labels": {"release": "prometheus"}, "docsUrl": "https://docs.example.com",
                "disabled": all_alerts_but("PingOneAICEnvironmentLocked"),
            }}),
        ),
        (
            "grafana-dashboard",
            json!({"grafanaDashboard": {
                "enabled": true, "labels": {"dashboards": "yes"}, "annotations": {"grafana_folder": "Identity"},
            }}),
        ),
        ("network-policy", json!({"networkPolicy": {"enabled": true}})),
        (
            "network-policy-of-a-site",
            json!({"networkPolicy": {
                "enabled": true, "egressPorts": [443, 3128], "dnsPorts": [5353], "metricsFrom": monitoring,
            }}),
        ),
        (
            "deployment",
            json!({
                "revisionHistoryLimit": 2,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
            }),
        ),
        (
            "security-contexts",
            json!({
                "podSecurityContext": {
                    "runAsNonRoot": null, "runAsUser": 1, "runAsGroup": 2,
                    "seccompProfile": {"type": "Localhost", "localhostProfile": "operator.json"},
                },
                "containerSecurityContext": {
                    "allowPrivilegeEscalation": null, "readOnlyRootFilesystem": null, "capabilities": null,
                    "seLinuxOptions": {"level": "s0:c1,c2"},
                },
            }),
        ),
        (
            "pod",
            json!({"podAnnotations": {"a": "b"}, "podLabels": {"c": "d"}, "priorityClassName": "important"}),
        ),
        (
            "scheduling",
            json!({
                "topologySpreadConstraints": [], "nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}],
                "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
            }),
        ),
        (
            "extras",
            json!({
                "extraEnv": [{"name": "A", "value": "b"}],
                "extraVolumes": [{"name": "more", "emptyDir": {}}],
                "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
                "extraObjects": [{
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": "{{ .Release.Name }}-more"}, "data": {"a": "b"},
                }],
            }),
        ),
    ]
}

/// What the chart renders with these values: the objects, by kind and name.
fn render(values: &Value) -> BTreeMap<String, String> {
    let file = std::env::temp_dir().join(format!("pingone-aic-values-{}.json", uuid::Uuid::new_v4()));
    fs::write(&file, values.to_string()).unwrap();
    let output = Command::new(&*HELM)
        .args(["template", "pingone-aic-operator"])
        .arg(repository().join("charts/pingone-aic-operator"))
        .args(["--namespace", "pingone-aic", "--values"])
        .arg(&file)
        .output()
        .unwrap();
    fs::remove_file(file).unwrap();
    assert!(
        output.status.success(),
        "{values}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let objects = text
        .split("\n---\n")
        .map(|object| object.trim_start_matches("---\n"));
    objects.map(named).collect()
}

/// An object under its kind and name. What a file of its own holds is left out.
fn named(text: &str) -> (String, String) {
    let object: Value = serde_saphyr::from_str(text).unwrap();
    let of = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap();
    let (kind, name) = (of("/kind"), of("/metadata/name"));
    let end = match kind {
        "CustomResourceDefinition" => "\nspec:",
        "ConfigMap" if name.ends_with("dashboard") => "\ndata:",
        _ => "\n# the end",
    };
    let text = text.split(end).next().unwrap().trim_end();
    (format!("{kind} {name}"), format!("{text}\n"))
}

#[test]
fn each_value_changes_what_its_file_shows() {
    let default = render(&json!({}));
    let whole: Vec<_> = default.values().map(String::as_str).collect();
    is_generated(&format!("{FOLDER}/default.yaml"), &whole.join("---\n"));
    let mut names = BTreeSet::from(["default.yaml".to_owned()]);
    for (name, values) in cases() {
        let rendered = render(&values);
        let mut text = format!("With the values {values}\n");
        for object in default.keys().chain(rendered.keys()).collect::<BTreeSet<_>>() {
            let of = |side: &BTreeMap<String, String>| side.get(object).cloned().unwrap_or_default();
            let (before, after) = (of(&default), of(&rendered));
            let diff = TextDiff::from_lines(&before, &after);
            let diff = diff.unified_diff().context_radius(2).to_string();
            if !diff.is_empty() {
                write!(text, "\n{object}\n{diff}").unwrap();
            }
        }
        assert_ne!(text.lines().count(), 1, "{name} changes nothing");
        let file = format!("{name}.diff");
        is_generated(&format!("{FOLDER}/{file}"), &text);
        names.insert(file);
    }
    let files = fs::read_dir(repository().join(FOLDER)).unwrap();
    let files: BTreeSet<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, names, "{FOLDER} and the cases");
}

#[test]
fn each_value_has_a_case() {
    let mut missing = BTreeSet::new();
    leaves(&default_values(), "", &mut missing);
    for (_, values) in cases() {
        missing.retain(|pointer| {
            let (given, default) = (values.pointer(pointer), default_values());
            given.is_none() || given == default.pointer(pointer)
        });
    }
    assert!(missing.is_empty(), "no case changes {missing:?}");
}

/// The values, and of a group those in it.
fn leaves(values: &Value, pointer: &str, into: &mut BTreeSet<String>) {
    for (name, value) in values.as_object().unwrap() {
        let pointer = format!("{pointer}/{name}");
        let is_group = value.as_object().is_some_and(|fields| !fields.is_empty());
        if is_group && pointer.matches('/').count() == 1 && name != "resources" {
            leaves(value, &pointer, into);
        } else {
            into.insert(pointer);
        }
    }
}
