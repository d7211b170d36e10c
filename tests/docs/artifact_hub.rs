//! What Artifact Hub shows of the chart: from the CRDs, the samples and the changelog. Where image and sources are, the
//! release workflow adds, for only then is it known.

use std::{collections::BTreeMap, fs};

use pingone_aic_harness::repository;
use pingone_aic_operator::api::custom_resource_definitions;
use serde_json::{Value, json};

use crate::is_generated;

const FILE: &str = "charts/pingone-aic-operator/Chart.yaml";
const BEGIN: &str =
    "\n# What Artifact Hub shows, generated from the CRDs, deploy/samples and CHANGELOG.md.\n";

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap()
}

#[test]
fn artifact_hub_shows_what_is_there() {
    let chart = read(FILE);
    let by_hand = chart.split(BEGIN).next().unwrap().trim_end();
    let yaml = |value: &Value| serde_saphyr::to_string(value).unwrap();
    let annotations = BTreeMap::from([
        ("artifacthub.io/category", "security".to_owned()),
        ("artifacthub.io/changes", yaml(&changes())),
        ("artifacthub.io/crds", yaml(&definitions())),
        ("artifacthub.io/crdsExamples", yaml(&examples())),
        ("artifacthub.io/license", "Apache-2.0".to_owned()),
        ("artifacthub.io/operator", "true".to_owned()),
    ]);
    let annotations = yaml(&json!({"annotations": annotations}));
    is_generated(FILE, &format!("{by_hand}\n{BEGIN}{annotations}"));
}

/// What is new in the version on top.
fn changes() -> Value {
    let changelog = read("CHANGELOG.md");
    let newest = changelog.split("\n## [").nth(1).unwrap();
    let mut changes = Vec::new();
    for section in newest.split("\n### ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap();
        let kind = title.to_lowercase();
        if !["added", "changed", "deprecated", "removed", "fixed", "security"].contains(&&*kind) {
            continue;
        }
        for change in text.trim().trim_start_matches("- ").split("\n- ") {
            let change: Vec<_> = change.split_whitespace().collect();
            changes.push(json!({"kind": kind, "description": change.join(" ").replace('`', "")}));
        }
    }
    assert!(!changes.is_empty());
    changes.into()
}

fn definitions() -> Value {
    let definitions = custom_resource_definitions();
    let about = definitions.iter().map(|definition| {
        let version = &definition.spec.versions[0];
        let schema = version
            .schema
            .as_ref()
            .unwrap()
            .open_api_v3_schema
            .as_ref()
            .unwrap();
        json!({
            "kind": definition.spec.names.kind, "version": version.name, "name": definition.metadata.name,
            "displayName": definition.spec.names.kind, "description": schema.description,
        })
    });
    about.collect()
}

/// One of each kind.
fn examples() -> Value {
    let files = ["development.yaml", "promotion.yaml"].map(|file| read(&format!("deploy/samples/{file}")));
    let objects = files
        .iter()
        .flat_map(|text| serde_saphyr::from_multiple::<Value>(text).unwrap());
    let objects: Vec<_> = objects.collect();
    let kinds: Vec<_> = objects
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["PingOneConnection", "AICIntegration", "Promotion"]);
    objects.into()
}
