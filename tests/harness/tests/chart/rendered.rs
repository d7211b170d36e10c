//! What the chart renders of its values.

use super::*;

#[test]
fn the_pod_is_what_the_values_say() {
    const CONTAINER: &str = "/spec/template/spec/containers/0";
    let digest = format!("sha256:{}", "0".repeat(64));
    let with_digest =
        format!("image={{\"repository\":\"registry/operator\",\"tag\":\"1\",\"digest\":\"{digest}\"}}");
    let own =
        json!({"app.kubernetes.io/name": "pingone-aic-operator", "app.kubernetes.io/instance": "release"});
    let spread = json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b"}}});
    let spread = format!("topologySpreadConstraints=[{spread}]");
    let selector = "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels";
    let volume = json!({"name": "more", "emptyDir": {}});
    let volumes = format!("extraVolumes=[{volume}]");
    let mount = json!({"name": "more", "mountPath": "/more"});
    let mounts = format!("extraVolumeMounts=[{mount}]");
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}});
    let strategy = format!("strategy={rolling}");
    let cases: [(&[&str], String, Value); 19] = [
        (
            &["image={\"repository\":\"registry/operator\",\"tag\":\"1\"}"],
            format!("{CONTAINER}/image"),
            json!("registry/operator:1"),
        ),
        (
            &[&with_digest],
            format!("{CONTAINER}/image"),
            json!(format!("registry/operator@{digest}")),
        ),
        (&[], format!("{CONTAINER}/env"), Value::Null),
        (
            &["proxy={\"https\":\"http://proxy:3128\",\"noProxy\":\".local\"}"],
            format!("{CONTAINER}/env"),
            json!([{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}, {"name": "NO_PROXY", "value": ".local"}]),
        ),
        (
            &[],
            format!("{CONTAINER}/securityContext"),
            json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}}),
        ),
        (
            &[],
            "/spec/template/spec/securityContext".to_owned(),
            json!({"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}}),
        ),
        // As OpenShift wants it.
        (
            &[
                "podSecurityContext.runAsUser=null",
                "podSecurityContext.runAsGroup=null",
            ],
            "/spec/template/spec/securityContext".to_owned(),
            json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}),
        ),
        (
            &["containerSecurityContext=null"],
            format!("{CONTAINER}/securityContext"),
            Value::Null,
        ),
        (&[], "/spec/template/spec/volumes".to_owned(), Value::Null),
        (
            &[&volumes, &mounts],
            "/spec/template/spec/volumes".to_owned(),
            json!([volume]),
        ),
        (
            &[&volumes, &mounts],
            format!("{CONTAINER}/volumeMounts"),
            json!([mount]),
        ),
        (&[], "/spec/strategy".to_owned(), Value::Null),
        (&[&strategy], "/spec/strategy".to_owned(), rolling),
        // Never two at once, whatever is asked for.
        (
            &[&strategy, "leaderElect=false", "replicas=1"],
            "/spec/strategy".to_owned(),
            json!({"type": "Recreate"}),
        ),
        (
            &["revisionHistoryLimit=0"],
            "/spec/revisionHistoryLimit".to_owned(),
            json!(0),
        ),
        (
            &[],
            "/spec/template/spec/terminationGracePeriodSeconds".to_owned(),
            json!(60),
        ),
        (&[], selector.to_owned(), own.clone()),
        (&[&spread], selector.to_owned(), json!({"a": "b"})),
        (&[], "/spec/selector/matchLabels".to_owned(), own),
    ];
    for (values, place, expected) in cases {
        let found = at(&template(values).unwrap(), "Deployment", &place);
        assert_eq!(found, expected, "{values:?} {place}");
    }
}

#[test]
fn what_stands_beside_the_pod_is_what_the_values_say() {
    let on = "networkPolicy.enabled=true";
    let peers = json!([{"namespaceSelector": {"matchLabels": {"a": "b"}}}]);
    let from = format!("networkPolicy.metricsFrom={peers}");
    let more = "extraObjects=[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"{{ .Release.Name }}-more\"}}]";
    let cases: [(&[&str], &str, &str, Value); 11] = [
        (&[], "PodDisruptionBudget", "/spec/maxUnavailable", json!(1)),
        (&["replicas=1"], "PodDisruptionBudget", "/spec", Value::Null),
        (&[], "NetworkPolicy", "/spec", Value::Null),
        (
            &[on],
            "NetworkPolicy",
            "/spec/ingress",
            json!([{"ports": [{"port": "health"}]}, {"ports": [{"port": "metrics"}]}]),
        ),
        // A kubelet's probes are let in all the same.
        (
            &[on, &from],
            "NetworkPolicy",
            "/spec/ingress",
            json!([{"ports": [{"port": "health"}]}, {"ports": [{"port": "metrics"}], "from": peers}]),
        ),
        (
            &[on],
            "NetworkPolicy",
            "/spec/egress/0/ports",
            json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]),
        ),
        (
            &[on, "networkPolicy.dnsPorts=[5353]"],
            "NetworkPolicy",
            "/spec/egress/0/ports",
            json!([{"port": 5353, "protocol": "UDP"}, {"port": 5353, "protocol": "TCP"}]),
        ),
        (
            &[on],
            "NetworkPolicy",
            "/spec/egress/1/ports",
            json!([{"port": 443}, {"port": 6443}]),
        ),
        (
            &[on, "networkPolicy.egressPorts=[443,4318]"],
            "NetworkPolicy",
            "/spec/egress/1/ports",
            json!([{"port": 443}, {"port": 4318}]),
        ),
        (
            &[on],
            "NetworkPolicy",
            "/spec/podSelector/matchLabels",
            json!({"app.kubernetes.io/name": "pingone-aic-operator", "app.kubernetes.io/instance": "release"}),
        ),
        (&[more], "ConfigMap", "/metadata/name", json!("release-more")),
    ];
    for (values, kind, place, expected) in cases {
        let found = at(&template(values).unwrap(), kind, place);
        assert_eq!(found, expected, "{values:?} {kind} {place}");
    }
}

