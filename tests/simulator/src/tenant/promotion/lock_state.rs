//! `GET /environment/promotion/lock/state`.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::refusal::platform;
use super::super::state::State;
use super::lock::LockState;
use crate::message::{Answer, Outcome, Request};

/// [assumed] What an environment with no lower one answers to a question about both: a sandbox is in no
/// promotion group, and development is the lowest of its own.
const NO_LOWER_ENVIRONMENT: StatusCode = StatusCode::NOT_FOUND;

pub(super) fn read(state: &State, request: &Request) -> Outcome {
    if !is_local(request)? {
        return Err(platform(
            NO_LOWER_ENVIRONMENT,
            "There is no environment below this one",
        ));
    }
    let lock = &state.lock;
    let mut answer = json!({
        "result": lock.state().to_string(),
        "description": describe(lock.state()),
    });
    if let Some(id) = lock.promotion_id() {
        answer["promotionId"] = Value::from(id);
    }
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// Whether only the environment that is asked is meant.
fn is_local(request: &Request) -> Result<bool, Answer> {
    match request.query("localLockOnly").as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(platform(
            StatusCode::BAD_REQUEST,
            "localLockOnly must be true or false",
        )),
    }
}

fn describe(state: LockState) -> &'static str {
    match state {
        LockState::Unlocked => "Environment unlocked",
        LockState::Locked => "Environment locked",
    }
}
