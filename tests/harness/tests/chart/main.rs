//! The chart by itself, without a cluster.

mod crds;
mod flags;
mod rendered;
mod rights;
mod values;

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
