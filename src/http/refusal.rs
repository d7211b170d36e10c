//! A vendor's refusal: a message for people, a code for decisions, and an id for its support.

use secrecy::SecretString;
use serde_json::Value;

use super::redact::redact;

/// How PingOne introduces the id of a refusal, at the end of its message.
const CORRELATION_ID: &str = "(Correlation ID:";

/// A refusal in the vendor's own words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Redacted, without an id that differs from try to try.
    pub(super) message: String,
    /// `error` or `code`, where it is a text.
    pub(super) code: Option<String>,
    /// The id for the vendor's support.
    pub(super) id: Option<String>,
}

/// Reads a refusal in whichever of the known forms it comes: AIC's `{code, message}`, PingOne's `{id, code, message,
/// details}`, OAuth's `{error, error_description}`, a load balancer's page, or a text.
pub(super) fn describe(json: Option<&Value>, body: &[u8], secrets: &[SecretString]) -> Refusal {
    let Some(value) = json else {
        let text = String::from_utf8_lossy(body);
        let message = redact(page_title(&text).unwrap_or(&text), secrets);
        return Refusal {
            message: if message.is_empty() {
                NO_MESSAGE.to_owned()
            } else {
                message
            },
            code: None,
            id: None,
        };
    };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let code = text("error").or_else(|| text("code"));
    let message = text("error_description")
        .or_else(|| text("message"))
        .or_else(|| text("reason"));
    let (message, id) = message.map_or((None, None), |message| {
        let (message, id) = without_correlation_id(message);
        (Some(message), id)
    });
    let said = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (one, other) => other.as_deref().or(one).unwrap_or(NO_MESSAGE).to_owned(),
    };
    Refusal {
        message: redact(&said, secrets),
        code: code.map(|code| redact(code, secrets)),
        id: id.as_deref().or_else(|| text("id")).map(|id| redact(id, secrets)),
    }
}

const NO_MESSAGE: &str = "no message";

/// Removes PingOne's Correlation ID from a message. It differs from try to try, so a status with it would be written
/// at each.
pub(super) fn without_correlation_id(message: &str) -> (String, Option<String>) {
    let Some((before, rest)) = message.split_once(CORRELATION_ID) else {
        return (message.to_owned(), None);
    };
    let (id, after) = rest.split_once(')').unwrap_or((rest, ""));
    let without = format!("{}{after}", before.trim_end());
    (without, Some(id.trim().to_owned()))
}

/// The title of an HTML page.
fn page_title(text: &str) -> Option<&str> {
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    Some(title.map_or("a page of HTML", |(title, _)| title.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_form_of_a_refusal_is_read() {
        let html = "<!doctype html><meta charset=utf-8><title>411 Length Required</title>Error";
        let table = [
            (r#"{"code": 404, "message": "gone"}"#, "gone", None, None),
            (
                r#"{"id": "i-1", "code": "ACCESS_FAILED", "message": "no", "details": []}"#,
                "ACCESS_FAILED: no",
                Some("ACCESS_FAILED"),
                Some("i-1"),
            ),
            (
                r#"{"error": "invalid_client", "error_description": "Request denied (Correlation ID: c-1)"}"#,
                "invalid_client: Request denied",
                Some("invalid_client"),
                Some("c-1"),
            ),
            (
                r#"{"error": "invalid_scope"}"#,
                "invalid_scope",
                Some("invalid_scope"),
                None,
            ),
            ("{}", NO_MESSAGE, None, None),
            ("", NO_MESSAGE, None, None),
            ("Forbidden", "Forbidden", None, None),
            (html, "411 Length Required", None, None),
            ("<html><p>no</p></html>", "a page of HTML", None, None),
        ];
        for (body, message, code, id) in table {
            let json = serde_json::from_str::<Value>(body).ok();
            let expected = Refusal {
                message: message.into(),
                code: code.map(Into::into),
                id: id.map(Into::into),
            };
            assert_eq!(describe(json.as_ref(), body.as_bytes(), &[]), expected, "{body}");
        }
    }

    #[test]
    fn a_correlation_id_is_taken_out_wherever_it_stands() {
        let answer = "token.[Status: 401]-{\n  \"error_description\" : \"Denied (Correlation ID: a-b)\"\n}";
        let (without, id) = without_correlation_id(answer);
        assert_eq!(
            without,
            "token.[Status: 401]-{\n  \"error_description\" : \"Denied\"\n}"
        );
        assert_eq!(id.as_deref(), Some("a-b"));
        assert_eq!(without_correlation_id("plain"), ("plain".to_owned(), None));
    }
}
