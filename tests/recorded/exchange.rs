//! One exchange of a recording, and the endpoint that it is of.

use std::collections::BTreeMap;

use serde_json::Value;

/// A request and its answer, as far as the recording tells them.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Where it stands: file, and index in the file.
    pub name: String,
    /// How far it is to be trusted, in the recording's own word.
    pub kind: String,
    /// What was sent.
    pub request: Request,
    /// What came back; `None` where nobody wrote it down.
    pub answer: Option<Answer>,
}

/// A request, recorded or caught.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path as sent, percent-encoding included.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    /// Headers by lower-cased name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Body,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers by lower-cased name, without those that the recording only marks.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Body,
}

/// A body in the form that its content type gives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// The recording does not tell it.
    #[default]
    Untold,
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A form.
    Form(BTreeMap<String, Value>),
    /// Something else.
    Text(String),
}

impl Body {
    /// The members of an object or a form; none of anything else.
    pub fn members(&self) -> BTreeMap<String, Value> {
        match self {
            Self::Json(Value::Object(members)) => members.clone().into_iter().collect(),
            Self::Form(fields) => fields.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// A member, null where there is none.
    pub fn member(&self, name: &str) -> Value {
        self.members().remove(name).unwrap_or_default()
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.member(name).as_str().map(str::to_owned)
    }

    /// Replaces a text wherever it stands.
    pub fn replace(&mut self, old: &str, new: &str) {
        if let Self::Json(value) = self {
            replace(value, old, new);
        }
    }

    /// The JSON, null where there is none.
    pub fn json(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            _ => Value::Null,
        }
    }
}

fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) => *text = text.replace(old, new),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, old, new)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, old, new)),
        _ => {}
    }
}

impl Answer {
    /// An answer of JSON.
    pub fn json(status: u16, body: Value) -> Self {
        let headers = [("content-type".to_owned(), "application/json".to_owned())].into();
        let body = Body::Json(body);
        Self {
            status,
            headers,
            body,
        }
    }

    /// Whether it says that nothing went wrong.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Request {
    /// The segment of the path that follows another one.
    pub fn segment_after(&self, name: &str) -> Option<&str> {
        let mut segments = self.path.split('/').skip_while(|segment| *segment != name);
        segments.next();
        segments.next()
    }

    /// The path with what differs from object to object in braces, and the query's parameter.
    pub fn endpoint(&self) -> String {
        let Self { method, query, .. } = self;
        let path = in_braces(&self.path);
        let mut endpoint = format!("{method} {path}");
        if !query.is_empty() {
            endpoint = format!("{endpoint}?{query}");
        }
        match self.body.text("grant_type") {
            Some(grant) if grant == "authorization_code" => format!("{endpoint} with {grant}"),
            _ => endpoint,
        }
    }
}

/// What stands after each of these is an object's own name.
const NAMED: [(&str, &str); 11] = [
    ("environment/secrets", "{id}"),
    ("environment/variables", "{id}"),
    ("environment/certificates", "{id}"),
    ("environment/csrs", "{id}"),
    ("/versions", "{version}"),
    ("/mappings", "{label}"),
    ("/workers", "{name}"),
    ("promotion/lock", "{promotionId}"),
    ("v1/environments", "{environmentId}"),
    ("/gateways", "{gatewayId}"),
    ("/oidcConfig", "{name}"),
];

fn in_braces(path: &str) -> String {
    let path = path
        .replace("/am/json/realms/root/realms/alpha/realm-config", "{realm}")
        .replace("/am/json/realms/root/realms/bravo/realm-config", "{realm}")
        .replace("/am/json/realms/root/realm-config", "{realm}");
    let mut segments = path.split('/');
    let mut out = segments.next().unwrap_or_default().to_owned();
    for segment in segments {
        let name = NAMED.iter().find(|(before, _)| out.ends_with(before));
        out.push('/');
        out.push_str(name.map_or(segment, |(_, braces)| braces));
    }
    out
}
