//! Schemas of an `OpenAPI` 3.0 description as JSON Schema draft 4, from which they descend.

use std::fmt;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use thiserror::Error;

/// Why a description cannot be used.
#[derive(Debug, Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Read(#[from] std::io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("it has no {0}")]
    Missing(&'static str),
    #[error("{0} leads nowhere")]
    Reference(String),
    #[error("it holds a schema that is none: {0}")]
    Schema(String),
}

/// A compiled schema.
pub(super) struct Schema {
    validator: Validator,
    kind: Option<String>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Schema")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Schema {
    /// Compiles a schema that may refer to the document's components.
    pub(super) fn compile(document: &Value, schema: &Value) -> Result<Self, LoadError> {
        let root = json!({"allOf": [schema], "components": document["components"]});
        let validator = jsonschema::options()
            .with_draft(Draft::Draft4)
            .should_validate_formats(true)
            .build(&root)
            .map_err(|error| LoadError::Schema(error.to_string()))?;
        Ok(Self {
            validator,
            kind: schema["type"].as_str().map(str::to_owned),
        })
    }

    /// What is wrong with the value, without telling the value.
    pub(super) fn check(&self, value: &Value) -> Vec<String> {
        let describe = |error: jsonschema::ValidationError<'_>| match error.instance_path().as_str() {
            "" => error.masked().to_string(),
            path => format!("{path}: {}", error.masked()),
        };
        self.validator.iter_errors(value).map(describe).collect()
    }

    /// Checks a parameter, which is text on the wire whatever its type.
    pub(super) fn check_text(&self, text: &str) -> Vec<String> {
        let text_of_json = || {
            serde_json::from_str(text)
                .ok()
                .filter(|value: &Value| !value.is_string())
        };
        let value = match self.kind.as_deref() {
            Some("integer" | "number" | "boolean") => text_of_json(),
            _ => None,
        };
        self.check(&value.unwrap_or_else(|| Value::from(text)))
    }
}

/// Follows a `$ref` within the document, if the value is one.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value, LoadError> {
    let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
        return Ok(value);
    };
    let target = reference
        .strip_prefix('#')
        .and_then(|pointer| document.pointer(pointer));
    target.ok_or_else(|| LoadError::Reference(reference.to_owned()))
}

/// Replaces `nullable: true`, which JSON Schema does not know, by a type that includes null.
pub(super) fn spell_out_nullable(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("nullable") == Some(&Value::Bool(true)) {
                members.remove("nullable");
                if let Some(kind) = members.get_mut("type") {
                    *kind = json!([kind.take(), "null"]);
                }
                if let Some(Value::Array(values)) = members.get_mut("enum") {
                    values.push(Value::Null);
                }
            }
            members.values_mut().for_each(spell_out_nullable);
        }
        Value::Array(items) => items.iter_mut().for_each(spell_out_nullable),
        _ => {}
    }
}
