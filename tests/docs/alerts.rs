//! The alerts of the chart: what they name is there.

use std::{collections::BTreeSet, fs};

use pingone_aic_harness::repository;
use pingone_aic_operator::api::Reason;
use serde_json::Value;

use crate::samples::headings;

const RULES: &str = "charts/pingone-aic-operator/files/rules.yaml";

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap()
}

fn alerts() -> Vec<Value> {
    let rules: Value = serde_saphyr::from_str(&read(RULES)).unwrap();
    rules["groups"][0]["rules"].as_array().unwrap().clone()
}

fn text<'a>(alert: &'a Value, place: &str) -> &'a str {
    let text = alert.pointer(place).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("{place}: {alert}"))
}

/// An alert on a metric or a reason that is not there never fires.
#[test]
fn every_metric_and_reason_that_an_alert_names_is_there() {
    let folder = fs::read_dir(repository().join("src/runtime/metrics")).unwrap();
    let files = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let metrics: String = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    for alert in alerts() {
        let (name, expression) = (text(&alert, "/alert"), text(&alert, "/expr"));
        for label in expression.split("reason").skip(1) {
            let is_matcher = label.starts_with(['=', '!']);
            let Some(named) = label.split('"').nth(1).filter(|_| is_matcher) else {
                continue;
            };
            for reason in named.split('|') {
                assert!(Reason::find(reason).is_some(), "{name}: {reason}");
            }
        }
        for rest in expression.split("pingone_aic_").skip(1) {
            let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let metric = rest.split(|letter| !is_name(letter)).next().unwrap();
            let metric = metric.trim_end_matches("_bucket").trim_end_matches("_total");
            assert!(metrics.contains(&format!("\"{metric}\"")), "{name}: {metric}");
        }
    }
}

#[test]
fn every_alert_says_what_it_means_and_where_to_read_on() {
    let documented = read("docs/troubleshooting.md");
    for alert in alerts() {
        let name = text(&alert, "/alert");
        assert!(
            documented.contains(&format!("`{name}`")),
            "{name} is not documented"
        );
        for place in ["/annotations/summary", "/annotations/description"] {
            assert!(!text(&alert, place).is_empty(), "{name}");
        }
        let severity = text(&alert, "/labels/severity");
        assert!(["critical", "warning"].contains(&severity), "{name}: {severity}");
        let (file, anchor) = text(&alert, "/annotations/runbook_url").split_once('#').unwrap();
        let document = read(file);
        assert!(
            headings(&document).any(|heading| heading == anchor),
            "{name}: {file}#{anchor}"
        );
    }
}

#[test]
fn each_alert_can_be_left_out_by_its_name() {
    let schema: Value =
        serde_json::from_str(&read("charts/pingone-aic-operator/values.schema.json")).unwrap();
    let names = |list: &[Value]| -> BTreeSet<String> {
        list.iter()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    };
    let accepted = schema.pointer("/properties/prometheusRule/properties/disabled/items/enum");
    let accepted = names(accepted.unwrap().as_array().unwrap());
    let there: Vec<_> = alerts().iter().map(|alert| alert["alert"].clone()).collect();
    assert_eq!(accepted, names(&there));
}
