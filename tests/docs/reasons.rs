//! Every reason with what a person does about it: `docs/reasons.md`, from `src/api/reason.rs`.

use crate::{cell, is_generated};
use pingone_aic_harness::repository;
use std::{fmt::Write as _, fs, mem};

const HEAD: &str = "\
# Reasons

Every reason that a condition or an event can have, and what you can do about it. Programs read the reason. The condition's
message says the same with the object's names and values. If `Reconciling` is True, the operator checks again by itself. If
`Stalled` is True, it cannot continue until a person changes something.

This file is generated from `src/api/reason.rs`.
";

/// What is as it should be, so that nobody has to do anything.
const GOOD_ENDS: [&str; 10] = [
    "ClaimsMatch",
    "CredentialAccepted",
    "TestPassed",
    "EsvWritten",
    "WorkerConfigured",
    "LabelMapped",
    "Succeeded",
    "Inspected",
    "Promoted",
    "AlreadyPromoted",
];

struct Documented {
    section: String,
    name: String,
    meaning: String,
}

/// The reasons in the order of the source.
fn reasons() -> Vec<Documented> {
    let source = fs::read_to_string(repository().join("src/api/reason.rs")).unwrap();
    let (_, list) = source.split_once("reasons! {\n").unwrap();
    let (list, _) = list.split_once("\n}").unwrap();
    let (mut section, mut meaning, mut reasons) = (String::new(), String::new(), Vec::new());
    for line in list.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("/// ") {
            meaning = format!("{meaning} {more}");
        } else if let Some(title) = line.strip_prefix("// ") {
            title.clone_into(&mut section);
        } else if let Some(name) = line.strip_suffix(',') {
            reasons.push(Documented {
                section: section.clone(),
                name: name.to_owned(),
                meaning: cell(&mem::take(&mut meaning)),
            });
        }
    }
    reasons
}

#[test]
fn every_reason_is_documented() {
    let (mut text, mut last) = (HEAD.to_owned(), String::new());
    let reasons = reasons();
    assert!(reasons.len() > 60, "{}", reasons.len());
    for Documented {
        section,
        name,
        meaning,
    } in reasons
    {
        if section != last {
            write!(text, "\n## {section}\n\n| reason | |\n|---|---|\n").unwrap();
            last = section;
        }
        writeln!(text, "| `{name}` | {meaning} |").unwrap();
    }
    is_generated("docs/reasons.md", &text);
}

/// The first sentence says what it is, the second one what to do.
#[test]
fn every_reason_that_is_no_good_end_says_what_to_do() {
    let reasons = reasons();
    for end in GOOD_ENDS {
        assert!(
            reasons.iter().any(|reason| reason.name == end),
            "{end} is no reason"
        );
    }
    let has_no_remedy =
        |reason: &&Documented| !GOOD_ENDS.contains(&reason.name.as_str()) && !reason.meaning.contains(". ");
    let mute: Vec<_> = reasons
        .iter()
        .filter(has_no_remedy)
        .map(|reason| &reason.name)
        .collect();
    assert!(mute.is_empty(), "nothing to do is said of {mute:?}");
}
