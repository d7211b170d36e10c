//! A call that the operator makes, known again in another run.

use std::{collections::HashMap, fmt};

use pingone_aic_simulator::{Exchange, Rule};

use crate::arena::{API_SERVER, subject::Subject};

/// The n-th call of its kind in a procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    host: String,
    method: String,
    /// Path and query, with the subject's own names left open.
    target: String,
    occurrence: u32,
}

impl Boundary {
    /// The calls of a clean run that were made for the subject, in order. Lists and watches are made for nobody.
    pub fn of(journal: &[Exchange], subject: &Subject) -> Vec<Self> {
        let mut seen = HashMap::<_, u32>::new();
        journal
            .iter()
            .filter(|exchange| is_of(exchange, subject))
            .map(|exchange| {
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(&exchange.query)
                    .finish();
                let target = subject.generalize(&format!("{}?{query}", exchange.path));
                let (host, method) = (subject.generalize(&exchange.host), exchange.method.clone());
                let count = seen
                    .entry((host.clone(), method.clone(), target.clone()))
                    .or_default();
                *count += 1;
                Self {
                    host,
                    method,
                    target,
                    occurrence: *count - 1,
                }
            })
            .collect()
    }

    /// Meets this call of another subject, once.
    pub fn rule(&self, subject: &Subject) -> Rule {
        let path = subject.specialize(self.target.split('?').next().unwrap_or_default());
        let rule = Rule::on(&subject.specialize(&self.host)).method(&self.method);
        // The query is written in more than one way; the path and the action tell calls apart.
        let action = self.target.split_once("_action=").map(|(_, action)| action);
        let rule = match action {
            Some(action) => rule.path_contains(&format!("{path}?_action={action}")),
            None => rule.path_contains(&format!("{path}?")),
        };
        rule.after(self.occurrence).times(1)
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

impl Subject {
    /// A text in which the subject's own names are left open.
    fn generalize(&self, text: &str) -> String {
        text.replace(self.environment.id(), "{environment}")
            .replace(&format!("openam-{}-", self.name), "openam-{company}-")
            .replace(&format!("/{}/", self.name), "/{name}/")
            .replace(&format!("/{}?", self.name), "/{name}?")
            .replace(&format!("-{}?", self.name), "-{name}?")
    }

    /// The same text with the subject's names.
    fn specialize(&self, text: &str) -> String {
        text.replace("{environment}", self.environment.id())
            .replace("{company}", &self.name)
            .replace("{name}", &self.name)
    }
}

fn is_of(exchange: &Exchange, subject: &Subject) -> bool {
    let is_list =
        exchange.host == API_SERVER && exchange.method == "GET" && !exchange.path.contains("/secrets/");
    let names = [subject.environment.id(), subject.name.as_str()];
    let is_named = exchange.path.split('/').any(|part| {
        names
            .iter()
            .any(|name| part == *name || part.ends_with(&format!("-{name}")))
    });
    // Whether the definitions are right is asked once a process, not once an object.
    let is_dry_run = exchange.query.iter().any(|(name, _)| name == "dryRun");
    !is_list && !is_dry_run && (exchange.host == subject.tenant.host() || is_named)
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