#[test]
fn what_watches_it_is_what_the_values_say() {
    let monitor =
        "podMonitor={\"enabled\":true,\"labels\":{\"release\":\"prometheus\"},\"interval\":\"30s\"}";
    let dashboard = "grafanaDashboard={\"enabled\":true,\"annotations\":{\"grafana_folder\":\"Identity\"}}";
    let file = std::fs::read_to_string(chart().join("files/dashboard.json")).unwrap();
    let rule = "prometheusRule={\"enabled\":true,\"labels\":{\"release\":\"prometheus\"},\"docsUrl\":\"https://docs.example.com\"}";
    let cases: [(&[&str], &str, &str, Value); 11] = [
        (&[], "PodMonitor", "/spec", Value::Null),
        (
            &[monitor],
            "PodMonitor",
            "/spec/podMetricsEndpoints",
            json!([{"port": "metrics", "honorLabels": true, "interval": "30s"}]),
        ),
        (
            &[monitor],
            "PodMonitor",
            "/metadata/labels/release",
            json!("prometheus"),
        ),
        (&[], "PrometheusRule", "/spec", Value::Null),
        (
            &[rule],
            "PrometheusRule",
            "/metadata/labels/release",
            json!("prometheus"),
        ),
        (
            &[rule],
            "PrometheusRule",
            "/spec/groups/0/rules/0/annotations/runbook_url",
            json!("https://docs.example.com/troubleshooting.md#locknotreleased"),
        ),
        // The first is left out, and the second takes its place.
        (
            &[rule, "prometheusRule.disabled=[\"PingOneAICLockNeedsPerson\"]"],
            "PrometheusRule",
            "/spec/groups/0/rules/0/alert",
            json!("PingOneAICLockOwnershipUnknown"),
        ),
        (&[], "ConfigMap", "/metadata", Value::Null),
        (
            &[dashboard],
            "ConfigMap",
            "/metadata/labels/grafana_dashboard",
            json!("1"),
        ),
        (
            &[dashboard],
            "ConfigMap",
            "/metadata/annotations",
            json!({"grafana_folder": "Identity"}),
        ),
        (
            &[dashboard],
            "ConfigMap",
            "/data",
            json!({"pingone-aic-operator.json": file}),
        ),
    ];
    for (values, kind, place, expected) in cases {
        let found = at(&template(values).unwrap(), kind, place);
        assert_eq!(found, expected, "{values:?} {kind} {place}");
    }
}

/// Of a name of digits YAML makes a number, which no API server takes.
#[test]
fn names_of_digits_stay_names() {
    let rendered = helm(&[
        "template",
        "123",
        ".",
        "--namespace=456",
        "--set-string=watchNamespaces={789}",
        "--set-string=serviceAccount.name=1,priorityClassName=2,caBundle.configMap=3,caBundle.key=4",
    ]);
    let objects: Vec<Value> = serde_saphyr::from_multiple(&rendered.unwrap()).unwrap();
    for object in &objects {
        let metadata = &object["metadata"];
        for value in [
            &metadata["namespace"],
            &metadata["labels"]["app.kubernetes.io/instance"],
        ] {
            assert!(value.is_string() || value.is_null(), "{metadata}");
        }
    }
    assert_eq!(of_kind(&objects, "Role")[0]["metadata"]["namespace"], "789");
    assert_eq!(of_kind(&objects, "ServiceAccount")[0]["metadata"]["name"], "1");
    let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
    for (place, name) in [
        ("/serviceAccountName", "1"),
        ("/priorityClassName", "2"),
        ("/volumes/0/configMap/name", "3"),
        ("/volumes/0/configMap/items/0/key", "4"),
    ] {
        assert_eq!(pod.pointer(place).unwrap(), name, "{place}");
    }
}

#[test]
fn a_cluster_that_is_too_old_is_refused_by_its_version() {
    let of = |version: &str| helm(&["template", "release", ".", "--kube-version", version]);
    let complaint = of("1.30.9").unwrap_err();
    assert!(complaint.contains("1.31.0"), "{complaint}");
    // A vendor's own suffix is no release before it.
    of("1.31.0-gke.1").unwrap();
}

#[test]
fn the_notes_say_what_to_do_next() {
    let notes = |values: &[&str]| -> String {
        let sets = values.iter().flat_map(|value| ["--set-json", value]);
        let install = ["install", "release", ".", "--namespace=home", "--dry-run=client"];
        let printed = helm(&install.into_iter().chain(sets).collect::<Vec<_>>()).unwrap();
        printed.split_once("NOTES:\n").unwrap().1.to_owned()
    };
    let defaults = notes(&[]);
    for part in [
        "looks after the namespace(s) home.",
        "--namespace home rollout status deployment release-pingone-aic-operator",
        "image.repository is not set",
        "--namespace home create secret generic pingone-dev",
        "--namespace home apply",
        "--namespace home get aicintegrations --watch",
    ] {
        assert!(defaults.contains(part), "{part}: {defaults}");
    }
    let all = notes(&[
        "watchAllNamespaces=true",
        "selector=\"shard=a\"",
        "image.repository=\"registry/operator\"",
    ]);
    for part in [
        "looks after all namespaces",
        "shard=a",
        "--namespace <namespace> apply",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("image.repository"), "{all}");
}
