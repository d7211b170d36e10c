//! One request on the wire, and what its answer says.

use http::{HeaderName, header};
use serde_json::Value;

use super::{
    Call, Error, Host, Outcome, Reply, RetryAfter,
    rate_limit::RateLimit,
    redact::redact,
    refusal::{Refusal, describe},
    retry_after::{http_date, retry_after},
};

/// Why there is no answer in time.
pub(super) const TOO_LONG: &str = "it took too long";
/// The limit for answers. Real ones are much smaller.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
const TRANSACTION_ID: HeaderName = HeaderName::from_static("x-forgerock-transactionid");

/// Sends a call and reads its answer. The rate limit learns the host's clock from it, and whether the host refuses
/// calls.
pub(super) async fn exchange(
    client: &reqwest::Client,
    host: &Host,
    call: &Call,
    rate_limit: &RateLimit,
) -> Result<Reply, Error> {
    let mut request = client
        .request(call.method.clone(), format!("https://{host}{}", call.path))
        .headers(call.headers.clone());
    if let Some(body) = &call.body {
        request = request.body(body.clone());
    }
    let mut response = request
        .send()
        .await
        .map_err(|error| transport(host, call, &error))?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(date) = text(header::DATE).and_then(http_date) {
        rate_limit.learn_date(date);
    }
    let asked = text(header::RETRY_AFTER).and_then(|value| retry_after(value, rate_limit.host_time()));
    let asked = match status.as_u16() {
        status @ (429 | 503) => rate_limit.refused(status, asked, call.priority),
        _ => asked.map(|wait| RetryAfter { wait, until: None }),
    };
    let transaction_id = text(TRANSACTION_ID).map(|id| redact(id, &call.secrets));
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| transport(host, call, &error))?
    {
        if body.len() + chunk.len() > LARGEST_BODY {
            let cause = format!("longer than {LARGEST_BODY} bytes");
            let (host, operation, status) = (host.clone(), call.operation, status.as_u16());
            return Err(Error::Unreadable {
                host,
                operation,
                status,
                cause,
                transaction_id,
            });
        }
        body.extend_from_slice(&chunk);
    }
    let json = serde_json::from_slice::<Value>(&body).ok();
    let is_of_service = json.as_ref().is_some_and(Value::is_object);
    if status.is_success() || (call.accepted == Some(status) && is_of_service) {
        let (host, operation, secrets) = (host.clone(), call.operation, call.secrets.clone());
        return Ok(Reply {
            host,
            operation,
            status,
            transaction_id,
            body,
            secrets,
        });
    }
    let status = status.as_u16();
    let outcome = if is_of_service && call.refusals.contains(&status) {
        Outcome::NotDone
    } else {
        Outcome::of_status(status)
    };
    let Refusal { message, code, id } = describe(json.as_ref(), &body, &call.secrets);
    Err(Error::Status {
        host: host.clone(),
        operation: call.operation,
        status,
        message,
        code,
        retry_after: asked,
        transaction_id: transaction_id.or(id),
        outcome,
        by_service: is_of_service,
    })
}

/// Classifies a transport error. Its own message is not repeated, because it may contain the URL.
fn transport(host: &Host, call: &Call, error: &reqwest::Error) -> Error {
    let (host, operation) = (host.clone(), call.operation);
    let cause = redact(&innermost(error), &call.secrets);
    if error.is_connect() {
        return Error::NotConnected {
            host,
            operation,
            cause,
        };
    }
    let timed_out = error.is_timeout();
    let cause = if timed_out { TOO_LONG.to_owned() } else { cause };
    Error::Unanswered {
        host,
        operation,
        cause,
        timed_out,
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
