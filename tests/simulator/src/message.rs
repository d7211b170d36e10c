//! One HTTP request and its answer, as the sites see them: read whole, and answered without I/O.

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode, Version};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// A request whose body has been read.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) version: Version,
    /// As sent, percent-encoding included.
    pub(crate) path: String,
    /// As sent, without the question mark.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The decoded path segments: `/a/b%20c` is `["a", "b c"]`.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path
            .trim_start_matches('/')
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect()
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query_pairs()
            .into_iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bearer token, if there is one.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header(AUTHORIZATION.as_str())?.strip_prefix("Bearer ")
    }

    pub(crate) fn has_media_type(&self, media_type: &str) -> bool {
        let essence = self
            .header(CONTENT_TYPE.as_str())
            .and_then(|value| value.split(';').next());
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
    }

    /// The fields of a form body; `None` when it is no form or names a field twice, which OAuth forbids.
    pub(crate) fn form(&self) -> Option<BTreeMap<String, String>> {
        if !self.has_media_type("application/x-www-form-urlencoded") {
            return None;
        }
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(&self.body).into_owned() {
            if fields.insert(name, value).is_some() {
                return None;
            }
        }
        Some(fields)
    }

    /// The members of a JSON object body, or why there are none.
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, BodyFault> {
        if !self.has_media_type("application/json") {
            return Err(BodyFault::NotJson);
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(BodyFault::Malformed("the body is not a JSON object".to_owned())),
            Err(error) => Err(BodyFault::Malformed(error.to_string())),
        }
    }

    /// The body for the journal: JSON as it is, a form as an object, anything else as text.
    pub(crate) fn parsed_body(&self) -> Value {
        match self.form() {
            Some(fields) => json!(fields),
            None => parse_text(&String::from_utf8_lossy(&self.body)),
        }
    }
}

/// Why a body is not the JSON object that was expected.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// The Content-Type is another one: 415.
    NotJson,
    /// It does not parse: 400.
    Malformed(String),
}

/// What a site answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Whether a tenant puts its transaction id on it.
    pub(crate) traced: bool,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::empty(status)
            .header("Content-Type", "application/json;charset=UTF-8")
            .body(body.to_string())
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            traced: true,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: String) -> Self {
        self.body = body;
        self
    }

    /// Leaves the transaction id out.
    pub(crate) fn untraced(mut self) -> Self {
        self.traced = false;
        self
    }

    /// Names the media type of a body otherwise; an empty one has none.
    pub(crate) fn media_type(mut self, media_type: &str) -> Self {
        for (name, value) in &mut self.headers {
            if name == "Content-Type" {
                media_type.clone_into(value);
            }
        }
        self
    }
}

/// A handler's result, where a refusal travels with `?`.
pub(crate) type Outcome = Result<Answer, Answer>;

/// JSON where it parses, the text itself where not, null where there is none.
pub(crate) fn parse_text(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
