//! How many exchanges of how many were held, endpoint by endpoint, and what was found to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::{exchange::Exchange, left_out::LEFT_OUT, meant::MEANT};

/// What was found so far.
#[derive(Default)]
pub struct Tally {
    /// By endpoint and kind.
    rows: BTreeMap<(String, String), Row>,
    /// What is wrong at which endpoint, and the exchanges that show it.
    wrong: BTreeMap<(String, String), Vec<String>>,
    /// Endpoint and difference of each row of `meant.rs`, and endpoint of each of `left_out.rs`, that was needed.
    meant: BTreeSet<(String, String)>,
    left_out: BTreeSet<String>,
}

#[derive(Default)]
struct Row {
    held: usize,
    wrong: usize,
    left_out: usize,
}

impl Tally {
    /// An exchange was played, and this was wrong with it.
    pub fn played(&mut self, endpoint: &str, exchange: &Exchange, wrong: Vec<String>) {
        let row = self.row(endpoint, exchange);
        *if wrong.is_empty() {
            &mut row.held
        } else {
            &mut row.wrong
        } += 1;
        for what in wrong {
            self.note(endpoint, what, &exchange.name);
        }
    }

    /// An exchange was left out, for which there has to be a reason.
    pub fn left_out(&mut self, endpoint: &str, exchange: &Exchange) {
        self.row(endpoint, exchange).left_out += 1;
        self.left_out.insert(endpoint.to_owned());
        if reason(endpoint).is_none() {
            self.note(
                endpoint,
                "neither held nor a row of left_out.rs".to_owned(),
                &exchange.name,
            );
        }
    }

    /// Whether a difference is meant.
    pub fn is_meant(&mut self, endpoint: &str, difference: &str) -> bool {
        self.meant.insert((endpoint.to_owned(), difference.to_owned()));
        MEANT
            .iter()
            .any(|meant| meant.what == difference && meant.at.contains(&endpoint))
    }

    fn row(&mut self, endpoint: &str, exchange: &Exchange) -> &mut Row {
        self.rows
            .entry((endpoint.to_owned(), exchange.kind.clone()))
            .or_default()
    }

    fn note(&mut self, endpoint: &str, what: String, exchange: &str) {
        self.wrong
            .entry((endpoint.to_owned(), what))
            .or_default()
            .push(exchange.to_owned());
    }

    /// The table: a line a row, and one in all.
    pub fn table(&self) -> String {
        let mut lines = vec![format!("{:>4} {:>4}  {:<11} endpoint", "held", "of", "kind")];
        let (mut all_held, mut all, mut all_left_out) = (0, 0, 0);
        for (
            (endpoint, kind),
            Row {
                held,
                wrong,
                left_out,
            },
        ) in &self.rows
        {
            let of = held + wrong + left_out;
            (all_held, all, all_left_out) = (all_held + held, all + of, all_left_out + left_out);
            let why = match reason(endpoint) {
                Some(why) if *left_out > 0 => format!(" [{left_out} left out: {why}]"),
                _ => String::new(),
            };
            lines.push(format!("{held:>4} {of:>4}  {kind:<11} {endpoint}{why}"));
        }
        lines.push(format!(
            "{all_held:>4} {all:>4}  in all; {all_left_out} left out, each with its reason"
        ));
        lines.join("\n")
    }

    /// What is wrong, rows that nothing needs included; empty if nothing is.
    pub fn wrong(&self) -> String {
        let shown = self.wrong.iter().map(|((endpoint, what), exchanges)| {
            format!("{endpoint}: {what}\n    shown by {}", exchanges.join(", "))
        });
        let rows = MEANT
            .iter()
            .flat_map(|meant| meant.at.iter().map(|at| (*at, meant.what)));
        let meant = rows
            .filter(|(at, what)| !self.meant.contains(&((*at).to_owned(), (*what).to_owned())))
            .map(|(at, what)| format!("{at}: no exchange needs this row of meant.rs: {what}"));
        let left_out = LEFT_OUT
            .iter()
            .filter(|(endpoint, _)| !self.left_out.contains(*endpoint))
            .map(|(endpoint, _)| format!("{endpoint}: no exchange needs this row of left_out.rs"));
        shown.chain(meant).chain(left_out).collect::<Vec<_>>().join("\n")
    }
}

fn reason(endpoint: &str) -> Option<&'static str> {
    LEFT_OUT
        .iter()
        .find(|(of, _)| *of == endpoint)
        .map(|(_, why)| *why)
}
