//! The list, for a terminal and for a comment on a pull request.

use std::fmt::Write as _;

use crate::{
    changes::{Diff, Item},
    style::{Style, Tone, code, plain},
};

const TRUNCATED: &str = "The list was longer than a status holds: see the tenant's console for the rest.\n";

pub(super) fn text(diff: &Diff, style: Style) -> String {
    let mut text = format!(
        "{}: {} -> {}\n{}\n{}",
        diff.run,
        diff.from,
        diff.to,
        diff.summary,
        origin(diff)
    );
    for (title, sign, tone, items) in sections(diff) {
        if items.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{title}");
        for Item { name, ours } in items {
            let whose = if *ours { "  (this run's)" } else { "" };
            let _ = writeln!(text, "{}{whose}", style.paint(tone, &format!("  {sign} {name}")));
        }
    }
    if diff.truncated {
        let _ = write!(text, "\n{TRUNCATED}");
    }
    text
}

pub(super) fn markdown(diff: &Diff) -> String {
    let mut text = format!(
        "### {}: {} → {}\n\n{}.\n\n",
        code(&diff.run),
        code(&diff.from),
        code(&diff.to),
        diff.summary
    );
    for (title, _, _, items) in sections(diff) {
        if items.is_empty() {
            continue;
        }
        let _ = writeln!(text, "**{title}**\n");
        for Item { name, ours } in items {
            let whose = if *ours { " (this run's)" } else { "" };
            let _ = writeln!(text, "- {}{whose}", code(name));
        }
        text.push('\n');
    }
    if diff.truncated {
        let _ = writeln!(text, "{TRUNCATED}");
    }
    for line in origin(diff).lines() {
        let _ = writeln!(text, "- {}", code(line));
    }
    text
}

/// Deletions first: they break what people forget.
fn sections(diff: &Diff) -> [(&'static str, &'static str, Tone, &[Item]); 3] {
    [
        ("Deleted", "-", Tone::Bad, &diff.deleted),
        ("Added", "+", Tone::Good, &diff.added),
        ("Modified", "~", Tone::Going, &diff.modified),
    ]
}

/// Where the list is from, a line each.
fn origin(diff: &Diff) -> String {
    let seen = diff.seen_at.as_ref().map(|at| at.0.to_string());
    let lines = [
        ("list", Some(diff.list.as_str().to_owned())),
        ("read at", seen),
        ("source", diff.source.clone()),
        ("hash", Some(diff.hash.clone())),
    ];
    let lines = lines
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}\n", plain(&value?))));
    lines.collect()
}
