//! Faults that are acted out by rule, in place of a site's answer or around it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;

use crate::message::Request;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is processed after this long.
    Delay(Duration),
    /// The request is not processed; this is answered instead.
    Status {
        /// The status of the answer.
        status: StatusCode,
        /// Its headers, beside `Date`.
        headers: Vec<(String, String)>,
        /// Its body.
        body: String,
    },
    /// The connection is closed; the request was not processed.
    CloseBefore,
    /// The connection is closed although the request was processed: a lost answer.
    CloseAfter,
    /// The request is processed, and the answer is a 200 with a body that nobody can read.
    Garbage,
    /// The request is not processed and never answered.
    Hang,
    /// The request waits until the rule is removed, and is processed then: so a test acts before a certain call.
    Hold,
    /// A gateway takes the request and never answers. It passes the request on when the rule is removed, whether anybody
    /// still waits or not.
    Gateway,
    /// The request is processed and never answered.
    HangAfter,
    /// The load balancer in front of a tenant answers with a page of its own: HTML, without `via` and without a
    /// transaction id.
    FrontEnd {
        /// The status of the page.
        status: StatusCode,
        /// Whether the tenant has processed the request all the same.
        processed: bool,
    },
}

impl Fault {
    /// An answer with this status and an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status {
            status: legal(status),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// The front end's own page with this status; the tenant never sees the request.
    #[must_use]
    pub fn front_end(status: u16) -> Self {
        Self::FrontEnd {
            status: legal(status),
            processed: false,
        }
    }

    /// The front end's own page with this status, in place of the answer of a tenant that has processed the request.
    #[must_use]
    pub fn front_end_after(status: u16) -> Self {
        Self::FrontEnd {
            status: legal(status),
            processed: true,
        }
    }

    /// Adds a header to a [`Fault::Status`]; has no effect on others.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sets the body of a [`Fault::Status`]; has no effect on others.
    #[must_use]
    pub fn body(mut self, text: &str) -> Self {
        if let Self::Status { body, .. } = &mut self {
            text.clone_into(body);
        }
        self
    }
}

fn legal(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a test names a status between 100 and 999")
}

/// Which requests a fault meets. Without narrowing, all of them.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    host: Option<String>,
    method: Option<String>,
    path_contains: Option<String>,
    after: u32,
    times: Option<u32>,
}

impl Rule {
    /// Requests to any host.
    #[must_use]
    pub fn anywhere() -> Self {
        Self::default()
    }

    /// Requests to hosts of this pattern, in which `*` stands for any run of characters. The port is part of
    /// a host only if it is not 443.
    #[must_use]
    pub fn on(host: &str) -> Self {
        Self {
            host: Some(host.to_owned()),
            ..Self::default()
        }
    }

    /// Only this method, in capitals.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only if the path with its query, as sent, contains this text.
    #[must_use]
    pub fn path_contains(mut self, text: &str) -> Self {
        self.path_contains = Some(text.to_owned());
        self
    }

    /// Lets this many matching requests through first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// At most this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn covers(&self, host: &str, request: &Request) -> bool {
        let target = format!("{}?{}", request.path, request.query);
        self.host.as_deref().is_none_or(|pattern| matches(pattern, host))
            && self
                .method
                .as_deref()
                .is_none_or(|method| method == request.method.as_str())
            && self
                .path_contains
                .as_deref()
                .is_none_or(|text| target.contains(text))
    }
}

/// Whether the text fits the pattern, in which `*` stands for any run of characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().any(|(at, _)| matches(tail, &rest[at..])) || matches(tail, "")
        }),
    }
}

#[derive(Debug)]
struct Entry {
    id: u64,
    rule: Rule,
    fault: Fault,
    hits: Arc<AtomicU32>,
    /// Goes with the rule, which lets go what it holds.
    in_force: watch::Sender<()>,
}

/// A fault that a request meets.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    pub(crate) fault: Fault,
    in_force: watch::Receiver<()>,
}

impl Met {
    /// Waits until the rule is removed.
    pub(crate) async fn removed(&mut self) {
        // Nothing is ever sent: an error, for the sender is gone, is what is waited for.
        let _ = self.in_force.changed().await;
    }
}

/// The rules in force; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    entries: Arc<Mutex<(u64, Vec<Entry>)>>,
}

impl Faults {
    pub(crate) fn add(&self, rule: Rule, fault: Fault) -> FaultHandle {
        let hits = Arc::new(AtomicU32::new(0));
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.0 += 1;
        let id = entries.0;
        entries.1.push(Entry {
            id,
            rule,
            fault,
            hits: Arc::clone(&hits),
            in_force: watch::Sender::new(()),
        });
        FaultHandle {
            faults: self.clone(),
            id,
            hits,
        }
    }

    /// The fault that this request meets: that of the first rule that covers it and is not used up.
    pub(crate) fn meet(&self, host: &str, request: &Request) -> Option<Met> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for Entry {
            rule,
            fault,
            hits,
            in_force,
            ..
        } in &mut entries.1
        {
            if !rule.covers(host, request) {
                continue;
            }
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            if rule
                .times
                .is_some_and(|times| hits.load(Ordering::SeqCst) >= times)
            {
                continue;
            }
            hits.fetch_add(1, Ordering::SeqCst);
            return Some(Met {
                fault: fault.clone(),
                in_force: in_force.subscribe(),
            });
        }
        None
    }
}

/// A rule in force: tells how often it acted, and can be removed. Dropping the handle leaves the rule.
#[derive(Clone, Debug)]
pub struct FaultHandle {
    faults: Faults,
    id: u64,
    hits: Arc<AtomicU32>,
}

impl FaultHandle {
    /// How often the fault was acted out.
    #[must_use]
    pub fn hits(&self) -> u32 {
        self.hits.load(Ordering::SeqCst)
    }

    /// Ends the fault. Requests that [`Fault::Hold`] and [`Fault::Gateway`] hold go on; those that hang hang on.
    pub fn remove(&self) {
        self.faults
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .retain(|entry| entry.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        assert!(matches("api.pingone.*", "api.pingone.eu"));
        assert!(matches(
            "*-dev.id.forgerock.io",
            "openam-mycompany-ew2-dev.id.forgerock.io"
        ));
        assert!(matches("*", ""));
        assert!(matches("a*", "a"));
        assert!(!matches("api.pingone.*", "auth.pingone.eu"));
        assert!(!matches("api.pingone.eu", "api.pingone.eu:8443"));
    }
}
