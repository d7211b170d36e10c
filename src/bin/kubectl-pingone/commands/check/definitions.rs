//! The CRDs: whether they are there, and of this version.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::{Api, ResourceExt as _};
use pingone_aic_operator::api::custom_resource_definitions;

use super::{good, problem, unknown};
use crate::{cluster::Cluster, failure::Failure, tree::Node};

pub async fn observe(cluster: &Cluster) -> Vec<Node> {
    let api: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
    let mut findings = Vec::new();
    for ours in custom_resource_definitions() {
        let what = ours.name_any();
        findings.push(match api.get_opt(&ours.name_any()).await {
            Ok(Some(theirs)) => compare(what, &ours, &theirs),
            Ok(None) => problem(what, "it is not installed: install the operator's chart"),
            Err(error) => {
                let failure = Failure::of(&what, &error);
                unknown(what, &failure)
            }
        });
    }
    findings
}

fn compare(what: String, ours: &CustomResourceDefinition, theirs: &CustomResourceDefinition) -> Node {
    let (ours, theirs) = (fields(ours), fields(theirs));
    let first = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).next().cloned();
    if let Some(field) = first(&ours, &theirs) {
        return problem(
            what,
            format!(
                "it is older than this plugin, and does not know {field}: apply the CRDs of version {}",
                env!("CARGO_PKG_VERSION")
            ),
        );
    }
    match first(&theirs, &ours) {
        Some(field) => good(
            what,
            format!("it is newer than this plugin, which does not know {field}"),
        ),
        None => good(what, "of this plugin's version"),
    }
}

/// The paths of all fields, each after its version.
fn fields(definition: &CustomResourceDefinition) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for version in &definition.spec.versions {
        let schema = version
            .schema
            .as_ref()
            .and_then(|schema| schema.open_api_v3_schema.as_ref());
        if let Some(schema) = schema {
            collect(&version.name, schema, &mut all);
        }
    }
    all
}

fn collect(path: &str, schema: &JSONSchemaProps, all: &mut BTreeSet<String>) {
    for (name, property) in schema.properties.iter().flatten() {
        let path = format!("{path}.{name}");
        collect(&path, property, all);
        all.insert(path);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        collect(path, items, all);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
        collect(path, values, all);
    }
}
