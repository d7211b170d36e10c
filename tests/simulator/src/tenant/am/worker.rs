//! `…/services/pingOneWorkerService/workers`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answers::{self, Type};
use super::{Call, bad_request, not_found};
use crate::message::{Answer, Outcome};

const TYPE: Type = Type {
    id: "workers",
    name: "PingOne Worker",
    collection: true,
};

/// A worker's attributes in every tenant: name, title, default.
const ATTRIBUTES: [(&str, &str, Option<&str>); 5] = [
    ("clientId", "Client ID", None),
    ("clientSecretPurpose", "Client Secret Label Identifier", None),
    ("environmentId", "Environment ID", None),
    (
        "apiUrl",
        "PingOne API Server URL",
        Some("https://api.pingone.com/v1"),
    ),
    (
        "authUrl",
        "PingOne Authorization Server URL",
        Some("https://auth.pingone.com"),
    ),
];

const USE_CREDENTIAL: &str = "useCredential";
const LABEL_TITLE: &str = "Credential Secret Label Identifier";

/// Titles by name, as the console shows them.
pub(super) fn schema(call: &Call<'_>) -> Answer {
    let switches = &call.state.switches;
    let mut titles: Vec<_> = ATTRIBUTES
        .iter()
        .map(|(name, title, _)| (*name, *title, "string"))
        .collect();
    if switches.product_connections {
        titles.push((USE_CREDENTIAL, "Enable Connection via Credential", "boolean"));
        titles.push((&switches.label_attribute, LABEL_TITLE, "string"));
    }
    let properties: Map<String, Value> = titles
        .iter()
        .enumerate()
        .map(|(order, (name, title, kind))| {
            let property = json!({
                "title": title,
                "description": "",
                "propertyOrder": order * 100,
                "required": false,
                "type": kind,
                "exampleValue": "",
            });
            ((*name).to_owned(), property)
        })
        .collect();
    Answer::json(
        StatusCode::OK,
        &json!({"type": "object", "properties": properties}),
    )
}

pub(super) fn query(call: &Call<'_>) -> Outcome {
    call.config().worker_service.ok_or_else(not_found)?;
    let filter = call.request.query("_queryFilter");
    let wanted = match filter.as_deref() {
        Some("true") => None,
        Some("useCredential eq true") => Some(true),
        Some("useCredential eq false") => Some(false),
        Some(_) => return Err(bad_request("The query filter is not supported")),
        None => return Err(bad_request("_queryFilter is missing")),
    };
    let workers = call.config().workers.iter().filter(|(_, worker)| {
        wanted.is_none_or(|wanted| worker.get(USE_CREDENTIAL).is_some_and(|used| *used == wanted))
    });
    Ok(answers::result(
        workers.map(|(name, worker)| to_json(name, worker)),
    ))
}

pub(super) fn read(call: &Call<'_>, name: &str) -> Outcome {
    let worker = call.config().workers.get(name).ok_or_else(not_found)?;
    Ok(Answer::json(StatusCode::OK, &to_json(name, worker)))
}

/// Replaces the worker: what the body leaves out has its default.
pub(super) fn write(call: &mut Call<'_>, name: &str) -> Outcome {
    call.may_write()?;
    call.config().worker_service.ok_or_else(not_found)?;
    let label_attribute = call.state.switches.label_attribute.clone();
    let mut known: Vec<_> = ATTRIBUTES.iter().map(|(name, ..)| *name).collect();
    if call.state.switches.product_connections {
        known.extend([USE_CREDENTIAL, &label_attribute]);
    }
    let body = call.attributes(name, &known)?;
    check(&body, &label_attribute)?;
    let mut worker: Map<String, Value> = ATTRIBUTES
        .iter()
        .filter_map(|(name, _, default)| Some(((*name).to_owned(), Value::from((*default)?))))
        .collect();
    if call.state.switches.product_connections {
        worker.insert(USE_CREDENTIAL.to_owned(), false.into());
    }
    worker.extend(body);
    let object = to_json(name, &worker);
    let existed = call
        .config_mut()
        .workers
        .insert(name.to_owned(), worker)
        .is_some();
    Ok(answers::written(existed, &object))
}

pub(super) fn delete(call: &mut Call<'_>, name: &str) -> Outcome {
    call.may_write()?;
    let worker = call.config_mut().workers.remove(name).ok_or_else(not_found)?;
    Ok(Answer::json(StatusCode::OK, &to_json(name, &worker)))
}

pub(super) fn to_json(name: &str, worker: &Map<String, Value>) -> Value {
    answers::object(name, worker, &TYPE)
}

fn check(worker: &Map<String, Value>, label_attribute: &str) -> Result<(), Answer> {
    for (name, value) in worker {
        if name == USE_CREDENTIAL && !value.is_boolean() {
            return Err(bad_request("useCredential must be a boolean"));
        }
        if name != USE_CREDENTIAL && !value.is_string() {
            return Err(bad_request(&format!("{name} must be a string")));
        }
        if [label_attribute, "clientSecretPurpose"].contains(&name.as_str())
            && !value.as_str().is_some_and(is_label_identifier)
        {
            return Err(bad_request(&format!(
                "{name} is no label identifier: only a-z A-Z 0-9 and periods"
            )));
        }
    }
    if worker.get(USE_CREDENTIAL) == Some(&Value::Bool(true)) && !worker.contains_key(label_attribute) {
        return Err(bad_request(&format!(
            "{label_attribute} is required with useCredential"
        )));
    }
    Ok(())
}

/// Two periods in a row are for the console's form to refuse, not for AM.
fn is_label_identifier(text: &str) -> bool {
    let legal = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    legal && !text.is_empty() && !text.starts_with('.') && !text.ends_with('.')
}
