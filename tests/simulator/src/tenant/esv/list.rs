//! `GET /environment/secrets`: all at once by `resource=1.0`, in pages by `resource=2.0`.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Call, bad_request};
use crate::message::{Answer, Outcome, Request};

const DEFAULT_PAGE: usize = 25;
const MAX_PAGE: usize = 100;

pub(super) fn answer(call: &Call<'_>) -> Outcome {
    let size = number(call.request, "_pageSize")?.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&size) {
        return Err(bad_request(&format!(
            "_pageSize must be between 1 and {MAX_PAGE}"
        )));
    }
    let only_pending = call.request.query("_onlyPending").as_deref() == Some("true");
    let paged = call
        .version
        .as_deref()
        .is_some_and(|version| version.ends_with("resource=2.0"));
    let secrets: Vec<Value> = call
        .state
        .secrets
        .iter()
        .filter(|(_, secret)| !paged || !only_pending || !secret.is_loaded())
        .map(|(id, secret)| secret.to_json(id))
        .collect();
    if !paged {
        return Ok(page(&secrets, None, -1, -1));
    }
    let total = secrets.len();
    let start = start(call.request)?.min(total);
    let end = (start + size).min(total);
    let next = (end < total).then_some(end);
    Ok(page(&secrets[start..end], next, count(total), count(total - end)))
}

fn page(secrets: &[Value], next: Option<usize>, total: i64, remaining: i64) -> Answer {
    Answer::json(
        StatusCode::OK,
        &json!({
            "result": secrets,
            "resultCount": secrets.len(),
            "pagedResultsCookie": next.map(|next| next.to_string()),
            "totalPagedResultsPolicy": if total < 0 { "NONE" } else { "EXACT" },
            "totalPagedResults": total,
            "remainingPagedResults": remaining,
        }),
    )
}

/// The cookie of the page before says where to go on, else the offset does.
fn start(request: &Request) -> Result<usize, Answer> {
    let cookie = request
        .query("_pagedResultsCookie")
        .filter(|cookie| !cookie.is_empty());
    match cookie {
        Some(cookie) => cookie
            .parse()
            .map_err(|_| bad_request("Invalid _pagedResultsCookie")),
        None => Ok(number(request, "_pagedResultsOffset")?.unwrap_or(0)),
    }
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Answer> {
    let parse = |text: String| {
        text.parse()
            .map_err(|_| bad_request(&format!("{name} is not a number")))
    };
    request.query(name).map(parse).transpose()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("fewer secrets than fit into memory")
}
