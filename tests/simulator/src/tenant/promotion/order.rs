//! What a caller asks for: the bodies of `POST …/promote` and `POST …/rollback`.

use http::StatusCode;
use serde_json::{Map, Value};

use super::super::refusal::{self, platform};
use super::run::Kind;
use crate::message::{Answer, Request};

#[derive(Debug)]
pub(super) struct Order {
    pub(super) kind: Kind,
    pub(super) ignore_encrypted_secrets: bool,
    pub(super) promoter: String,
    pub(super) description: String,
    pub(super) unlock: bool,
}

const FLAGS: [&str; 3] = [
    "dryRun",
    "ignoreEncryptedSecrets",
    "unlockEnvironmentsAfterPromotion",
];
const TEXTS: [&str; 3] = ["promoter", "promotionDescription", "zendeskTicketReference"];

/// What a rollback has no use for.
const OF_PROMOTIONS: [&str; 2] = ["dryRun", "ignoreEncryptedSecrets"];

impl Order {
    pub(super) fn promotion(request: &Request, caller: &str) -> Result<Self, Answer> {
        let body = body(request)?;
        let kind = match body.get("dryRun").and_then(Value::as_bool) {
            Some(true) => Kind::DryRun,
            Some(false) => Kind::Promotion,
            None => return Err(bad_request("dryRun is required")),
        };
        Ok(Self::parse(&body, kind, caller))
    }

    pub(super) fn rollback(request: &Request, caller: &str) -> Result<Self, Answer> {
        let body = body(request)?;
        if let Some(name) = OF_PROMOTIONS.into_iter().find(|name| body.contains_key(*name)) {
            return Err(bad_request(&format!("{name} is unknown")));
        }
        Ok(Self::parse(&body, Kind::Rollback, caller))
    }

    /// [assumed] A flag that is left out is false, and the promoter is the caller.
    fn parse(body: &Map<String, Value>, kind: Kind, caller: &str) -> Self {
        let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        Self {
            kind,
            ignore_encrypted_secrets: flag("ignoreEncryptedSecrets"),
            promoter: text("promoter").unwrap_or(caller).to_owned(),
            description: text("promotionDescription").unwrap_or_default().to_owned(),
            unlock: flag("unlockEnvironmentsAfterPromotion"),
        }
    }
}

/// The body, of which every member is known and of its type.
fn body(request: &Request) -> Result<Map<String, Value>, Answer> {
    let body = request
        .json_object()
        .map_err(|fault| refusal::body(platform, &fault))?;
    for (name, value) in &body {
        let name = name.as_str();
        let fits = FLAGS.contains(&name) && value.is_boolean() || TEXTS.contains(&name) && value.is_string();
        if !fits {
            return Err(bad_request(&format!("{name} is unknown, or of another type")));
        }
    }
    Ok(body)
}

fn bad_request(message: &str) -> Answer {
    platform(StatusCode::BAD_REQUEST, message)
}
