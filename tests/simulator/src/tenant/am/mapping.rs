//! `…/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings`: from a secret label to an ESV.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::refusal::am;
use super::answers::{self, Type};
use super::{Call, bad_request, label, not_found};
use crate::message::{Answer, Outcome};

const TYPE: Type = Type {
    id: "mappings",
    name: "Mappings",
    collection: true,
};

const INVALID_ALIASES: &str = "Data validation failed for the attribute, aliases";
const SINGLE_ALIAS: &str =
    "Invalid config: Only a single alias per mapping is allowed for this secret store type";

/// The store that the mappings are of; it can be read, in a realm, and no more.
pub(super) fn store() -> Answer {
    let attributes = Map::from_iter([
        ("expiryDurationSeconds".to_owned(), json!(600)),
        ("project".to_owned(), json!("&{google.project.id}")),
        ("secretFormat".to_owned(), json!("PEM")),
        ("serviceAccount".to_owned(), json!("default")),
    ]);
    let kind = Type {
        id: "GoogleSecretManagerSecretStoreProvider",
        name: "Google Secret Manager",
        collection: true,
    };
    Answer::json(StatusCode::OK, &answers::object("ESV", &attributes, &kind))
}

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
    let alias = alias(call, label)?;
    let object = to_json(label, &alias);
    let existed = call
        .config_mut()
        .mappings
        .insert(label.to_owned(), alias)
        .is_some();
    Ok(located(call, label, answers::written(existed, &object)))
}

/// `POST …/mappings?_action=create`, where the label stands in the body alone.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    call.may_write()?;
    let body = call.body()?;
    let label = body.get("_id").and_then(Value::as_str);
    let label = label.ok_or_else(|| bad_request("Invalid config: Secret value is missing"))?;
    let alias = alias(call, label)?;
    if call.config().mappings.contains_key(label) {
        return Err(am(
            StatusCode::CONFLICT,
            "Unable to save config: Service already exists",
        ));
    }
    let object = to_json(label, &alias);
    call.config_mut().mappings.insert(label.to_owned(), alias);
    Ok(located(call, label, answers::written(false, &object)))
}

/// Where what was created is.
fn located(call: &Call<'_>, label: &str, answer: Answer) -> Answer {
    if answer.status != StatusCode::CREATED {
        return answer;
    }
    let collection = call.request.path.split("/mappings").next().unwrap_or_default();
    let url = format!("{}{collection}/mappings/{label}", call.tenant.url());
    answer.header("Location", url)
}

/// The one alias in a body for this label.
fn alias(call: &Call<'_>, label: &str) -> Result<String, Answer> {
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
    let alias = match aliases {
        Some([Value::String(alias)]) => alias.clone(),
        Some([first, others @ ..]) if others.contains(first) => return Err(bad_request(INVALID_ALIASES)),
        Some([_, _, ..]) => return Err(bad_request(SINGLE_ALIAS)),
        // [assumed] None, or one of another type.
        _ => return Err(bad_request(INVALID_ALIASES)),
    };
    if !label::known(call.state, call.realm)
        .iter()
        .any(|known| known == label)
    {
        return Err(bad_request("Invalid config: the secret label is not known"));
    }
    Ok(alias)
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
