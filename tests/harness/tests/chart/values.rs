//! Which values the chart takes.

use super::*;

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
        (
            "prometheusRule.disabled=[\"Other\"]",
            "/prometheusRule/disabled/0",
        ),
        (
            "prometheusRule.docsUrl=\"https://host/\"",
            "/prometheusRule/docsUrl",
        ),
        ("grafanaDashboard.labels={\"a\":1}", "/grafanaDashboard/labels/a"),
        ("networkPolicy.egressPorts=[0]", "/networkPolicy/egressPorts/0"),
        // An empty list of ports would open all of them.
        ("networkPolicy.dnsPorts=null", "dnsPorts"),
        ("networkPolicy.egressPorts=null", "egressPorts"),
        ("networkPolicy.egressPorts=[]", "/networkPolicy/egressPorts"),
        ("log.level=null", "level"),
        ("metrics=null", "metrics"),
        ("proxy.https=\"proxy\"", "/proxy/https"),
        ("serviceAccount.name=\"Bad_Name\"", "/serviceAccount/name"),
        ("tenantRequestsPerSecond=null", "tenantRequestsPerSecond"),
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
