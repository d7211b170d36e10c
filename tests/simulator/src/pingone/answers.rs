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

/// OAuth's refusal of who asks: the same text whatever the reason, and an id that differs each time.
pub(super) fn invalid_client() -> Answer {
    let description = format!(
        "Request denied: Invalid client credentials (Correlation ID: {})",
        Uuid::new_v4()
    );
    oauth(StatusCode::UNAUTHORIZED, "invalid_client", &description)
}

pub(super) fn invalid_request(description: &str) -> Answer {
    oauth(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// OAuth's form (RFC 6749, 5.2), over several lines as `PingOne` writes it. The description needs no escapes.
pub(super) fn oauth(status: StatusCode, error: &str, description: &str) -> Answer {
    let lines = format!("{{\n  \"error\" : \"{error}\",\n  \"error_description\" : \"{description}\"\n}}");
    let answer = Answer::json(status, &json!({})).body(lines);
    if status == StatusCode::UNAUTHORIZED {
        return answer.header("WWW-Authenticate", "Basic realm=\"PingOne\"");
    }
    answer
}
