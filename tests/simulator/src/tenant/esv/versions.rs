//! `/environment/secrets/{id}/versions`.

use http::StatusCode;
use serde_json::Value;

use super::super::refusal::platform;
use super::secret::{Secret, Version, VersionStatus};
use super::{Call, bad_request, content, no_secret};
use crate::message::{Answer, Outcome};

/// A bare array, newest first.
pub(super) fn list(call: &Call<'_>, id: &str) -> Outcome {
    let secret = call.secret(id)?;
    let versions = secret
        .versions
        .iter()
        .rev()
        .map(|version| secret.version_to_json(version))
        .collect();
    Ok(Answer::json(StatusCode::OK, &Value::Array(versions)))
}

pub(super) fn read(call: &Call<'_>, id: &str, version: &str) -> Outcome {
    let secret = call.secret(id)?;
    let version = &secret.versions[index(secret, version)?];
    Ok(Answer::json(StatusCode::OK, &secret.version_to_json(version)))
}

pub(super) fn create(call: &mut Call<'_>, id: &str) -> Outcome {
    let encoding = &call.secret(id)?.encoding;
    let value = content::value(&call.body()?)?;
    content::check_fits(encoding, &value)?;
    let Call {
        state, caller, now, ..
    } = call;
    let secret = state.secrets.get_mut(id).ok_or_else(|| no_secret(id))?;
    secret.add_version(value, caller, *now);
    Ok(version_answer(secret, secret.versions.len() - 1))
}

pub(super) fn change_status(call: &mut Call<'_>, id: &str, version: &str) -> Outcome {
    let index = index(call.secret(id)?, version)?;
    let status = match call.body()?.get("status").and_then(Value::as_str) {
        Some("ENABLED") => VersionStatus::Enabled,
        Some("DISABLED") => VersionStatus::Disabled,
        _ => return Err(bad_request("status must be ENABLED or DISABLED")),
    };
    change(call, id, index, |secret| {
        if status == VersionStatus::Disabled && index + 1 == secret.versions.len() {
            return Err(bad_request("The latest version of a secret cannot be disabled"));
        }
        secret.versions[index].status = status;
        Ok(())
    })
}

/// The version stays listed.
pub(super) fn destroy(call: &mut Call<'_>, id: &str, version: &str) -> Outcome {
    let index = index(call.secret(id)?, version)?;
    change(call, id, index, |secret| {
        secret.versions[index].status = VersionStatus::Destroyed;
        secret.versions[index].value.clear();
        Ok(())
    })
}

fn change(
    call: &mut Call<'_>,
    id: &str,
    index: usize,
    change: impl FnOnce(&mut Secret) -> Result<(), Answer>,
) -> Outcome {
    let Call {
        state, caller, now, ..
    } = call;
    let secret = state.secrets.get_mut(id).ok_or_else(|| no_secret(id))?;
    if secret.versions[index].status == VersionStatus::Destroyed {
        return Err(bad_request("The version is destroyed"));
    }
    change(secret)?;
    secret.touch(caller, *now);
    Ok(version_answer(secret, index))
}

fn version_answer(secret: &Secret, index: usize) -> Answer {
    Answer::json(StatusCode::OK, &secret.version_to_json(&secret.versions[index]))
}

/// Where in the list a version is that was named by number or as `latest`.
fn index(secret: &Secret, named: &str) -> Result<usize, Answer> {
    if named == "latest" {
        return Ok(secret.versions.len() - 1);
    }
    let is_named = |version: &Version| version.number.to_string() == named;
    secret
        .versions
        .iter()
        .position(is_named)
        .ok_or_else(|| platform(StatusCode::NOT_FOUND, &format!("There is no version '{named}'")))
}
