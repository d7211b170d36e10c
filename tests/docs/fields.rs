//! Every field of every kind: `docs/api.md`, from the definitions.

use crate::{cell, is_generated};
use pingone_aic_operator::api::custom_resource_definitions;
use serde_json::Value;
use std::fmt::Write as _;

const HEAD: &str = "\
# API reference

`pingone-aic.io/v1alpha1`. The same texts as `kubectl explain <kind>.spec --recursive`; rules are what the API server
refuses by. A field in **bold** is required where its parent is given.

This file is generated from `src/api`.
";

#[test]
fn every_field_is_documented() {
    let mut text = HEAD.to_owned();
    for definition in custom_resource_definitions() {
        let names = &definition.spec.names;
        let short = names.short_names.clone().unwrap_or_default().join("`, `");
        write!(
            text,
            "\n## {}\n\n`kubectl get {}`, short `{short}`.\n",
            names.kind, names.plural
        )
        .unwrap();
        let schema = serde_json::to_value(&definition.spec.versions[0].schema).unwrap();
        let schema = &schema["openAPIV3Schema"];
        writeln!(text, "\n{}", cell(schema["description"].as_str().unwrap())).unwrap();
        for part in ["spec", "status"] {
            let schema = &schema["properties"][part];
            writeln!(text, "\n### {part}\n").unwrap();
            // The rules of the whole, which belong to none of its fields alone.
            let rules = rules(schema);
            for rule in &rules {
                writeln!(text, "- {}.", cell(rule)).unwrap();
            }
            if !rules.is_empty() {
                text.push('\n');
            }
            text.push_str("| field | type | |\n|---|---|---|\n");
            fields(schema, "", &mut text);
        }
    }
    is_generated("docs/api.md", &text);
}

/// A row for each field below, depth first.
fn fields(schema: &Value, path: &str, text: &mut String) {
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let (item, brackets) = if field["items"].is_object() {
            (&field["items"], "[]")
        } else {
            (field, "")
        };
        let full = format!("{path}{name}");
        let shown = if required.iter().any(|required| *required == name) {
            format!("**`{full}`**")
        } else {
            format!("`{full}`")
        };
        let rules = if brackets.is_empty() {
            rules(field)
        } else {
            [rules(field), rules(item)].concat()
        };
        let mut meaning = cell(field["description"].as_str().unwrap_or_default());
        if let Some(default) = field.get("default") {
            write!(meaning, " Default: `{default}`.").unwrap();
        }
        for rule in rules {
            write!(meaning, "<br>{}.", cell(&rule)).unwrap();
        }
        writeln!(text, "| {shown} | {}{brackets} | {meaning} |", type_of(item)).unwrap();
        fields(item, &format!("{full}{brackets}."), text);
        fields(&item["additionalProperties"], &format!("{full}.*."), text);
    }
}

fn type_of(schema: &Value) -> String {
    match (schema["enum"].as_array(), schema["type"].as_str()) {
        (Some(values), _) => {
            let values = values.iter().filter_map(Value::as_str);
            values
                .map(|value| format!("`{value}`"))
                .collect::<Vec<_>>()
                .join(", ")
        }
        (None, type_) => type_.unwrap_or("any").to_owned(),
    }
}

/// What the API server says when it refuses.
fn rules(schema: &Value) -> Vec<String> {
    let rules = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    rules
        .filter_map(|rule| Some(rule["message"].as_str()?.to_owned()))
        .collect()
}
