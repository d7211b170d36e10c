//! What `kubectl` prints during a promotion stands in the docs as it is printed.

use std::fs;

use pingone_aic_harness::repository;
use serde_json::json;

use crate::{
    arena::{
        Arena,
        company::{Company, THREE},
    },
    is_generated,
};

const FILE: &str = "docs/promotion.md";
/// Where a run's own values are those of no other.
const UUID: &str = "8f5c1f0a-6c1e-4d0c-9f0e-2b7f3a1c5d42";
const TIME: &str = "2026-11-24T09:30:00Z";

#[tokio::test]
async fn what_kubectl_prints_during_a_promotion_is_what_the_docs_show() {
    let mut arena = Arena::start("what the docs show").await;
    let mut company = Company::named(&arena.network, "mycompany", &THREE);
    let names = [
        ("development", "dev-alpha"),
        ("staging", "staging-alpha"),
        ("production", "prod-alpha"),
    ];
    for (site, (stage, name)) in company.sites.iter_mut().zip(names) {
        site.stage = stage;
        name.clone_into(&mut site.name);
    }
    // What the arena keeps for itself is nobody's affair here.
    for kind in ["AICIntegration", "PingOneConnection"] {
        arena.namespace.delete(kind, "c0").await.unwrap();
    }
    arena.bring_up(&company).await;
    let mut text = fs::read_to_string(repository().join(FILE)).unwrap();

    show(
        &mut text,
        "get-pingone",
        &arena.kubectl(&["get", "pingone"]).await,
    );
    let run = company.promotion("release-1", json!({"upTo": "development"}));
    arena.namespace.apply(run).await.unwrap();
    arena.phase("release-1", "Gated").await.unwrap();
    let described = ["describe", "promotion", "release-1"];
    show(
        &mut text,
        "describe-promotion-gated",
        &arena.kubectl(&described).await,
    );

    let raised = json!({"spec": {"upTo": "production"}});
    arena
        .namespace
        .patch("Promotion", "release-1", &raised)
        .await
        .unwrap();
    arena.phase("release-1", "Succeeded").await.unwrap();
    let wait = [
        "wait",
        "promotion/release-1",
        "--for=condition=Ready",
        "--timeout=60m",
    ];
    show(&mut text, "wait", &arena.kubectl(&wait).await);
    show(
        &mut text,
        "describe-promotion-succeeded",
        &arena.kubectl(&described).await,
    );
    is_generated(FILE, &text);
}

impl Arena {
    async fn kubectl(&self, arguments: &[&str]) -> String {
        let namespace = ["--namespace", self.namespace.name()];
        let arguments = [arguments, &namespace].concat();
        let printed = self.namespace.control_plane().kubectl(&arguments).await.unwrap();
        tidy(&printed.replace(self.namespace.name(), "pingone-aic"))
    }
}

/// Puts a text into the block of this name.
fn show(document: &mut String, name: &str, printed: &str) {
    let start = format!("<!-- output: {name} -->\n```text\n");
    let at = document.find(&start).unwrap() + start.len();
    let end = at + document[at..].find("```\n").unwrap();
    document.replace_range(at..end, printed);
}

/// What is printed, without what differs from run to run.
fn tidy(printed: &str) -> String {
    let mut lines = Vec::new();
    let mut is_metadata = false;
    for line in printed.lines() {
        match line {
            "Metadata:" => is_metadata = true,
            "Spec:" => is_metadata = false,
            _ if line.starts_with("Events:") => break,
            _ => {}
        }
        if !is_metadata {
            lines.push(constant(line));
        }
    }
    lines.join("\n") + "\n"
}

fn constant(line: &str) -> String {
    let is_uuid = |word: &str| {
        word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let is_time = |word: &str| word.ends_with('Z') && word.as_bytes()[10] == b'T';
    let mut line = line.to_owned();
    for (length, is, constant) in [
        (UUID.len(), &is_uuid as &dyn Fn(&str) -> bool, UUID),
        (TIME.len(), &is_time, TIME),
    ] {
        let mut at = 0;
        while let Some(word) = line.get(at..at + length) {
            if word.is_ascii() && is(word) {
                line.replace_range(at..at + length, constant);
                at += length;
            } else {
                at += 1;
                while at < line.len() && !line.is_char_boundary(at) {
                    at += 1;
                }
            }
        }
    }
    // The age of an object ends its row.
    let is_age = |word: &str| word.ends_with(['s', 'm']) && word.as_bytes()[0].is_ascii_digit();
    match line.rsplit_once(' ') {
        Some((row, last)) if !last.is_empty() && is_age(last) && row.contains(".pingone-aic.io/") => {
            format!("{row} 5m")
        }
        _ => line.trim_end().to_owned(),
    }
}
