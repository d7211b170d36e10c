//! What a secret's value has to look like.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::refusal::platform;
use super::bad_request;
use crate::message::Answer;

const ENCODINGS: [&str; 4] = ["generic", "pem", "base64hmac", "base64aes"];

/// What Google Secret Manager holds.
const MAX_VALUE: usize = 65_535;

pub(super) fn check_encoding(encoding: &str) -> Result<(), Answer> {
    if ENCODINGS.contains(&encoding) {
        return Ok(());
    }
    // The code is not the status.
    let message = format!("encoding in body should be one of [{}]", ENCODINGS.join(" "));
    Err(Answer::json(
        StatusCode::UNPROCESSABLE_ENTITY,
        &json!({"code": 606, "message": message}),
    ))
}

/// The decoded `valueBase64`. [assumed] How one that is too long is refused.
pub(super) fn value(body: &Map<String, Value>) -> Result<Vec<u8>, Answer> {
    let text = body.get("valueBase64").and_then(Value::as_str);
    let text = text.ok_or_else(|| bad_request("valueBase64 is required, and a string"))?;
    let value = STANDARD
        .decode(text)
        .map_err(|_| bad_request("valueBase64 is not base64"))?;
    if value.len() > MAX_VALUE {
        return Err(bad_request(&format!(
            "the value is longer than {MAX_VALUE} bytes"
        )));
    }
    Ok(value)
}

/// Content that does not fit its encoding is found late, and answered with 500.
pub(super) fn check_fits(encoding: &str, value: &[u8]) -> Result<(), Answer> {
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    let fits = match encoding {
        "pem" => text.starts_with("-----BEGIN ") && text.contains("-----END "),
        "base64hmac" | "base64aes" => STANDARD.decode(text).is_ok_and(|key| !key.is_empty()),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(platform(
        StatusCode::INTERNAL_SERVER_ERROR,
        &format!("Failed to process a value as {encoding}"),
    ))
}

/// The description in a body, if any; at most 1000 characters.
pub(super) fn description(body: &Map<String, Value>) -> Result<Option<String>, Answer> {
    match body.get("description") {
        None => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= 1000 => Ok(Some(text.clone())),
        Some(_) => Err(bad_request(
            "description must be a string of at most 1000 characters",
        )),
    }
}
