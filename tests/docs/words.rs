//! The words of the docs: plain English, and the nouns of Kubernetes and of Ping.

use std::fs;

use pingone_aic_harness::repository;

use crate::documents;

/// Words that are gone, and the one to use.
const GONE: [(&str, &str); 14] = [
    ("asked back", "released"),
    ("definition", "CRD"),
    ("elder", "oldest"),
    ("fence", "tenant binding"),
    ("for ever", "without end, or a time"),
    ("give back", "release"),
    ("given back", "released"),
    ("gives back", "releases"),
    ("mended", "corrected"),
    ("sees to", "reconciles"),
    ("under way", "in progress"),
    ("vouch", "verify"),
    ("whose turn", "priority"),
    ("is looked at", "is checked"),
];

/// What is generated has its words from the code.
const GENERATED: [&str; 2] = ["api.md", "reasons.md"];

#[test]
fn the_docs_use_the_words_of_the_field() {
    let mut found = Vec::new();
    for path in documents() {
        if GENERATED.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in prose(&text) {
            let words = line.to_lowercase();
            let gone = GONE.iter().filter(|(word, _)| words.contains(word));
            found.extend(gone.map(|(word, instead)| {
                format!("{}:{number}: {word:?}, say {instead:?}: {line}", path.display())
            }));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The lines that are no code and no output, with their numbers, and without what stands in backticks.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut is_code = false;
    let lines = text.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.map(|(number, line)| (number + 1, line.split('`').step_by(2).collect()))
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words <= 900, "{words} words");
}
