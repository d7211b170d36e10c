//! The forms in which a tenant refuses.

use http::StatusCode;
use serde_json::{Value, json};

use crate::message::{Answer, BodyFault};

/// One of the two forms below.
pub(super) type Form = fn(StatusCode, &str) -> Answer;

/// The form of `/environment`.
pub(super) fn platform(status: StatusCode, message: &str) -> Answer {
    challenged(
        status,
        Answer::json(status, &json!({"code": status.as_u16(), "message": message})),
    )
}

/// AM's form.
pub(super) fn am(status: StatusCode, message: &str) -> Answer {
    am_with_detail(status, message, None)
}

/// What AIC does not offer at all; what says so stands before AM, and puts no transaction id on it.
pub(super) fn not_available() -> Answer {
    am(
        StatusCode::FORBIDDEN,
        "This operation is not available in PingOne Advanced Identity Cloud.",
    )
    .untraced()
}

/// AM's form with a `detail`.
pub(super) fn am_with_detail(status: StatusCode, message: &str, detail: Option<Value>) -> Answer {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut body = json!({"code": status.as_u16(), "reason": reason, "message": message});
    if let Some(detail) = detail {
        body["detail"] = detail;
    }
    challenged(status, Answer::json(status, &body))
}

/// OAuth's form (RFC 6749, 5.2).
pub(super) fn oauth(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

/// A body that is not a JSON object.
pub(super) fn body(form: Form, fault: &BodyFault) -> Answer {
    match fault {
        BodyFault::NotJson => form(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json",
        ),
        BodyFault::Malformed(why) => form(
            StatusCode::BAD_REQUEST,
            &format!("The request could not be processed: {why}"),
        ),
    }
}

fn challenged(status: StatusCode, answer: Answer) -> Answer {
    if status == StatusCode::UNAUTHORIZED {
        return answer.header("WWW-Authenticate", "Bearer");
    }
    answer
}
