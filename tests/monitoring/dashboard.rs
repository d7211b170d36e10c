//! Every panel of the dashboard shows something, and what panels and alerts name is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use pingone_aic_harness::repository;
use serde_json::Value;

use crate::{
    alerts::{rules, scratch},
    prometheus::{Server, programs},
    scenarios,
    tape::Tape,
};

fn file() -> PathBuf {
    repository().join("charts/pingone-aic-operator/files/dashboard.json")
}

/// The queries of all panels, each with its panel's title.
fn queries() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(file()).unwrap()).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            // As Grafana replaces its variables.
            let query = query
                .replace("$job", ".+")
                .replace("$__rate_interval", "5m")
                .replace("$__range", "6h");
            queries.push((panel["title"].as_str().unwrap().to_owned(), query));
        }
    }
    queries
}

#[test]
fn grafana_takes_the_dashboard() {
    let output = Command::new(&programs().dashboard).arg(file()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What a query selects and groups by: names of metrics, each with the labels that are named beside it.
fn named(node: &Value, groups: &[String], found: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut groups = groups.to_vec();
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    match node["type"].as_str() {
        Some("aggregation") => groups.extend(texts(&node["grouping"])),
        Some("vectorSelector" | "matrixSelector") => {
            let labels = found
                .entry(node["name"].as_str().unwrap().to_owned())
                .or_default();
            labels.extend(groups.iter().cloned());
            for matcher in node["matchers"].as_array().unwrap() {
                labels.insert(matcher["name"].as_str().unwrap().to_owned());
            }
            labels.remove("__name__");
        }
        _ => {}
    }
    let nodes = ["expr", "lhs", "rhs"].into_iter().map(|part| &node[part]);
    for part in nodes
        .chain(node["args"].as_array().into_iter().flatten())
        .filter(|part| part.is_object())
    {
        named(part, &groups, found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_shows_something_and_what_is_named_is_there() {
    let (tapes, folder) = (scenarios::all().await, scratch());
    let server = Server::start(&folder, tapes.iter().flat_map(Tape::lines)).await;
    let begin = tapes.iter().map(|tape| tape.span().0).min().unwrap().to_string();
    let end = tapes.iter().map(|tape| tape.span().1).max().unwrap().to_string();
    let (queries, mut empty) = (queries(), Vec::new());
    assert!(queries.len() > 30, "{}", queries.len());
    for (panel, query) in &queries {
        let range = [
            ("query", query.as_str()),
            ("start", &begin),
            ("end", &end),
            ("step", "60"),
        ];
        let data = server.data("/api/v1/query_range", &range).await;
        let values = data["result"].as_array().into_iter().flatten();
        let mut values = values.flat_map(|series| series["values"].as_array().into_iter().flatten());
        if !values.any(|value| value[1] != "NaN") {
            empty.push(format!("{panel}: {query}"));
        }
    }
    assert!(empty.is_empty(), "these show nothing: {empty:#?}");

    let alerts = rules().into_iter().map(|rule| {
        (
            rule["alert"].as_str().unwrap().to_owned(),
            rule["expr"].as_str().unwrap().to_owned(),
        )
    });
    for (place, query) in queries.into_iter().chain(alerts) {
        let parsed = server.data("/api/v1/parse_query", &[("query", &query)]).await;
        let mut found = BTreeMap::new();
        named(&parsed, &[], &mut found);
        assert!(!found.is_empty() || query == "vector(0)", "{place}: {parsed}");
        for (metric, labels) in found {
            let select = [("match[]", metric.as_str()), ("start", &begin), ("end", &end)];
            let there = server.data("/api/v1/labels", &select).await;
            let there: BTreeSet<String> = serde_json::from_value(there).unwrap();
            assert!(!there.is_empty(), "{place}: there is no {metric}");
            let unknown: Vec<_> = labels.difference(&there).collect();
            assert!(unknown.is_empty(), "{place}: {metric} has no label {unknown:?}");
        }
    }
    drop(server);
    fs::remove_dir_all(&folder).unwrap();
}
