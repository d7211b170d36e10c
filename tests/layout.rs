//! The layers of `src/`: who may know whom.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the message")]

use std::{fs, path::Path};

/// Every source file below a folder of `src/`, with its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(path: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder),
        &mut found,
    );
    assert!(!found.is_empty(), "src/{folder} holds nothing");
    found
}

fn assert_never(folder: &str, forbidden: &[&str]) {
    for (path, text) in sources(folder) {
        for word in forbidden {
            let line = text
                .lines()
                .position(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert_eq!(line, None, "{path} mentions {word}");
        }
    }
}

#[test]
fn the_api_knows_nothing_else_of_ours_and_no_client() {
    assert_never(
        "api",
        &["crate::", "kube::Client", "kube::Api", "reqwest", "tokio"],
    );
}

#[test]
fn what_talks_to_the_vendors_knows_no_kubernetes() {
    for folder in ["http", "pingone", "aic", "credential"] {
        assert_never(folder, &["kube::", "crate::controller", "crate::runtime"]);
    }
}

#[test]
fn controllers_know_the_vendors_only_through_their_clients() {
    assert_never("controller", &["reqwest", "hyper::"]);
}

#[test]
fn only_the_clock_tells_the_time() {
    for folder in [
        "api",
        "credential",
        "http",
        "pingone",
        "aic",
        "controller",
        "runtime",
    ] {
        for (path, text) in sources(folder) {
            let code = text.split("#[cfg(test)]").next().unwrap();
            for word in ["Instant::now", "Timestamp::now", "SystemTime", "time::sleep"] {
                assert!(!code.contains(word), "{path} asks for {word}");
            }
        }
    }
}

#[test]
fn what_happens_to_a_lock_is_decided_without_asking_anybody() {
    assert_never(
        "controller/promotion/protocol",
        &["async ", ".await", "tokio", "Context", "Tenant"],
    );
}
