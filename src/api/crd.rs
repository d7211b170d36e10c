//! The CRDs of the three kinds, as in `crds/`.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use super::{AICIntegration, PingOneConnection, Promotion};

/// The observed generation before the first reconciliation.
const NEVER_OBSERVED: i64 = -1;

/// The CRDs of the three kinds.
#[must_use]
pub fn custom_resource_definitions() -> Vec<CustomResourceDefinition> {
    [PingOneConnection::crd(), AICIntegration::crd(), Promotion::crd()]
        .into_iter()
        .map(finish)
        .collect()
}

/// The CRDs as one YAML stream.
///
/// # Errors
/// When a CRD cannot be written as YAML, which would be a defect.
pub fn to_yaml(definition: &CustomResourceDefinition) -> Result<String, serde_saphyr::ser::Error> {
    serde_saphyr::to_string(definition)
}

/// A status with every field of a kind's CRD, to check whether the one in a cluster keeps them all.
#[must_use]
pub fn complete_status<K: CustomResourceExt>() -> Value {
    let mut definition = K::crd();
    let version = definition.spec.versions.first_mut();
    let schema = version.and_then(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut());
    let status = schema.and_then(|schema| property(schema, "status"));
    status.map_or(Value::Null, |status| complete(status))
}

fn complete(schema: &JSONSchemaProps) -> Value {
    // Not the first one, which a field that is missing may stand for.
    if let Some(last) = schema.enum_.as_ref().and_then(|all| all.last()) {
        return last.0.clone();
    }
    match schema.type_.as_deref() {
        Some("object") => {
            let properties = schema.properties.iter().flatten();
            properties
                .map(|(name, property)| (name.clone(), complete(property)))
                .collect()
        }
        Some("array") => match &schema.items {
            Some(JSONSchemaPropsOrArray::Schema(item)) => json!([complete(item)]),
            _ => json!([]),
        },
        Some("boolean") => json!(true),
        Some("integer" | "number") => json!(1),
        _ if schema.format.as_deref() == Some("date-time") => json!("1970-01-01T00:00:00Z"),
        _ => json!("complete"),
    }
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
        // An object without a status would look finished.
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

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use kube::core::object::HasStatus;
    use serde::{Serialize, de::DeserializeOwned};

    use super::*;

    /// Each value with one member less, whatever it is in.
    fn with_one_less(value: &Value) -> Vec<Value> {
        let members: Vec<_> = match value {
            Value::Object(members) => members.keys().cloned().map(Err).collect(),
            Value::Array(items) => (0..items.len()).map(Ok).collect(),
            _ => Vec::new(),
        };
        let mut all = Vec::new();
        for member in members {
            let below = match &member {
                Err(name) => &value[name],
                Ok(index) => &value[*index],
            };
            let mut replaced = |below: Value| {
                let mut value = value.clone();
                match &member {
                    Err(name) => value[name] = below,
                    Ok(index) => value[*index] = below,
                }
                all.push(value);
            };
            with_one_less(below).into_iter().for_each(&mut replaced);
            if let (Err(name), mut value) = (&member, value.clone()) {
                value.as_object_mut().unwrap().remove(name);
                all.push(value);
            }
        }
        all
    }

    fn misses_nothing<K: CustomResourceExt + HasStatus>()
    where
        K::Status: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let complete = complete_status::<K>();
        let status: K::Status = serde_json::from_value(complete.clone()).unwrap();
        assert_eq!(serde_json::to_value(&status).unwrap(), complete);
        for pruned in with_one_less(&complete) {
            let read = serde_json::from_value::<K::Status>(pruned.clone());
            assert!(read.is_err() || read.unwrap() != status, "{pruned}");
        }
    }

    #[test]
    fn whatever_a_definition_prunes_of_a_complete_status_is_missed() {
        misses_nothing::<PingOneConnection>();
        misses_nothing::<AICIntegration>();
        misses_nothing::<Promotion>();
    }
}
