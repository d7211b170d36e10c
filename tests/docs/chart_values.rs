//! Every value of the chart: its README, from `values.yaml`.

use crate::{cell, is_generated};
use pingone_aic_harness::repository;
use serde_json::Value;
use std::{fmt::Write as _, fs};

const HEAD: &str = "\
# The chart of pingone-aic-operator

This chart installs the operator, its CRDs and its RBAC rules. The repository's [README](../../README.md#install) says how.
`values.schema.json` refuses a value that is not in this table.

| value | default | meaning |
|---|---|---|
";
const TAIL: &str = "\nThis file is generated from `values.yaml`.\n";

#[test]
fn every_value_is_documented() {
    let yaml = fs::read_to_string(repository().join("charts/pingone-aic-operator/values.yaml")).unwrap();
    let values: Value = serde_saphyr::from_str(&yaml).unwrap();
    let (mut text, mut comment, mut parent) = (HEAD.to_owned(), String::new(), None::<String>);
    for line in yaml.lines() {
        let is_nested = line.starts_with("  ");
        let line = line.trim();
        if let Some(more) = line.strip_prefix("# ") {
            comment = format!("{comment} {more}");
            continue;
        }
        let Some((key, _)) = line.split_once(':').filter(|_| !line.starts_with('-')) else {
            comment.clear();
            continue;
        };
        let (path, pointer) = match &parent {
            Some(name) if is_nested => (format!("{name}.{key}"), format!("/{name}/{key}")),
            _ => (key.to_owned(), format!("/{key}")),
        };
        let Some(value) = values.pointer(&pointer) else {
            continue;
        };
        let about = cell(&std::mem::take(&mut comment));
        if value.as_object().is_some_and(|fields| !fields.is_empty()) && !is_nested && key != "resources" {
            if !about.is_empty() {
                writeln!(text, "| `{path}` | | {about} |").unwrap();
            }
            parent = Some(key.to_owned());
            continue;
        }
        if !is_nested {
            parent = None;
        }
        writeln!(text, "| `{path}` | `{value}` | {about} |").unwrap();
    }
    is_generated("charts/pingone-aic-operator/README.md", &(text + TAIL));
}
