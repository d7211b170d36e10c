//! Every reason with what a person does about it: `docs/reasons.md`, from `src/api/reason.rs`.

use crate::{cell, is_generated};
use pingone_aic_harness::repository;
use serde_json::Value;
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

/// An alert on a metric or a reason that is not there never fires.
#[test]
fn what_the_alerts_name_is_there() {
    let read = |file: &str| fs::read_to_string(repository().join(file)).unwrap();
    let rules: Value = serde_saphyr::from_str(&read("deploy/monitoring/rules.yaml")).unwrap();
    let known = reasons();
    let folder = fs::read_dir(repository().join("src/runtime/metrics")).unwrap();
    let metrics: String = folder
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let documented = read("docs/troubleshooting.md");
    let alerts = rules["spec"]["groups"][0]["rules"].as_array().unwrap();
    assert!(alerts.len() >= 10);
    for alert in alerts {
        let (name, expression) = (alert["alert"].as_str().unwrap(), alert["expr"].as_str().unwrap());
        assert!(
            documented.contains(&format!("`{name}`")),
            "{name} is not documented"
        );
        for label in expression.split("reason=").skip(1) {
            let named = label.trim_start_matches('~').split('"').nth(1).unwrap();
            for reason in named.split('|') {
                assert!(known.iter().any(|known| known.name == reason), "{name}: {reason}");
            }
        }
        for rest in expression.split("pingone_aic_").skip(1) {
            let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let metric = rest.split(|letter| !is_name(letter)).next().unwrap();
            let metric = metric.trim_end_matches("_bucket").trim_end_matches("_total");
            assert!(metrics.contains(&format!("\"{metric}\"")), "{name}: {metric}");
        }
    }
}
