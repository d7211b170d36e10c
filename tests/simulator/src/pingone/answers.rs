//! The forms in which `PingOne` refuses.

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::message::Answer;

/// The admin API's form, without details.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    error_with_details(status, code, message, &[])
}

/// The admin API's form; details are `(code, message)`.
pub(super) fn error_with_details(
    status: StatusCode,
    code: &str,
    message: &str,
    details: &[(&str, &str)],
) -> Answer {
    let details: Vec<_> = details
        .iter()
        .map(|(code, message)| json!({"code": code, "message": message}))
        .collect();
    let id = Uuid::new_v4().to_string();
    Answer::json(
        status,
        &json!({"id": id, "code": code, "message": message, "details": details}),
    )
}

pub(super) fn not_found() -> Answer {
    error(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "The requested resource was not found",
    )
}

/// OAuth's form (RFC 6749, 5.2).
pub(super) fn oauth(status: StatusCode, error: &str, description: &str) -> Answer {
    let answer = Answer::json(status, &json!({"error": error, "error_description": description}));
    if status == StatusCode::UNAUTHORIZED {
        return answer.header("WWW-Authenticate", "Basic realm=\"PingOne\"");
    }
    answer
}
