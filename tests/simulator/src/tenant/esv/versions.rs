//! `/environment/secrets/{id}/versions`.

use http::StatusCode;
use serde_json::Value;

use super::super::refusal::platform;
use super::secret::{Secret, Version, VersionStatus};
use super::{Call, bad_request, check_id, content, no_secret};
use crate::message::{Answer, Outcome};

/// A bare array, newest first.
pub(super) fn list(call: &Call<'_>, id: &str) -> Outcome {
    let secret = call.secret(id)?;
    let versions = secret
        .versions
        .iter()
        .rev()
        .map(Secret::version_to_json)
        .collect();
    Ok(Answer::json(StatusCode::OK, &Value::Array(versions)))
}

pub(super) fn read(call: &Call<'_>, id: &str, version: &str) -> Outcome {
    let missing = || platform(StatusCode::NOT_FOUND, "Failed to get secret version");
    check_id(id)?;
    let secret = call.state.secrets.get(id).ok_or_else(missing)?;
    let index = index(secret, version).ok_or_else(missing)?;
    Ok(version_answer(secret, index))
}

pub(super) fn create(call: &mut Call<'_>, id: &str) -> Outcome {
    check_id(id)?;
    let value = content::value(&call.body()?)?;
    let Call {
        state, caller, now, ..
    } = call;
    let missing = || platform(StatusCode::NOT_FOUND, "Failed to create secret version");
    let secret = state.secrets.get_mut(id).ok_or_else(missing)?;
    content::check_fits(&secret.encoding, &value)?;
    let index = secret.add_version(value, caller, *now);
    Ok(version_answer(secret, index))
}

pub(super) fn change_status(call: &mut Call<'_>, id: &str, version: &str) -> Outcome {
    let index = index(call.secret(id)?, version).ok_or_else(no_secret)?;
    let status = match call.body()?.get("status").and_then(Value::as_str) {
        Some("ENABLED") => VersionStatus::Enabled,
        Some("DISABLED") => VersionStatus::Disabled,
        _ => return Err(bad_request("status must be ENABLED or DISABLED")),
    };
    if status == VersionStatus::Disabled {
        tell_of_cut_off(call, id, index)?;
    }
    change(call, id, index, |secret| {
        if status == VersionStatus::Disabled && index + 1 == secret.versions.len() {
            return Err(bad_request("Cannot disable latest secret version"));
        }
        if secret.versions[index].status == VersionStatus::Destroyed {
            return Err(bad_request("The version is destroyed"));
        }
        secret.versions[index].status = status;
        Ok(())
    })
}

/// The tenant allows it; whoever rotates a credential should not do it.
fn tell_of_cut_off(call: &Call<'_>, id: &str, index: usize) -> Result<(), Answer> {
    let secret = call.secret(id)?;
    let value = &secret.versions[index].value;
    let cached = call.state.cached_values.get(id);
    let is_served = cached.is_some_and(|cached| cached.expires > call.now && cached.value == *value);
    if is_served && secret.active().is_some_and(|newest| newest.value != *value) {
        let (host, number) = (call.tenant.host(), secret.versions[index].number);
        let what = format!("version {number} of {id} in {host}");
        call.tenant.0.world.cut_off().push(what);
    }
    Ok(())
}

/// The version stays listed. What is not there, or is destroyed already, is a 500. The newest one has to stay while
/// the one before is disabled, as the documentation says; the status of that refusal is [assumed].
pub(super) fn destroy(call: &mut Call<'_>, id: &str, version: &str) -> Outcome {
    check_id(id)?;
    let failed = || {
        platform(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Failed to delete secret version",
        )
    };
    let secret = call.state.secrets.get(id).ok_or_else(failed)?;
    let index = index(secret, version)
        .filter(|index| secret.versions[*index].status != VersionStatus::Destroyed)
        .ok_or_else(failed)?;
    let is_newest = index + 1 == secret.versions.len();
    if is_newest && index > 0 && secret.versions[index - 1].status == VersionStatus::Disabled {
        return Err(bad_request(
            "Cannot delete latest secret version, the previous version is disabled",
        ));
    }
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
    let secret = state.secrets.get_mut(id).ok_or_else(no_secret)?;
    change(secret)?;
    secret.touch(caller, *now);
    Ok(version_answer(secret, index))
}

fn version_answer(secret: &Secret, index: usize) -> Answer {
    Answer::json(StatusCode::OK, &Secret::version_to_json(&secret.versions[index]))
}

/// Where in the list a version is that was named by number or as `latest`.
fn index(secret: &Secret, named: &str) -> Option<usize> {
    if named == "latest" {
        return Some(secret.versions.len() - 1);
    }
    let is_named = |version: &Version| version.number.to_string() == named;
    secret.versions.iter().position(is_named)
}
