//! The same, again with every change.

use std::io::IsTerminal as _;

use super::{Printer, show};
use crate::{
    Answer,
    arguments::Status,
    cluster::Cluster,
    failure::Failure,
    follow::{Followed, Told},
    style::say,
};

/// Back to the top of a terminal, and everything below gone.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

/// Shows it until it is stopped. An API server that is away is waited for; who may not look any more is told.
pub async fn run(printer: Printer, cluster: &Cluster, arguments: &Status) -> Result<Answer, Failure> {
    let (followed, mut news) = Followed::start(cluster, arguments.all_namespaces);
    let mut last = String::new();
    loop {
        let told = news.next().await?;
        let mut text = String::new();
        if let Some(fleet) = followed.fleet() {
            text = show(printer, &fleet, arguments.problems)?.0;
        }
        if told == Told::Away {
            text.push_str("\nthe API server does not answer; this is what it said last\n");
        }
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
}
