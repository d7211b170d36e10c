//! How a file tells its exchanges.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::exchange::{Answer, Body, Exchange, Request};

/// A file tells its exchanges in a list, or is one itself, or quotes answers alone.
pub fn exchanges(file: &str, content: &Value) -> Vec<Exchange> {
    let list = |name: &str| content[name].as_array().cloned().unwrap_or_default();
    let mut told = list("exchanges");
    if content.get("request").is_some() {
        told.push(content.clone());
    }
    let quoted = list("claims")
        .into_iter()
        .filter(|claim| claim.get("response").is_some());
    told.extend(quoted.map(|claim| {
        json!({"request": {"method": "POST", "path": "/environment/promotion/lock"}, "response": claim["response"]})
    }));
    told.extend(list("seen").iter().flat_map(quoted_refusals));
    let mut found: Vec<Exchange> = Vec::new();
    for (index, told) in told.iter().enumerate() {
        let kind = told["kind"]
            .as_str()
            .or(content["kind"].as_str())
            .unwrap_or("untold");
        let kind = kind.split([' ', ',']).next().unwrap_or_default().to_owned();
        let mut request = request(&told["request"]);
        // "…same" stands for the path of the exchange before.
        if let (true, Some(before)) = (request.path.starts_with('…'), found.last()) {
            let Request { path, headers, .. } = before.request.clone();
            (request.path, request.headers) = (path, headers);
        }
        // The errors of PingOne's management API are listed by themselves.
        let (request, answer) = if told.get("request").is_some() {
            (request, told.get("response").map(answer))
        } else {
            (read_environment(), Some(answer(told)))
        };
        let name = format!("{file}[{index}]");
        found.push(Exchange {
            name,
            kind,
            request,
            answer,
        });
    }
    found
}

fn read_environment() -> Request {
    Request {
        method: "GET".to_owned(),
        path: "/v1/environments/00000000-0000-4000-8000-000000000000".to_owned(),
        ..Request::default()
    }
}

/// What people matched answers by, made the answers that they matched: its statuses (403 where none is named), its
/// quoted text.
fn quoted_refusals(seen: &Value) -> Vec<Value> {
    let words = seen["match"].as_str().unwrap_or_default();
    let named = |text: &Value| {
        text.as_str()
            .unwrap_or_default()
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|word| word.parse::<u16>().ok())
            .filter(|status| *status >= 400)
            .collect::<Vec<_>>()
    };
    let mut statuses = named(&seen["match"]);
    statuses.truncate(statuses.len() - usize::from(words.contains("instead of 404")));
    statuses.extend(named(&seen["when"]));
    if statuses.is_empty() {
        statuses.push(403);
    }
    let quote = words.split('"').nth(1).unwrap_or("no message was written down");
    let code = if words.contains("NOT_FOUND") {
        "NOT_FOUND"
    } else {
        "ACCESS_FAILED"
    };
    let body = json!({"id": "<uuid>", "code": code, "message": quote, "details": [{"message": quote, "target": quote}]});
    statuses
        .iter()
        .map(|status| json!({"status": status, "body": body}))
        .collect()
}

fn request(told: &Value) -> Request {
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    Request {
        method: text("method"),
        path: text("path"),
        query: text("query"),
        headers: headers(&told["headers"]),
        body: body(told),
    }
}

fn answer(told: &Value) -> Answer {
    let status = told["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let mut headers = headers(&told["headers"]);
    // Marked, not told: `<date>`.
    headers.retain(|_, value| !value.starts_with('<'));
    // How long is said in words where the header is documented.
    if let Some(wait) = headers.get_mut("retry-after") {
        "30".clone_into(wait);
    }
    let body = body(told);
    Answer {
        status: status.unwrap_or_default(),
        headers,
        body,
    }
}

fn headers(told: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    told.as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
        .collect()
}

fn body(told: &Value) -> Body {
    match told.get("body") {
        Some(Value::Null) => Body::Empty,
        Some(Value::Object(body)) => match (body.get("json"), body.get("form"), body.get("text")) {
            (Some(json), ..) => Body::Json(json.clone()),
            (_, Some(Value::Object(form)), _) => Body::Form(form.clone().into_iter().collect()),
            (.., Some(Value::String(text))) => Body::Text(text.clone()),
            _ => Body::Json(Value::Object(body.clone())),
        },
        Some(Value::String(page)) if page.starts_with('<') => Body::Text(page.clone()),
        // Nothing, or the body's form in words.
        _ => Body::Untold,
    }
}
