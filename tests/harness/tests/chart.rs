//! The chart by itself, without a cluster.

use clap::{CommandFactory, Parser};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionSpec;
use pingone_aic_harness::{Programs, repository};
use pingone_aic_operator::{http::HostPattern, runtime::Arguments};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn chart() -> PathBuf {
    repository().join("charts/pingone-aic-operator")
}

/// What helm printed: the result if it succeeded, the complaint if not.
fn helm(arguments: &[&str]) -> Result<String, String> {
    let helm = Programs::locate().map_err(|error| format!("{error:?}"))?.helm;
    let output = Command::new(helm).args(arguments).current_dir(chart()).output();
    let output = output.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

/// The rendered objects.
fn template(values: &[&str]) -> Result<Vec<Value>, String> {
    let sets = values.iter().flat_map(|value| ["--set-json", value]);
    let arguments: Vec<&str> = ["template", "release", ".", "--namespace=home"]
        .into_iter()
        .chain(sets)
        .collect();
    let rendered = helm(&arguments)?;
    serde_saphyr::from_multiple(&rendered).map_err(|error| format!("{error}\n{rendered}"))
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// What stands at a place in the object of a kind; nothing where there is no such object or place.
fn at(objects: &[Value], kind: &str, place: &str) -> Value {
    let object = of_kind(objects, kind).into_iter().next();
    object
        .and_then(|object| object.pointer(place))
        .cloned()
        .unwrap_or_default()
}

fn arguments(objects: &[Value]) -> Vec<String> {
    let container = &of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0];
    container["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[test]
fn lints() {
    helm(&["lint", "--strict", "."]).unwrap();
}

#[test]
fn unknown_and_impossible_values_are_refused_by_name() {
    let cases = [
        ("watchNamespace=\"a\"", "watchNamespace"),
        ("image.tags=\"a\"", "tags"),
        ("image.digest=\"abc\"", "/image/digest"),
        ("crds.enable=true", "enable"),
        ("proxy.no=\"a\"", "'no'"),
        ("log.format=\"xml\"", "/log/format"),
        ("watchNamespaces=[\"Upper\"]", "/watchNamespaces/0"),
        ("allowedTenantHosts=[\"https://host\"]", "/allowedTenantHosts/0"),
        ("allowedPingOneHosts=[\"a_b\"]", "/allowedPingOneHosts/0"),
        ("tenantRequestsPerSecond=0.9", "/tenantRequestsPerSecond"),
        ("bindAddress=\"::\"", "/bindAddress"),
        ("caBundle.key=\"../key\"", "/caBundle/key"),
        ("replicas=-1", "/replicas"),
        (
            "podDisruptionBudget.maxUnavailable=\"a\"",
            "/podDisruptionBudget/maxUnavailable",
        ),
        ("podMonitor.interval=\"often\"", "/podMonitor/interval"),
        ("networkPolicy.egressPorts=[0]", "/networkPolicy/egressPorts/0"),
        ("extraObjects=[{}]", "/extraObjects/0"),
        ("topologySpreadConstraints=[{}]", "/topologySpreadConstraints/0"),
    ];
    for (value, name) in cases {
        let complaint = template(&[value]).expect_err(value);
        assert!(complaint.contains(name), "{value}: {complaint}");
    }
}

#[test]
fn values_that_exclude_each_other_are_refused_by_name() {
    let complaint = template(&["watchAllNamespaces=true", "watchNamespaces=[\"a\"]"]).unwrap_err();
    assert!(
        complaint.contains("watchNamespaces and watchAllNamespaces exclude each other"),
        "{complaint}"
    );
    let complaint = template(&["caBundle={\"configMap\":\"a\",\"secret\":\"b\"}"]).unwrap_err();
    assert!(
        complaint.contains("caBundle.configMap and caBundle.secret exclude each other"),
        "{complaint}"
    );
    let complaint = template(&["leaderElect=false"]).unwrap_err();
    assert!(
        complaint.contains("set leaderElect, or replicas to 1"),
        "{complaint}"
    );
    let complaint = template(&["watchAllNamespaces=true", "rbac.clusterRole=false"]).unwrap_err();
    assert!(
        complaint.contains("watchAllNamespaces needs rbac.clusterRole"),
        "{complaint}"
    );
    let complaint = template(&["serviceAccount={\"create\":false}"]).unwrap_err();
    assert!(complaint.contains("serviceAccount.name"), "{complaint}");
}

#[test]
fn secrets_are_readable_in_the_watched_namespaces_only() {
    let namespaces = |objects: &[Value]| -> Vec<String> {
        let roles = of_kind(objects, "Role").into_iter();
        // The lease's own Role reads none.
        roles
            .filter(|role| role.to_string().contains("secrets"))
            .map(|role| {
                role["metadata"]["namespace"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let cluster_wide = |objects: &[Value]| of_kind(objects, "ClusterRole")[0].to_string().contains("secrets");
    let watched = |objects: &[Value]| -> Vec<String> {
        let arguments = arguments(objects).into_iter();
        arguments
            .filter_map(|argument| Some(argument.strip_prefix("--watch-namespace=")?.to_owned()))
            .collect()
    };

    let home = template(&[]).unwrap();
    assert_eq!(
        (namespaces(&home), watched(&home)),
        (vec!["home".to_owned()], vec!["home".to_owned()])
    );
    assert!(!cluster_wide(&home));

    let two = template(&["watchNamespaces=[\"a\",\"b\"]"]).unwrap();
    assert_eq!(
        (namespaces(&two), watched(&two)),
        (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()])
    );
    assert!(!cluster_wide(&two));

    let all = template(&["watchAllNamespaces=true"]).unwrap();
    assert_eq!((namespaces(&all), watched(&all)), (vec![], vec![]));
    assert!(cluster_wide(&all));
}

#[test]
fn the_lease_of_a_release_is_its_own_and_nothing_else_of_it_is_allowed() {
    let objects = template(&[]).unwrap();
    let roles = of_kind(&objects, "Role").into_iter();
    let lease = roles
        .filter(|role| role.to_string().contains("leases"))
        .collect::<Vec<_>>();
    assert_eq!(lease.len(), 1);
    let allowed = lease[0]["rules"].as_array().unwrap();
    let name = arguments(&objects)
        .into_iter()
        .find_map(|argument| Some(argument.strip_prefix("--lease-name=")?.to_owned()));
    assert_eq!(allowed[1]["resourceNames"][0].as_str(), name.as_deref());
    assert_eq!(allowed[0]["verbs"].as_array().unwrap(), &["create"]);

    let alone = template(&["leaderElect=false", "replicas=1"]).unwrap();
    assert!(
        !of_kind(&alone, "Role")
            .into_iter()
            .any(|role| role.to_string().contains("leases"))
    );
    assert!(
        !arguments(&alone)
            .iter()
            .any(|argument| argument.starts_with("--lea"))
    );
}

#[test]
fn the_schema_and_the_values_know_the_same_keys() {
    fn compare(path: &str, schema: &Value, values: &Value) {
        let (Some(properties), Some(values)) = (schema["properties"].as_object(), values.as_object()) else {
            return;
        };
        let documented: BTreeSet<_> = properties.keys().filter(|key| *key != "global").collect();
        assert_eq!(documented, values.keys().collect(), "under {path}");
        for (key, value) in values {
            compare(&format!("{path}.{key}"), &properties[key], value);
        }
    }
    let schema = fs::read_to_string(chart().join("values.schema.json")).unwrap();
    let values = fs::read_to_string(chart().join("values.yaml")).unwrap();
    compare(
        "values",
        &serde_json::from_str(&schema).unwrap(),
        &serde_saphyr::from_str(&values).unwrap(),
    );
}

/// The YAML files in a folder by name.
fn read_yaml(folder: &Path) -> std::io::Result<BTreeMap<OsString, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.insert(entry.file_name(), fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

#[test]
fn helm_changes_nothing_in_a_crd_but_its_labels_and_annotations() {
    // Typed, since helm writes 0 for 0.0.
    let specs = |objects: Vec<Value>| -> Vec<CustomResourceDefinitionSpec> {
        let crds = objects
            .into_iter()
            .filter(|object| object["kind"] == "CustomResourceDefinition");
        crds.map(|mut crd| serde_json::from_value(crd["spec"].take()).unwrap())
            .collect()
    };
    let crds = read_yaml(&repository().join("crds")).unwrap();
    let crds = crds.values().map(|text| serde_saphyr::from_str(text).unwrap());
    assert_eq!(specs(template(&[]).unwrap()), specs(crds.collect()));
}

#[test]
fn crds_survive_the_release_unless_told_otherwise() {
    let keep = |values: &[&str]| -> Vec<bool> {
        let objects = template(values).unwrap();
        let crds = of_kind(&objects, "CustomResourceDefinition").into_iter();
        crds.map(|crd| crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep")
            .collect()
    };
    assert_eq!(keep(&[]), [true; 3]);
    assert_eq!(keep(&["crds.keep=false"]), [false; 3]);
    assert!(keep(&["crds.enabled=false"]).is_empty());
}

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
    let cases: [(&[&str], String, Value); 10] = [
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
    let monitor =
        "podMonitor={\"enabled\":true,\"labels\":{\"release\":\"prometheus\"},\"interval\":\"30s\"}";
    let more = "extraObjects=[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"{{ .Release.Name }}-more\"}}]";
    let cases: [(&[&str], &str, &str, Value); 13] = [
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
        (&[], "PodMonitor", "/spec", Value::Null),
        (
            &[monitor],
            "PodMonitor",
            "/spec/podMetricsEndpoints",
            json!([{"port": "metrics", "interval": "30s"}]),
        ),
        (
            &[monitor],
            "PodMonitor",
            "/metadata/labels/release",
            json!("prometheus"),
        ),
        (&[more], "ConfigMap", "/metadata/name", json!("release-more")),
    ];
    for (values, kind, place, expected) in cases {
        let found = at(&template(values).unwrap(), kind, place);
        assert_eq!(found, expected, "{values:?} {kind} {place}");
    }
}

#[test]
fn whoever_may_edit_does_not_thereby_promote() {
    let none = template(&[]).unwrap();
    assert_eq!(of_kind(&none, "ClusterRole").len(), 1);
    let objects = template(&["rbac.userRoles=true"]).unwrap();
    let role = |name: &str| {
        let name = format!("home:release-pingone-aic-operator-{name}");
        let mut roles = of_kind(&objects, "ClusterRole").into_iter();
        roles.find(|role| role["metadata"]["name"] == name).unwrap()
    };
    let aggregates_to = |name: &str| {
        let labels = role(name)["metadata"]["labels"].as_object().unwrap().keys();
        let to = labels.filter_map(|label| label.strip_prefix("rbac.authorization.k8s.io/aggregate-to-"));
        to.collect::<BTreeSet<_>>()
    };
    assert_eq!(aggregates_to("view"), BTreeSet::from(["view", "edit", "admin"]));
    assert_eq!(aggregates_to("edit"), BTreeSet::from(["edit", "admin"]));
    assert_eq!(aggregates_to("promote"), BTreeSet::new());
    assert!(!role("edit").to_string().contains("promotions"));
    assert!(role("promote").to_string().contains("patch"));
}

/// The values hold every flag, the program reads what they become, and the README names it.
#[test]
fn every_flag_follows_a_value() {
    let defaults = arguments(&template(&[]).unwrap());
    let changed = arguments(
        &template(&[
            "watchNamespaces=[\"a\"]",
            "selector=\"shard=a\"",
            "allowedTenantHosts=[\"*.example.com\"]",
            "allowedPingOneHosts=[\"example.com:8443\"]",
            "caBundle.configMap=\"ca\"",
            "bindAddress=\"[::]\"",
            "tenantRequestsPerSecond=1",
            "pingoneRequestsPerSecond=2.5",
            "log={\"format\":\"text\",\"level\":\"debug\"}",
            "otlpEndpoint=\"http://collector:4318\"",
        ])
        .unwrap(),
    );
    let alone = arguments(&template(&["leaderElect=false", "replicas=1"]).unwrap());
    for rendered in [&defaults, &changed, &alone] {
        let line = ["pingone-aic-operator"]
            .into_iter()
            .chain(rendered.iter().map(String::as_str));
        Arguments::try_parse_from(line).unwrap();
    }
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let command = Arguments::command();
    let flags: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    assert!(flags.len() >= 14, "{flags:?}");
    for flag in flags {
        let flag = format!("--{flag}");
        let of = |rendered: &[String]| -> Vec<String> {
            let is = |argument: &&String| argument.split('=').next() == Some(flag.as_str());
            rendered.iter().filter(is).cloned().collect()
        };
        assert!(!of(&changed).is_empty(), "{flag} is not rendered");
        // Of the lease only whether there is one: where and under which name it is, the release says.
        assert!(
            of(&changed) != of(&defaults) || of(&alone) != of(&defaults),
            "{flag} is the same whatever the values"
        );
        assert!(
            readme.contains(&format!("`{flag}`")),
            "{flag} is not in the README"
        );
    }
}

#[test]
fn the_schema_takes_the_hosts_that_the_operator_reads() {
    let texts = [
        "host",
        "A.example.com",
        "a.example.com:8443",
        "a:443",
        "a:65535",
        "*.example.com",
        "",
        "*",
        "*.",
        "**.a",
        "*.a:8443",
        "a.",
        ".a",
        "a..b",
        "-a",
        "a-",
        "a_b",
        "a b",
        "a:",
        "a:0",
        "a:0443",
        "a:65536",
        "a:1:2",
        "[::1]",
        "https://a",
        "a/b",
        "user@a",
        "h\u{f6}st",
    ];
    for text in texts {
        let is_read = text.parse::<HostPattern>().is_ok();
        let is_taken = template(&[&format!("allowedTenantHosts={}", json!([text]))]).is_ok();
        assert_eq!(is_taken, is_read, "{text:?}");
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
