//! One call to a vendor, and the answer to it.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::{Error, Host, Priority, redact::redact, refusal::without_correlation_id};

/// Whether a call may be sent again when no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It may: a second time changes nothing.
    Repeatable,
    /// It must not: its effect would come twice.
    OnceOnly,
}

/// Checked immediately before a call is sent, after every wait.
#[derive(Clone)]
pub struct Guard(Arc<dyn Fn() -> bool + Send + Sync>);

impl Guard {
    /// A guard with this check.
    pub fn new(allows: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(allows))
    }

    /// Whether it may be sent now.
    #[must_use]
    pub fn allows(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Guard")
    }
}

/// One call to a vendor.
#[derive(Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) operation: &'static str,
    pub(super) delivery: Delivery,
    pub(super) priority: Priority,
    /// A status besides success that is an answer and not an error.
    pub(super) accepted: Option<StatusCode>,
    /// Statuses by which the service itself says that it did nothing.
    pub(super) refusals: &'static [u16],
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    /// Secrets that must not appear outside this call.
    pub(super) secrets: Vec<SecretString>,
    pub(super) guard: Option<Guard>,
}

impl Call {
    /// A call; `path` begins with a slash and is already encoded, `operation` is a verb phrase for messages and
    /// metrics ("create the ESV").
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>, operation: &'static str) -> Self {
        Self {
            method,
            path: path.into(),
            operation,
            delivery: Delivery::Repeatable,
            priority: Priority::default(),
            accepted: None,
            refusals: &[],
            headers: HeaderMap::new(),
            body: None,
            secrets: vec![],
            guard: None,
        }
    }

    /// Sets the call's priority.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sends the call only if the guard allows it then.
    #[must_use]
    pub fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// The same for a write without a guard of its own.
    #[must_use]
    pub fn guarded_if_it_writes(mut self, guard: Option<&Guard>) -> Self {
        if self.method != Method::GET && self.guard.is_none() {
            self.guard = guard.cloned();
        }
        self
    }

    /// Marks the call as one that must not be sent twice.
    #[must_use]
    pub fn once_only(mut self) -> Self {
        self.delivery = Delivery::OnceOnly;
        self
    }

    /// Accepts one more status as an answer. The service answers it in JSON; in another form it comes from a load
    /// balancer and is an error.
    #[must_use]
    pub fn accept(mut self, status: StatusCode) -> Self {
        self.accepted = Some(status);
        self
    }

    /// Adds statuses that mean *not done* if the answer is JSON and so comes from the service.
    #[must_use]
    pub fn refused_with(mut self, statuses: &'static [u16]) -> Self {
        self.refusals = statuses;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// Authenticates with a bearer token.
    #[must_use]
    pub fn bearer(self, token: &SecretString) -> Self {
        self.authorization(&format!("Bearer {}", token.expose_secret()))
            .secret(token.clone())
    }

    /// Authenticates with a client's id and secret.
    #[must_use]
    pub fn basic(self, id: &str, secret: &SecretString) -> Self {
        use base64::{Engine, prelude::BASE64_STANDARD};
        // RFC 6749 §2.3.1: both are form-encoded before they are joined.
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = BASE64_STANDARD.encode(format!("{}:{}", encode(id), encode(secret.expose_secret())));
        self.authorization(&format!("Basic {pair}"))
            .secret(secret.clone())
            .secret(id.into())
            .secret(pair.into())
    }

    /// Sends a form.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body = Some(body.into_bytes());
        self.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header(header::CONTENT_TYPE, "application/json")
    }

    /// Adds a secret of the call, which is removed from everything that comes back.
    #[must_use]
    pub fn secret(mut self, secret: SecretString) -> Self {
        self.secrets.push(secret);
        self
    }

    fn authorization(mut self, value: &str) -> Self {
        // A value with control characters cannot be a header. The call is sent without it, and the vendor refuses it.
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(header::AUTHORIZATION, value);
        }
        self
    }
}

/// Without headers and body, which hold secrets.
impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} {})", self.operation, self.method, self.path)
    }
}

/// The answer to a call.
pub struct Reply {
    pub(super) host: Host,
    pub(super) operation: &'static str,
    pub(super) status: StatusCode,
    pub(super) transaction_id: Option<String>,
    pub(super) body: Vec<u8>,
    pub(super) secrets: Vec<SecretString>,
}

/// Without its body, which may hold secrets.
impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} by {} to {}",
            self.status, self.host, self.operation
        )
    }
}

impl Reply {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Reads the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // Only the position: serde's own message repeats the unexpected value.
            self.unreadable(format!(
                "not the JSON that was expected, at line {} column {}",
                error.line(),
                error.column()
            ))
        })
    }

    /// The error for an unexpected body.
    #[must_use]
    pub fn unreadable(&self, cause: String) -> Error {
        Error::Unreadable {
            host: self.host.clone(),
            operation: self.operation,
            status: self.status.as_u16(),
            cause,
            transaction_id: self.transaction_id.clone(),
        }
    }

    /// A vendor's text without the call's secrets, and without an id that differs from try to try, which is logged
    /// instead.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let (text, id) = without_correlation_id(text);
        if let Some(id) = id {
            let (host, transaction_id) = (&self.host, self.transaction_id.as_deref());
            let correlation_id = redact(&id, &self.secrets);
            tracing::info!(%host, correlation_id, transaction_id, "PingOne's refusal, as the tenant repeats it");
        }
        redact(&text, &self.secrets)
    }
}
