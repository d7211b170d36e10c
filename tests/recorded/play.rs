//! One exchange, played to the product's own clients over TLS.

use std::collections::BTreeSet;

use pingone_aic_operator::{
    aic::Tenant,
    api::Realm,
    clock::{Clock, ClockControl},
    http::{Host, Http, Priority},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    difference::differences,
    exchange::{Answer, Exchange, Request},
    refusal::Refused,
    server::Server,
    stage::token,
};

/// What came of a client's call.
pub type Made = Result<(), Refused>;

/// An exchange on its way through a client.
pub struct Play<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// The recorded request, with the arguments that our clients can be given.
    pub expected: Request,
    /// A client for a tenant.
    pub tenant: Tenant,
    /// The stack below it.
    pub http: Http,
    /// The server's host.
    pub host: Host,
    /// The clients' clock.
    pub clock: Clock,
    /// What moves it.
    pub control: ClockControl,
    /// The arguments that had to be replaced.
    pub replaced: BTreeSet<&'static str>,
    /// Whether the client takes the refusal for an answer, and rightly so.
    pub is_an_answer: bool,
    /// What is not as it should be.
    pub wrong: Vec<String>,
    /// What answers.
    pub server: Server,
}

impl Play<'_> {
    /// The recorded answer.
    ///
    /// # Panics
    /// If none was recorded.
    pub fn answer(&self) -> &Answer {
        self.exchange.answer.as_ref().unwrap()
    }

    /// Answers these instead.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.server.play(token(), answers);
    }

    /// Answers this to a request for a tenant's token, and these to others.
    pub fn token_and_answers(&self, token: Answer, answers: impl IntoIterator<Item = Answer>) {
        self.server.play(token, answers);
    }

    /// What the clients have sent to this path.
    pub fn sent_to(&self, path: &str) -> Vec<Request> {
        let mut requests = self.server.requests();
        requests.retain(|request| request.path == path);
        requests
    }

    /// How what was sent differs from what was recorded.
    pub fn differences(&self) -> Vec<String> {
        let replaced = self
            .replaced
            .iter()
            .map(|argument| format!("argument {argument}"));
        let sent = self.server.requests();
        let ours = sent
            .iter()
            .rev()
            .find(|request| request.path == self.expected.path);
        let found = match ours {
            Some(ours) => differences(ours, &self.expected),
            None => [format!(
                "path: {:?} for {:?}",
                sent.last().map(|request| &request.path),
                self.expected.path
            )]
            .into(),
        };
        found.into_iter().chain(replaced).collect()
    }

    /// Replaces an argument that our clients cannot be given, in path and body of the recorded request.
    pub fn replace(&mut self, argument: &'static str, recorded: &str, ours: &str) {
        if recorded == ours {
            return;
        }
        self.replaced.insert(argument);
        self.expected.path = self.expected.path.replace(recorded, ours);
        self.expected.body.replace(recorded, ours);
    }

    /// The realm of the request.
    pub fn realm(&mut self) -> Realm {
        let path = &self.exchange.request.path;
        if path.contains("/realms/bravo/") {
            return Realm::Bravo;
        }
        if !path.contains("/realms/alpha/") {
            self.replace(
                "realm",
                "/realms/root/realm-config",
                "/realms/root/realms/alpha/realm-config",
            );
        }
        Realm::Alpha
    }

    /// A member of the recorded request's body.
    pub fn argument(&self, name: &str) -> String {
        self.exchange.request.body.text(name).unwrap_or_default()
    }

    /// Says that something is not as it should be.
    pub fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// Holds what the client read against what was recorded.
    pub fn same(&mut self, what: &str, read: impl Serialize, recorded: &Value) {
        let read = json!(read);
        if read != *recorded {
            self.wrong(format!("{what}: the client reads {read}, recorded is {recorded}"));
        }
    }

    /// Holds what the client read against a member of the recorded answer.
    pub fn same_member(&mut self, name: &str, read: impl Serialize) {
        let recorded = self.answer().body.member(name);
        self.same(name, read, &recorded);
    }

    /// A refusal that the client takes for the answer that it is, if its status is this.
    pub fn answers_with(&mut self, status: u16) {
        if self.answer().status == status {
            self.is_an_answer = true;
        } else {
            self.wrong(format!("the client takes it for an answer of status {status}"));
        }
    }
}

/// Whose turns the calls take.
pub const LANE: Priority = Priority::Change;
