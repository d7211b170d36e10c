//! The definitions of the three kinds, as `crds/` holds them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::json;

use super::{AICIntegration, PingOneConnection, Promotion};

/// The definitions of the three kinds, in the order in which people meet them.
#[must_use]
pub fn custom_resource_definitions() -> Vec<CustomResourceDefinition> {
    [PingOneConnection::crd(), AICIntegration::crd(), Promotion::crd()].into_iter().map(finish).collect()
}

/// The definitions as one YAML stream.
///
/// # Errors
/// When a definition cannot be written as YAML, which would be a defect.
pub fn to_yaml(definition: &CustomResourceDefinition) -> Result<String, serde_saphyr::ser::Error> {
    serde_saphyr::to_string(definition)
}

/// Adds what the derive macro cannot say.
fn finish(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) else {
            continue;
        };
        let Some(properties) = schema.properties.as_mut() else { continue };
        if let Some(status) = properties.get_mut("status") {
            // An object without a status reads as done; one that nobody has looked at is not.
            status.default =
                Some(k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSON(json!({
                    "observedGeneration": -1
                })));
            status.nullable = None;
        }
    }
    definition
}
