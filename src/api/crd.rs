//! The definitions of the three kinds, as `crds/` holds them.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;
use serde_json::json;

use super::{AICIntegration, PingOneConnection, Promotion};

/// The generation that a status speaks of before the first look.
const NEVER_OBSERVED: i64 = -1;

/// The definitions of the three kinds, in the order in which people meet them.
#[must_use]
pub fn custom_resource_definitions() -> Vec<CustomResourceDefinition> {
    [PingOneConnection::crd(), AICIntegration::crd(), Promotion::crd()]
        .into_iter()
        .map(finish)
        .collect()
}

/// The definitions as one YAML stream.
///
/// # Errors
/// When a definition cannot be written as YAML, which would be a defect.
pub fn to_yaml(definition: &CustomResourceDefinition) -> Result<String, serde_saphyr::ser::Error> {
    serde_saphyr::to_string(definition)
}

/// Says what the derive macro cannot.
fn finish(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let Some(schema) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        else {
            continue;
        };
        refuse_null(schema);
        let Some(status) = property(schema, "status") else {
            continue;
        };
        // An object without a status reads as done; one that nobody has looked at is not.
        status.default = Some(JSON(json!({"observedGeneration": NEVER_OBSERVED})));
        if let Some(generation) = property(status, "observedGeneration") {
            generation.default = Some(JSON(json!(NEVER_OBSERVED)));
        }
    }
    definition
}

/// An optional field is left out, never null: CEL's `has` takes a null for a value, and skips the field's own rules.
fn refuse_null(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema
        .properties
        .iter_mut()
        .flat_map(BTreeMap::values_mut)
        .for_each(refuse_null);
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &mut schema.items {
        refuse_null(item);
    }
}

fn property<'a>(schema: &'a mut JSONSchemaProps, name: &str) -> Option<&'a mut JSONSchemaProps> {
    schema.properties.as_mut()?.get_mut(name)
}
