//! `…/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings`: from a secret label to an ESV.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answers::{self, Type};
use super::{Call, bad_request, label, not_found};
use crate::message::{Answer, Outcome};

const TYPE: Type = Type {
    id: "mappings",
    name: "Mappings",
    collection: true,
};

/// Lists the labels that there are.
pub(super) fn schema(call: &Call<'_>) -> Answer {
    let labels = label::known(call.state, call.realm);
    Answer::json(
        StatusCode::OK,
        &json!({
            "type": "object",
            "properties": {
                "secretId": {
                    "title": "Secret Label",
                    "description": "",
                    "propertyOrder": 100,
                    "required": true,
                    "type": "string",
                    "enum": labels,
                    "options": {"enum_titles": labels},
                    "exampleValue": "",
                },
                "aliases": {
                    "title": "Aliases",
                    "description": "",
                    "propertyOrder": 200,
                    "required": true,
                    "type": "array",
                    "items": {"type": "string"},
                    "exampleValue": "",
                },
            },
        }),
    )
}

pub(super) fn query(call: &Call<'_>) -> Outcome {
    if call.request.query("_queryFilter").as_deref() != Some("true") {
        return Err(bad_request("_queryFilter must be true"));
    }
    let mappings = call.config().mappings.iter();
    Ok(answers::result(
        mappings.map(|(label, alias)| to_json(label, alias)),
    ))
}

pub(super) fn read(call: &Call<'_>, label: &str) -> Outcome {
    let alias = call.config().mappings.get(label).ok_or_else(not_found)?;
    Ok(Answer::json(StatusCode::OK, &to_json(label, alias)))
}

/// The alias is not checked: an unknown ESV makes a dangling mapping.
pub(super) fn write(call: &mut Call<'_>, label: &str) -> Outcome {
    call.may_write()?;
    let body = call.attributes(label, &["secretId", "aliases"])?;
    match body.get("secretId").and_then(Value::as_str) {
        None => return Err(bad_request("Invalid config: Secret value is missing")),
        Some(named) if named != label => {
            return Err(bad_request(
                "Invalid config: secretId is not the label in the path",
            ));
        }
        Some(_) => {}
    }
    let aliases = body.get("aliases").and_then(Value::as_array).map(Vec::as_slice);
    let Some([Value::String(alias)]) = aliases else {
        return Err(bad_request("Invalid config: exactly one alias is required"));
    };
    if !label::known(call.state, call.realm)
        .iter()
        .any(|known| known == label)
    {
        return Err(bad_request("Invalid config: the secret label is not known"));
    }
    let existed = call
        .config_mut()
        .mappings
        .insert(label.to_owned(), alias.clone())
        .is_some();
    Ok(answers::written(existed, &to_json(label, alias)))
}

pub(super) fn delete(call: &mut Call<'_>, label: &str) -> Outcome {
    call.may_write()?;
    let alias = call.config_mut().mappings.remove(label).ok_or_else(not_found)?;
    Ok(Answer::json(StatusCode::OK, &to_json(label, &alias)))
}

fn to_json(label: &str, alias: &str) -> Value {
    let attributes = Map::from_iter([
        ("secretId".to_owned(), json!(label)),
        ("aliases".to_owned(), json!([alias])),
    ]);
    answers::object(label, &attributes, &TYPE)
}
