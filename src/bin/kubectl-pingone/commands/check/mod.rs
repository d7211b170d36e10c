//! `check`: whether the installation is as it should be, as far as whoever asks may see it.

mod definitions;
mod lease;
mod operators;
mod reach;
mod rights;

use std::fmt::Write as _;

use serde::Serialize;

use super::Printer;
use crate::{
    Answer,
    cluster::Cluster,
    failure::Failure,
    style::{Style, Tone, plain},
};

pub use operators::LABELS as OPERATOR_LABELS;

/// What was looked at, and what was found.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub what: String,
    pub state: State,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Good,
    /// Somebody has to do something.
    Problem,
    /// Whoever asks may not look.
    Unknown,
}

impl Finding {
    pub fn good(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(what, State::Good, message)
    }

    pub fn problem(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(what, State::Problem, message)
    }

    /// The API server refuses to tell, or does not answer.
    pub fn unknown(what: impl Into<String>, failure: &Failure) -> Self {
        Self::new(what, State::Unknown, failure.to_string())
    }

    fn new(what: impl Into<String>, state: State, message: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            state,
            message: message.into(),
        }
    }
}

pub async fn run(printer: Printer, cluster: &Cluster) -> Result<Answer, Failure> {
    let findings = findings(cluster).await;
    printer.print(&findings, || text(&findings, printer.style))?;
    let has = |state| findings.iter().any(|finding| finding.state == state);
    if has(State::Problem) {
        return Ok(Answer::No);
    }
    if has(State::Unknown) {
        return Err(Failure::Unknown("not everything could be looked at".to_owned()));
    }
    Ok(Answer::Yes)
}

/// Everything, in the order in which one thing needs the other.
pub async fn findings(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = definitions::look(cluster).await;
    let operators = match operators::find(cluster).await {
        Ok(operators) => operators,
        Err(failure) => {
            findings.push(Finding::unknown("operators", &failure));
            Vec::new()
        }
    };
    if operators.is_empty() && findings.iter().all(|finding| finding.what != "operators") {
        let message = "no Deployment of the chart is in the namespaces that you may see: install it, or name its namespace with --namespace";
        findings.push(Finding::problem("operators", message));
    }
    for operator in &operators {
        findings.extend(operator.findings());
        findings.extend(lease::look(cluster, operator).await);
        findings.extend(rights::look(cluster, operator).await);
    }
    findings.extend(reach::look(cluster, &operators).await);
    findings
}

pub fn text(findings: &[Finding], style: Style) -> String {
    let width = findings
        .iter()
        .map(|finding| finding.what.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for finding in findings {
        let (tone, word) = match finding.state {
            State::Good => (Tone::Good, "ok     "),
            State::Problem => (Tone::Bad, "problem"),
            State::Unknown => (Tone::Going, "unknown"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}  {:<width$}  {}",
            style.paint(tone, word),
            plain(&finding.what),
            plain(&finding.message)
        );
    }
    text
}
