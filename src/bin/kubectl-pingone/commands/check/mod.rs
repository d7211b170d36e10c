//! `check`: whether the installation is as it should be, as far as whoever asks may see it.

mod definitions;
mod lease;
mod operators;
mod reach;
mod rights;

pub use operators::in_operator_namespaces;

use super::Printer;
use crate::{
    Answer,
    arguments::{Check, Output},
    cluster::Cluster,
    failure::Failure,
    style::Tone,
    tree::{Node, draw},
};

/// Of what whoever asks may not see.
const UNKNOWN: &str = "unknown";

pub async fn run(printer: Printer, cluster: &Cluster, check: &Check) -> Result<Answer, Failure> {
    let found = observe(cluster, check.operator_namespace.as_deref()).await;
    printer.print(&found, || {
        draw(&found, printer.output == Output::Wide, printer.style)
    })?;
    if found.iter().any(Node::has_problem) {
        return Ok(Answer::No);
    }
    if found.iter().any(|node| node.has_state(UNKNOWN)) {
        return Err(Failure::Unknown("not everything could be looked at".to_owned()));
    }
    Ok(Answer::Yes)
}

/// Everything, in the order in which one thing needs the other.
pub async fn observe(cluster: &Cluster, operator_namespace: Option<&str>) -> Vec<Node> {
    let mut found = vec![section("CRDs", definitions::observe(cluster).await)];
    let operators = match operators::find(cluster, operator_namespace).await {
        Ok(operators) => operators,
        Err(failure) => {
            found.push(match failure {
                Failure::No(message) => problem("operators", message),
                failure => unknown("operators", &failure),
            });
            Vec::new()
        }
    };
    for operator in &operators {
        let mut all = operator.observe();
        all.extend(lease::observe(cluster, operator).await);
        all.extend(rights::observe(cluster, operator).await);
        let name = format!("operator {}/{}", operator.namespace, operator.name);
        found.push(section(name, all));
    }
    let objects = format!("objects in {}", cluster.namespace);
    found.push(section(objects, reach::observe(cluster, &operators).await));
    found
}

fn section(name: impl Into<String>, children: Vec<Node>) -> Node {
    Node {
        kind: "Section",
        name: name.into(),
        children,
        ..Node::default()
    }
}

fn good(name: impl Into<String>, detail: impl Into<String>) -> Node {
    Node {
        kind: "Check",
        name: name.into(),
        state: Some("ok".to_owned()),
        detail: Some(detail.into()),
        tone: Tone::Good,
        ..Node::default()
    }
}

fn problem(name: impl Into<String>, message: impl Into<String>) -> Node {
    Node {
        kind: "Check",
        name: name.into(),
        state: Some("problem".to_owned()),
        message: Some(message.into()),
        needs_person: true,
        tone: Tone::Bad,
        ..Node::default()
    }
}

/// The API server refuses to tell, or does not answer.
fn unknown(name: impl Into<String>, failure: &Failure) -> Node {
    Node {
        kind: "Check",
        name: name.into(),
        state: Some(UNKNOWN.to_owned()),
        detail: Some(failure.to_string()),
        tone: Tone::Going,
        ..Node::default()
    }
}
