//! Every value of the chart: its README, and what an editor shows of it, from `values.yaml`.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use pingone_aic_harness::repository;
use serde_json::Value;

use crate::{cell, is_generated};

const HEAD: &str = "\
# The chart of pingone-aic-operator

This chart installs the operator, its CRDs and its RBAC rules. The repository's [README](../../README.md#install) says how.
`values.schema.json` refuses a value that is not in this table.

| value | default | meaning |
|---|---|---|
";
const TAIL: &str = "\nThis file is generated from `values.yaml`.\n";
/// What every chart may be given, and this one ignores.
const OF_HELM: &str = "/global";

/// A value, or a group of values.
struct Entry {
    /// Where it is, as a JSON pointer.
    pointer: String,
    /// The comment above it.
    about: String,
    /// Of a group: none.
    default: Option<Value>,
}

pub fn default_values() -> Value {
    serde_saphyr::from_str(&values_yaml()).unwrap()
}

fn values_yaml() -> String {
    fs::read_to_string(repository().join("charts/pingone-aic-operator/values.yaml")).unwrap()
}

fn entries() -> Vec<Entry> {
    let values = default_values();
    let (mut entries, mut comment, mut parent) = (Vec::new(), String::new(), None::<String>);
    for line in values_yaml().lines() {
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
        let pointer = match &parent {
            Some(name) if is_nested => format!("/{name}/{key}"),
            _ => format!("/{key}"),
        };
        let Some(value) = values.pointer(&pointer) else {
            continue;
        };
        let is_group = value.as_object().is_some_and(|fields| !fields.is_empty());
        let is_group = is_group && !is_nested && key != "resources";
        if is_group {
            parent = Some(key.to_owned());
        } else if !is_nested {
            parent = None;
        }
        entries.push(Entry {
            pointer,
            about: cell(&std::mem::take(&mut comment)),
            default: (!is_group).then(|| value.clone()),
        });
    }
    entries
}

#[test]
fn every_value_is_documented() {
    let mut text = HEAD.to_owned();
    for entry in entries() {
        let path = entry.pointer.trim_start_matches('/').replace('/', ".");
        match entry.default {
            Some(default) => writeln!(text, "| `{path}` | `{default}` | {} |", entry.about).unwrap(),
            None if entry.about.is_empty() => {}
            None => writeln!(text, "| `{path}` | | {} |", entry.about).unwrap(),
        }
    }
    is_generated("charts/pingone-aic-operator/README.md", &(text + TAIL));
}

/// The schema's constraints are written by hand. What it says of a value, and the default, come from `values.yaml`.
#[test]
fn an_editor_shows_what_each_value_is() {
    const FILE: &str = "charts/pingone-aic-operator/values.schema.json";
    let text = fs::read_to_string(repository().join(FILE)).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    let mut described = BTreeSet::from([OF_HELM.to_owned()]);
    for Entry {
        pointer,
        about,
        default,
    } in entries()
    {
        let Some(property) = schema.pointer_mut(&pointer.replace('/', "/properties/")) else {
            // Kubernetes' own, as it is in a pod.
            assert!(pointer.contains("SecurityContext/"), "{FILE} lacks {pointer}");
            continue;
        };
        let property = property.as_object_mut().unwrap();
        property.remove("description");
        if !about.is_empty() {
            property.insert("description".to_owned(), about.into());
        }
        if let Some(default) = default {
            property.insert("default".to_owned(), default);
        }
        described.insert(pointer);
    }
    let mut known = BTreeSet::new();
    collect(&schema, "", &mut known);
    assert_eq!(known, described, "the schema's properties and the values");
    is_generated(FILE, &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
}

/// The pointers of all values that a schema knows, as deep as the entries go.
fn collect(schema: &Value, pointer: &str, into: &mut BTreeSet<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{pointer}/{name}");
        if pointer.matches('/').count() == 1 {
            collect(property, &pointer, into);
        }
        into.insert(pointer);
    }
}
