//! Every exchange of the program under test with the simulated hosts, in order of arrival.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::header::AUTHORIZATION;
use serde_json::Value;
use tokio::sync::watch;

use crate::fault::Fault;
use crate::message::{Answer, Request, parse_text};

/// One request and what became of it. Bodies hold secrets: compare them, do not print them.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its place in the journal, from 0.
    pub sequence: usize,
    /// When all of it had arrived.
    pub at: Instant,
    /// The host it went to, with the port unless that is 443.
    pub host: String,
    /// The method, in capitals.
    pub method: String,
    /// The path as sent, percent-encoding included.
    pub path: String,
    /// The decoded query, in the order sent.
    pub query: Vec<(String, String)>,
    /// The request's headers by lower-cased name; of `authorization` only the scheme.
    pub headers: BTreeMap<String, String>,
    /// The request's body: JSON as it is, a form as an object, other text as a string, null if empty or relayed.
    pub request: Value,
    /// The fault that was acted out.
    pub fault: Option<Fault>,
    /// The status of the answer: none while it is being made, or when none was made. Under
    /// [`Fault::CloseAfter`], [`Fault::HangAfter`] and [`Fault::front_end_after`] the status of the answer that
    /// was lost.
    pub status: Option<u16>,
    /// The answer's body, in the same forms as the request's.
    pub response: Value,
    /// The answer's `X-ForgeRock-TransactionId`.
    pub transaction_id: Option<String>,
}

impl std::fmt::Display for Exchange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            sequence,
            method,
            host,
            path,
            ..
        } = self;
        write!(formatter, "{sequence} {method} {host}{path}")?;
        if let Some(action) = self.action() {
            write!(formatter, "?_action={action}")?;
        }
        match (self.status, &self.fault) {
            (Some(status), None) => write!(formatter, " -> {status}"),
            (status, fault) => write!(formatter, " -> {status:?} {fault:?}"),
        }
    }
}

impl Exchange {
    /// Whether this is that method on a path that ends so.
    #[must_use]
    pub fn is(&self, method: &str, path_end: &str) -> bool {
        self.method == method && self.path.ends_with(path_end)
    }

    /// The value of the query parameter `_action`.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.query
            .iter()
            .find_map(|(name, value)| (name == "_action").then_some(value.as_str()))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    exchanges: Mutex<Vec<Exchange>>,
    changed: watch::Sender<()>,
}

impl Journal {
    /// Records a request that has arrived; its sequence number.
    pub(crate) fn begin(&self, host: &str, request: &Request, body: Value, fault: Option<&Fault>) -> usize {
        let mut exchanges = self.exchanges();
        let sequence = exchanges.len();
        exchanges.push(Exchange {
            sequence,
            // Under the lock, so that the order of times is the order of arrival.
            at: Instant::now(),
            host: host.to_owned(),
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query_pairs(),
            headers: headers(request),
            request: body,
            fault: fault.cloned(),
            status: None,
            response: Value::Null,
            transaction_id: None,
        });
        drop(exchanges);
        self.changed.send_replace(());
        sequence
    }

    /// Records what was answered, when only its status may be known.
    pub(crate) fn finish_with(&self, sequence: usize, status: u16) {
        self.exchanges()[sequence].status = Some(status);
        self.changed.send_replace(());
    }

    /// Records what was answered.
    pub(crate) fn finish(&self, sequence: usize, answer: &Answer) {
        let mut exchanges = self.exchanges();
        let exchange = &mut exchanges[sequence];
        exchange.status = Some(answer.status.as_u16());
        exchange.response = parse_text(&answer.body);
        exchange.transaction_id = answer
            .headers
            .iter()
            .find_map(|(name, value)| (name == "X-ForgeRock-TransactionId").then(|| value.clone()));
        drop(exchanges);
        self.changed.send_replace(());
    }

    pub(crate) fn position(&self) -> usize {
        self.exchanges().len()
    }

    pub(crate) fn since(&self, sequence: usize) -> Vec<Exchange> {
        self.exchanges().iter().skip(sequence).cloned().collect()
    }

    pub(crate) async fn wait_for(
        &self,
        timeout: Duration,
        mut wanted: impl FnMut(&Exchange) -> bool,
    ) -> Option<Exchange> {
        let mut changes = self.changed.subscribe();
        let search = async {
            loop {
                changes.mark_unchanged();
                let found = self.exchanges().iter().find(|exchange| wanted(exchange)).cloned();
                if found.is_some() || changes.changed().await.is_err() {
                    return found;
                }
            }
        };
        tokio::time::timeout(timeout, search).await.ok().flatten()
    }

    fn exchanges(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn headers(request: &Request) -> BTreeMap<String, String> {
    let read = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let value = if name == AUTHORIZATION {
            value.split(' ').next().unwrap_or_default().to_owned()
        } else {
            value
        };
        (name.to_string(), value)
    };
    request.headers.iter().map(read).collect()
}
