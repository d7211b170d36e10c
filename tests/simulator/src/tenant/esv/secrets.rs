//! `/environment/secrets/{id}`.

use http::StatusCode;
use serde_json::Value;

use super::secret::Secret;
use super::{Call, bad_request, check_id, content, no_secret};
use crate::message::{Answer, Outcome};

pub(super) fn read(call: &Call<'_>, id: &str) -> Outcome {
    Ok(Answer::json(StatusCode::OK, &call.secret(id)?.to_json(id)))
}

/// Creates only: an existing secret is no target for PUT.
pub(super) fn create(call: &mut Call<'_>, id: &str) -> Outcome {
    check_id(id)?;
    let body = call.body()?;
    let encoding = body.get("encoding").and_then(Value::as_str);
    let encoding = encoding.ok_or_else(|| bad_request("encoding is required, and a string"))?;
    content::check_encoding(encoding)?;
    let use_in_placeholders = body.get("useInPlaceholders").and_then(Value::as_bool);
    let use_in_placeholders =
        use_in_placeholders.ok_or_else(|| bad_request("useInPlaceholders is required, and a boolean"))?;
    let value = content::value(&body)?;
    let description = content::description(&body)?.unwrap_or_default();
    if call.state.secrets.contains_key(id) {
        return Err(bad_request("Failed to create secret, the secret already exists"));
    }
    content::check_fits(encoding, &value)?;
    let secret = Secret::new(
        encoding,
        use_in_placeholders,
        &description,
        value,
        &call.caller,
        call.now,
    );
    let answer = Answer::json(StatusCode::OK, &secret.fresh_to_json(id));
    call.state.secrets.insert(id.to_owned(), secret);
    Ok(answer)
}

/// The answer to success has no body.
pub(super) fn set_description(call: &mut Call<'_>, id: &str) -> Outcome {
    call.secret(id)?;
    let description = content::description(&call.body()?)?;
    let description = description.ok_or_else(|| bad_request("description is required"))?;
    let Call {
        state, caller, now, ..
    } = call;
    let secret = state.secrets.get_mut(id).ok_or_else(no_secret)?;
    secret.describe(&description, caller, *now);
    Ok(Answer::empty(StatusCode::OK))
}

pub(super) fn delete(call: &mut Call<'_>, id: &str) -> Outcome {
    check_id(id)?;
    let secret = call.state.secrets.remove(id).ok_or_else(no_secret)?;
    Ok(Answer::json(StatusCode::OK, &secret.to_json(id)))
}
