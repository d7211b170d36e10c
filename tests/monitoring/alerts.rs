//! Each alert fires in a scenario that it is there for, and in no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pingone_aic_harness::{Programs, repository};
use serde_json::{Value, json};

use crate::{
    prometheus::promtool,
    scenarios,
    tape::{Firing, Tape},
};

fn file() -> PathBuf {
    repository().join("charts/pingone-aic-operator/files/rules.yaml")
}

/// The PrometheusRule's groups, as the chart makes them beside its PodMonitor.
fn groups() -> Value {
    let helm = Programs::locate().unwrap().helm;
    let output = Command::new(helm)
        .args(["template", "pingone-aic-operator", "--namespace=pingone-aic"])
        .arg(repository().join("charts/pingone-aic-operator"))
        .args(["--set=podMonitor.enabled=true,prometheusRule.enabled=true"])
        .args(["--show-only=templates/prometheusrule.yaml"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let rule: Value = serde_saphyr::from_str(&String::from_utf8(output.stdout).unwrap()).unwrap();
    json!({"groups": rule["spec"]["groups"]})
}

/// The alerts.
pub fn rules() -> Vec<Value> {
    groups()["groups"][0]["rules"].as_array().unwrap().clone()
}

/// A folder of a test's own.
pub fn scratch() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("pingone-aic-monitoring-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&folder).unwrap();
    folder
}

fn name(rule: &Value) -> &str {
    rule["alert"].as_str().unwrap()
}

/// An alert as `promtool` expects it.
fn expected(rule: &Value, firing: &Firing) -> Value {
    let mut labels = firing.labels.clone();
    labels.insert(
        "severity",
        rule["labels"]["severity"].as_str().unwrap().to_owned(),
    );
    let expanded = |text: &Value| {
        let text = text.as_str().unwrap().to_owned();
        labels.iter().fold(text, |text, (label, value)| {
            text.replace(&format!("{{{{ $labels.{label} }}}}"), value)
        })
    };
    let annotations = rule["annotations"].as_object().unwrap().iter();
    let annotations: BTreeMap<_, _> = annotations.map(|(key, text)| (key, expanded(text))).collect();
    json!({"exp_labels": labels, "exp_annotations": annotations})
}

/// The file for `promtool test rules`: at each moment, what every rule is to say.
fn test_file(tape: &Tape, rules: &[Value], file: &Path) -> Value {
    let series: Vec<_> = tape
        .series()
        .map(|(series, values)| json!({"series": series, "values": values}))
        .collect();
    let mut tests = Vec::new();
    for (minute, firing) in &tape.expected {
        for rule in rules {
            let alerts = firing.iter().filter(|firing| firing.alert == name(rule));
            let alerts: Vec<_> = alerts.map(|alert| expected(rule, alert)).collect();
            tests.push(json!({
                "alertname": name(rule), "eval_time": format!("{minute}m"), "exp_alerts": alerts,
            }));
        }
    }
    json!({
        "rule_files": [file], "evaluation_interval": "1m",
        "tests": [{"name": tape.scenario, "interval": "1m", "input_series": series, "alert_rule_test": tests}],
    })
}

#[test]
fn prometheus_takes_the_rules() {
    promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &file()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_fires_when_it_should_and_at_no_other_time() {
    let (rules, folder) = (rules(), scratch());
    let rule_file = folder.join("rules.json");
    fs::write(&rule_file, groups().to_string()).unwrap();
    let mut fired = BTreeSet::new();
    let mut faults = String::new();
    for tape in scenarios::all().await {
        let file = folder.join(format!("{}.json", tape.scenario));
        fs::write(&file, test_file(tape, &rules, &rule_file).to_string()).unwrap();
        if let Err(fault) = promtool(&["test", "rules"], &file) {
            faults.push_str(&fault);
        }
        let all = tape.expected.iter().flat_map(|(_, firing)| firing);
        fired.extend(all.map(|firing| firing.alert));
    }
    assert!(faults.is_empty(), "{faults}");
    fs::remove_dir_all(&folder).unwrap();
    let there: BTreeSet<_> = rules.iter().map(name).collect();
    assert_eq!(fired, there, "an alert is in no scenario");
}
