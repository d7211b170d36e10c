//! What is generated is what the code says, and what people copy is accepted as it stands.
//! `UPDATE_GENERATED=1 cargo test --test docs` writes the generated files anew.

#![allow(clippy::unwrap_used, reason = "a test that panics names its line")]

mod alerts;
mod artifact_hub;
mod backup;
mod chart_values;
mod commands;
mod definitions;
mod fields;
mod outputs;
mod plugin;
mod policies;
mod reasons;
mod renderings;
mod samples;
mod words;

use std::{env, fs, path::PathBuf};

use pingone_aic_harness::repository;

/// Holds a file against what it is generated from, or writes it anew.
fn is_generated(file: &str, expected: &str) {
    let path = repository().join(file);
    if env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{file} is not what it is generated from: run `UPDATE_GENERATED=1 cargo test --test docs`"
    );
}

/// The README and what is in docs/.
fn documents() -> Vec<PathBuf> {
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(repository().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
    };
    std::iter::once(repository().join("README.md"))
        .chain(in_folder("docs"))
        .chain(in_folder("docs/decisions"))
        .chain(in_folder("docs/kubectl"))
        .collect()
}

/// A text as a cell of a table in Markdown.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
