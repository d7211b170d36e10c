//! The chart by itself, without a cluster.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionSpec;
use pingone_aic_harness::{Programs, repository};
use serde_json::Value;
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
        ("tenantRequestsPerSecond=0", "/tenantRequestsPerSecond"),
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
