//! `…/services/pingOneWorkerService`: the service itself, which a realm does not have at first.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answers::{self, Type};
use super::{Call, bad_request, not_found, worker};
use crate::message::{Answer, Outcome};

const TYPE: Type = Type {
    id: "pingOneWorkerService",
    name: "PingOne Worker Service",
    collection: false,
};

pub(super) fn read(call: &Call<'_>) -> Outcome {
    let enabled = call.config().worker_service.ok_or_else(not_found)?;
    Ok(Answer::json(StatusCode::OK, &to_json(enabled)))
}

pub(super) fn write(call: &mut Call<'_>) -> Outcome {
    call.may_write()?;
    // A body without the attribute enables it.
    let enabled = match call.attributes("", &["enabled"])?.get("enabled") {
        Some(Value::Bool(enabled)) => *enabled,
        None => true,
        Some(_) => return Err(bad_request("enabled must be a boolean")),
    };
    let existed = call.config_mut().worker_service.replace(enabled).is_some();
    Ok(answers::written(existed, &to_json(enabled)))
}

/// [assumed] Its workers go with it.
pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    call.may_write()?;
    let enabled = call.config_mut().worker_service.take().ok_or_else(not_found)?;
    call.config_mut().workers.clear();
    Ok(Answer::json(StatusCode::OK, &to_json(enabled)))
}

/// The workers, without their revisions.
pub(super) fn descendents(call: &Call<'_>) -> Answer {
    let workers = call.config().workers.iter().map(|(name, worker)| {
        let mut worker = worker::to_json(name, worker);
        worker.as_object_mut().and_then(|worker| worker.remove("_rev"));
        worker
    });
    Answer::json(StatusCode::OK, &json!({"result": workers.collect::<Vec<_>>()}))
}

fn to_json(enabled: bool) -> Value {
    let attributes = Map::from_iter([("enabled".to_owned(), json!(enabled))]);
    answers::object("", &attributes, &TYPE)
}
