//! A call that the operator makes, known again in another run.

use std::{collections::HashMap, fmt};

use pingone_aic_simulator::{Exchange, Rule};
use pingone_aic_support::{API_SERVER, fixture::Fixture};

/// Whose calls they are.
pub trait Scene {
    /// A text in which the scene's own names are left open.
    fn generalize(&self, text: &str) -> String;
    /// The same text with the scene's names.
    fn specialize(&self, text: &str) -> String;
    /// Whether the call is made for the scene.
    fn concerns(&self, exchange: &Exchange) -> bool;
}

/// The n-th call of its kind in a procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    host: String,
    method: String,
    /// A part of path and query that tells it from others, with the scene's own names left open.
    target: String,
    occurrence: u32,
}

impl Boundary {
    /// The calls of a clean run that were made for the scene, in order.
    pub fn of(journal: &[Exchange], scene: &impl Scene) -> Vec<Self> {
        let mut boundaries = Vec::new();
        for (index, exchange) in journal.iter().enumerate() {
            if !scene.concerns(exchange) {
                continue;
            }
            let target = target(exchange);
            // As the rule counts them.
            let is_alike = |other: &&Exchange| {
                other.host == exchange.host
                    && other.method == exchange.method
                    && whole(other).contains(&target)
            };
            let occurrence = journal[..index].iter().filter(is_alike).count();
            boundaries.push(Self {
                host: scene.generalize(&exchange.host),
                method: exchange.method.clone(),
                target: scene.generalize(&target),
                occurrence: u32::try_from(occurrence).unwrap(),
            });
        }
        boundaries
    }

    /// The same without the questions whose answer is what it was the last time: who waits asks again and again, and
    /// between two equal answers nothing happens that could be lost.
    pub fn with_news(journal: &[Exchange], scene: &impl Scene) -> Vec<Self> {
        let concerned: Vec<_> = journal
            .iter()
            .filter(|exchange| scene.concerns(exchange))
            .collect();
        let (mut answers, mut writes) = (HashMap::new(), 0);
        let is_news = concerned.into_iter().map(|exchange| {
            let question = (
                exchange.host.clone(),
                exchange.method.clone(),
                target(exchange),
                // What a token is for.
                exchange.request["scope"].to_string(),
            );
            let mut answer = exchange.response.clone();
            if let Some(object) = answer.as_object_mut() {
                // Of each answer alone: its time, a token's value.
                object.remove("timeStamp");
                object.remove("access_token");
            }
            if exchange.host == API_SERVER {
                // What the API server answers stands in no journal: it changes with each write.
                writes += i32::from(exchange.method != "GET");
                answer = writes.into();
            }
            let before = answers.insert(question, answer.clone());
            !asks(exchange) || before != Some(answer)
        });
        let is_news: Vec<_> = is_news.collect();
        let all = Self::of(journal, scene);
        all.into_iter()
            .zip(is_news)
            .filter_map(|(boundary, is_news)| is_news.then_some(boundary))
            .collect()
    }

    /// Meets this call of another scene, once.
    pub fn rule(&self, scene: &impl Scene) -> Rule {
        Rule::on(&scene.specialize(&self.host))
            .method(&self.method)
            .path_contains(&scene.specialize(&self.target))
            .after(self.occurrence)
            .times(1)
    }

    /// Whether it is the first of its kind, without which there is no procedure.
    pub fn is_first(&self) -> bool {
        self.occurrence == 0
    }

    /// Whether the call changes something, or, as a token and a test, is sent as if it did.
    pub fn is_write(&self) -> bool {
        self.method != "GET"
    }

    /// Whether the call asks for a lock.
    pub fn asks_for_lock(&self) -> bool {
        self.method == "POST" && self.target.contains("/promotion/lock?")
    }

    /// Whether the call goes to the Kubernetes API server, not to a vendor.
    pub fn is_kubernetes(&self) -> bool {
        self.host == API_SERVER
    }

    /// Whether the call goes to the tenant with an access token.
    pub fn is_authorized_by_tenant(&self) -> bool {
        !self.is_kubernetes() && !self.host.contains("pingone") && !self.target.contains("/oauth2/")
    }
}

/// Whether the call changes nothing, however it is sent.
fn asks(exchange: &Exchange) -> bool {
    let is_token = exchange.path.ends_with("/oauth2/access_token");
    exchange.method == "GET" || is_token || matches!(exchange.action(), Some("testConnection" | "schema"))
}

/// Path and query as the rules see them.
fn whole(exchange: &Exchange) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&exchange.query)
        .finish();
    format!("{}?{query}", exchange.path)
}

/// What tells a call from others: its path up to an id that is made anew each time, and its action.
fn target(exchange: &Exchange) -> String {
    for made_anew in ["/promotion/lock/", "/promotion/report/"] {
        if let Some(at) = exchange.path.find(made_anew) {
            let (before, id) = exchange.path.split_at(at + made_anew.len());
            if id.len() == 36 {
                return before.to_owned();
            }
        }
    }
    // The query is written in more than one way; the path and the action tell calls apart.
    match exchange.action() {
        Some(action) => format!("{}?_action={action}", exchange.path),
        None => format!("{}?", exchange.path),
    }
}

impl Scene for Fixture {
    fn generalize(&self, text: &str) -> String {
        text.replace(self.environment.id(), "{environment}")
            .replace(&format!("openam-{}-", self.name), "openam-{company}-")
            .replace(&format!("/{}/", self.name), "/{name}/")
            .replace(&format!("/{}?", self.name), "/{name}?")
            .replace(&format!("-{}?", self.name), "-{name}?")
    }

    fn specialize(&self, text: &str) -> String {
        text.replace("{environment}", self.environment.id())
            .replace("{company}", &self.name)
            .replace("{name}", &self.name)
    }

    /// Lists and watches are made for nobody, and whether the definitions are right is asked once a process.
    fn concerns(&self, exchange: &Exchange) -> bool {
        let is_list =
            exchange.host == API_SERVER && exchange.method == "GET" && !exchange.path.contains("/secrets/");
        let names = [self.environment.id(), self.name.as_str()];
        let is_named = exchange.path.split('/').any(|part| {
            names
                .iter()
                .any(|name| part == *name || part.ends_with(&format!("-{name}")))
        });
        let is_dry_run = exchange.query.iter().any(|(name, _)| name == "dryRun");
        !is_list && !is_dry_run && (exchange.host == self.tenant.host() || is_named)
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            method,
            target,
            occurrence,
        } = self;
        let target = target.trim_end_matches('?');
        write!(formatter, "{method} {host}{target} #{occurrence}")
    }
}
