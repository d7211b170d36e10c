//! How our request differs from the recorded one.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    exchange::{Body, Request},
    refusal::is_marked,
};

/// Every difference between our request and the recorded one, in words that a row of the table repeats.
pub fn differences(ours: &Request, recorded: &Request) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (what, ours, recorded) in [
        ("method", &ours.method, &recorded.method),
        ("query", &ours.query, &recorded.query),
    ] {
        if ours != recorded {
            found.insert(format!("{what}: {ours:?} for {recorded:?}"));
        }
    }
    // A browser's or a tool's whole request has it; of others only some headers were written down.
    let is_whole = recorded.headers.contains_key("accept");
    for name in ["accept-api-version", "content-type"] {
        let (ours, recorded) = (ours.headers.get(name), recorded.headers.get(name));
        if ours != recorded && (is_whole || recorded.is_some()) {
            let or_none = |value: Option<&String>| value.cloned().unwrap_or_else(|| "none".to_owned());
            found.insert(format!("{name}: {} for {}", or_none(ours), or_none(recorded)));
        }
    }
    if ["POST", "PUT", "PATCH"].contains(&ours.method.as_str())
        && !ours.headers.contains_key("content-length")
    {
        found.insert("no content-length".to_owned());
    }
    if recorded.body != Body::Untold {
        bodies(&ours.body, &recorded.body, &mut found);
    }
    found
}

fn bodies(ours: &Body, recorded: &Body, found: &mut BTreeSet<String>) {
    if let (Body::Form(_), Body::Json(_)) | (Body::Json(_), Body::Form(_)) = (ours, recorded) {
        found.insert("body of another form".to_owned());
    }
    let (ours, recorded) = (ours.members(), recorded.members());
    for name in ours.keys().filter(|name| !recorded.contains_key(*name)) {
        found.insert(format!("body adds {name}"));
    }
    for (name, recorded) in &recorded {
        match ours.get(name) {
            None => found.insert(format!("body lacks {name}")),
            Some(ours) if !is_same(ours, recorded) => found.insert(format!("body has another {name}")),
            Some(_) => false,
        };
    }
}

fn is_same(ours: &Value, recorded: &Value) -> bool {
    ours == recorded || is_marked(recorded)
}
