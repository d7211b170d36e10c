//! Every reason with what a person does about it: `docs/reasons.md`, from `src/api/reason.rs`.

use crate::{cell, is_generated};
use pingone_aic_harness::repository;
use std::{fmt::Write as _, fs};

const HEAD: &str = "\
# Reasons

Every reason that a condition or an event can bear, and what to do about it. A reason is a constant for programs; the
condition's message says it for the object at hand, with names and values. `Ready` says whether anything is left to
do: with `Reconciling` the operator goes on by itself, with `Stalled` a person has to act.

This file is generated from `src/api/reason.rs`.
";

#[test]
fn every_reason_is_documented() {
    let source = fs::read_to_string(repository().join("src/api/reason.rs")).unwrap();
    let (_, list) = source.split_once("reasons! {\n").unwrap();
    let (list, _) = list.split_once("\n}").unwrap();
    let (mut text, mut meaning, mut count) = (HEAD.to_owned(), String::new(), 0);
    for line in list.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("/// ") {
            meaning = format!("{meaning} {more}");
        } else if let Some(section) = line.strip_prefix("// ") {
            write!(text, "\n## {section}\n\n| reason | |\n|---|---|\n").unwrap();
        } else if let Some(name) = line.strip_suffix(',') {
            writeln!(text, "| `{name}` | {} |", cell(&meaning)).unwrap();
            meaning.clear();
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
    is_generated("docs/reasons.md", &text);
}
