//! What a refusal has to say: whether the call was done, and why not, in words that people can read.

use std::time::Duration;

use pingone_aic_operator::{
    aic,
    http::{self, Outcome},
};
use serde_json::{Value, json};

use crate::exchange::{Answer, Body};

/// A call that the client says has failed.
#[derive(Debug)]
pub struct Refused {
    /// What it says of the call's effect.
    pub outcome: Outcome,
    /// What people read.
    pub message: String,
    /// The vendor's code.
    pub code: Option<String>,
    /// How long the host asks to be left alone.
    pub wait: Option<Duration>,
}

impl From<http::Error> for Refused {
    fn from(error: http::Error) -> Self {
        Self {
            outcome: error.outcome(),
            message: error.to_string(),
            code: error.code().map(str::to_owned),
            wait: error.wait(),
        }
    }
}

impl From<aic::Error> for Refused {
    fn from(error: aic::Error) -> Self {
        let call = match &error {
            aic::Error::Call(call) | aic::Error::Token(call) => Some(call),
            _ => None,
        };
        Self {
            outcome: error.outcome(),
            message: error.to_string(),
            code: call.and_then(http::Error::code).map(str::to_owned),
            wait: error.wait(),
        }
    }
}

/// Every way in which a client's reading of a refusal is wrong.
pub fn wrong(
    refused: &Refused,
    answer: &Answer,
    endpoint: &str,
    is_clients: bool,
    secrets: &[String],
) -> Vec<String> {
    let is_esv_call = is_clients && endpoint.contains(" /environment/secrets/");
    let mut wrong = if is_throttled(answer) {
        // All calls that are held back read alike; the vendor's own words stand in the log.
        let alike = Body::Json(json!({"message": "refuses calls"}));
        unreadable(&refused.message, &alike, secrets)
    } else {
        unreadable(&refused.message, &answer.body, secrets)
    };
    let outcome = outcome(answer, is_esv_call);
    if refused.outcome != outcome {
        wrong.push(format!(
            "the outcome is {:?} and should be {outcome:?}",
            refused.outcome
        ));
    }
    let code = answer.body.text("error").or_else(|| answer.body.text("code"));
    if refused.code != code {
        wrong.push(format!("the code is {:?} and should be {code:?}", refused.code));
    }
    let wait = answer
        .headers
        .get("retry-after")
        .and_then(|wait| wait.parse().ok());
    if let (Some(wait), told) = (wait, refused.wait.map(|wait| wait.as_secs()))
        && told != Some(wait)
    {
        wrong.push(format!("the wait is {told:?} s and should be {wait} s"));
    }
    wrong
}

/// Whether the host asks to be left alone.
fn is_throttled(answer: &Answer) -> bool {
    answer.status == 429 || (answer.status == 503 && answer.headers.contains_key("retry-after"))
}

/// The front end refuses before the service sees the call with 403 and 411; whatever else is not the service's own
/// refusal may come after the service has acted.
fn outcome(answer: &Answer, is_esv_call: bool) -> Outcome {
    let is_of_service = matches!(answer.body, Body::Json(_));
    match answer.status {
        400 | 401 | 403 | 409 | 411 | 429 => Outcome::NotDone,
        404 | 422 if is_esv_call && is_of_service => Outcome::NotDone,
        _ => Outcome::Unknown,
    }
}

/// Why people cannot read a message, or must not.
pub fn unreadable(message: &str, body: &Body, secrets: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut unless = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("the message {what}: {message:?}"));
        }
    };
    let lower = message.to_lowercase();
    let tags = ["<html", "<!doctype", "<head", "<meta", "<title", "<body"];
    unless(!tags.iter().any(|tag| lower.contains(tag)), "holds HTML");
    unless(!message.contains('\n'), "has several lines");
    unless(
        !lower.contains("correlation id"),
        "holds an id that differs each time",
    );
    unless(
        !secrets.iter().any(|secret| message.contains(secret)),
        "holds a secret",
    );
    unless(!message.trim_end().ends_with(':'), "says nothing");
    let said = ["error_description", "message"]
        .iter()
        .find_map(|name| body.text(name));
    if let Some(beginning) = said.as_deref().and_then(beginning) {
        unless(
            message.contains(&beginning),
            &format!("does not say {beginning:?}"),
        );
    }
    wrong
}

/// The first words of what the vendor said, before anything that may be cut or taken out.
fn beginning(said: &str) -> Option<String> {
    let words: Vec<_> = said.split_whitespace().take(4).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether a text that stands for a value in a recording is one that was dropped or shortened there.
pub fn is_marked(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.starts_with('<') || text.ends_with('>'))
}
