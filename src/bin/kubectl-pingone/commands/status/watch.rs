//! The same, again with every change.

use std::io::IsTerminal as _;

use super::{Printer, show};
use crate::{
    Answer,
    arguments::Status,
    cluster::Cluster,
    failure::Failure,
    follow::{ApiState, Followed},
    style::say,
};

/// Back to the top of a terminal, and everything below gone.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

/// Shows it until it is stopped. An API server that is away is waited for; who may not look any more is told.
pub async fn run(printer: Printer, cluster: &Cluster, arguments: &Status) -> Result<Answer, Failure> {
    let (followed, mut changes) = Followed::start(cluster, arguments.all_namespaces);
    let (mut last, mut last_state) = (String::new(), ApiState::Answers);
    loop {
        let state = changes.next().await;
        if let ApiState::Refuses(failure) = state {
            return Err(failure);
        }
        if let Some(fleet) = followed.fleet() {
            let (text, _) = show(printer, &fleet, (cluster, arguments))?;
            if text != last {
                let clear = if std::io::stdout().is_terminal() {
                    CLEAR
                } else {
                    ""
                };
                say(&format!("{clear}{text}\n"));
                last = text;
            }
        }
        // Beside what programs read.
        if state != last_state {
            match &state {
                ApiState::Away(failure) => eprintln!("{failure}; this is what it said last"),
                _ => eprintln!("the API server answers again"),
            }
            last_state = state;
        }
    }
}
