//! `/environment/startup`: the restart that loads what placeholders refer to.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::state::State;
use super::{Call, bad_request};
use crate::message::{Answer, Outcome};

/// Minutes, in life; by the network's clock here.
const RESTART_TAKES: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn status(call: &Call<'_>) -> Answer {
    let status = if call.state.restart_ends.is_some() {
        "restarting"
    } else {
        "ready"
    };
    Answer::json(StatusCode::OK, &json!({"restartStatus": status}))
}

pub(super) fn restart(call: &mut Call<'_>) -> Outcome {
    if call.state.restart_ends.is_some() {
        return Err(bad_request("A restart is already under way"));
    }
    call.state.restart_ends = Some(call.now + RESTART_TAKES);
    Ok(status(call))
}

/// Ends a restart whose time has passed: every active version is loaded.
pub(super) fn settle(state: &mut State, now: Timestamp) {
    if state.restart_ends.is_none_or(|ends| ends > now) {
        return;
    }
    state.restart_ends = None;
    for secret in state.secrets.values_mut() {
        secret.loaded_by_restart = secret.active().map(|version| version.number);
    }
}
