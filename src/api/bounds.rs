//! Defaults and pieces of schema that several kinds share.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{Schema, SchemaGenerator, json_schema};

/// How often an object is checked when its spec does not say.
pub(super) fn default_interval() -> kube::core::Duration {
    Duration::from_mins(10).into()
}

/// A duration as Go writes it. The rule beside the field bounds the value; the length bounds the rule's cost.
pub(super) fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 2, "maxLength": 32})
}

/// The name of another object in the same namespace.
pub(super) fn object_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "x-kubernetes-validations": [{
            "rule": "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
            "message": "must be the name of an object in this namespace: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
        }],
    })
}

/// Conditions, one a type, so that another party's condition survives.
pub(super) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let condition = generator.subschema_for::<Condition>();
    json_schema!({
        "type": "array",
        "items": condition,
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    })
}
