//! What a secret's value has to look like.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value};

use super::super::refusal::platform;
use super::bad_request;
use crate::message::Answer;

const ENCODINGS: [&str; 4] = ["generic", "pem", "base64hmac", "base64aes"];

pub(super) fn check_encoding(encoding: &str) -> Result<(), Answer> {
    if ENCODINGS.contains(&encoding) {
        return Ok(());
    }
    Err(bad_request(&format!(
        "encoding must be one of {}",
        ENCODINGS.join(", ")
    )))
}

/// The decoded `valueBase64`.
pub(super) fn value(body: &Map<String, Value>) -> Result<Vec<u8>, Answer> {
    let text = body.get("valueBase64").and_then(Value::as_str);
    let text = text.ok_or_else(|| bad_request("valueBase64 is required, and a string"))?;
    STANDARD
        .decode(text)
        .map_err(|_| bad_request("valueBase64 is not base64"))
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
