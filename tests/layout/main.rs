//! The layers of `src/`: who may know whom.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the message")]

mod circles;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use circles::Graph;

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
    for (path, text) in sources("") {
        if path.ends_with("src/clock.rs") || path.ends_with("tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for word in ["Instant::now", "Timestamp::now", "SystemTime", "time::sleep"] {
            assert!(!code.contains(word), "{path} asks for {word}");
        }
    }
}

/// While a tenant is down, what was said under this reason stands: it has to be how the tenant failed.
#[test]
fn only_how_a_tenant_failed_is_called_unavailable() {
    for (path, text) in sources("controller") {
        let is_of_a_failure = path.ends_with("tenant/error.rs")
            // An answer that was lost, with the tenant's error.
            || path.ends_with("esv/write.rs") && text.matches("Reason::TenantUnavailable").count() == 1
            // What passes by itself.
            || path.ends_with("promotion/preflight.rs") && !text.contains("InProgress(");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        assert!(
            is_of_a_failure || !code.contains("Reason::TenantUnavailable"),
            "{path}"
        );
    }
}

#[test]
fn what_happens_to_a_lock_is_decided_without_asking_anybody() {
    assert_never(
        "controller/promotion/lock_protocol",
        &["async ", ".await", "tokio", "Context", "Tenant"],
    );
}

/// The folders of `src/` from the ground up. What stands in one line may know each other.
const FLOORS: [&[&str]; 6] = [
    &["api", "clock"],
    &["http", "credential"],
    &["aic", "pingone"],
    &["runtime"],
    &["controller"],
    &["operator"],
];

/// The rooms of `src/controller` from the ground up.
const ROOMS: [&[&str]; 4] = [
    &["engine"],
    &["tenant", "context", "deletions", "promotion_registry"],
    &["connection", "integration", "promotion"],
    &["dependents", "fingerprint", "triggers", "wiring"],
];

fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let uses = Graph::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).uses();
    assert!(uses.len() > 100, "few files were read");
    uses
}

/// All that a module uses, and what that uses in turn.
fn reached<'a>(uses: &'a BTreeMap<String, BTreeSet<String>>, from: &'a String) -> BTreeSet<&'a String> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(module) = left.pop() {
        left.extend(uses[module].iter().filter(|target| reached.insert(*target)));
    }
    reached
}

/// Who uses, in the end, what uses it.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<&String, Vec<&String>> {
    let reach: BTreeMap<_, _> = uses
        .keys()
        .map(|module| (module, reached(uses, module)))
        .collect();
    let in_circle = uses.iter().filter(|(module, _)| reach[module].contains(module));
    in_circle
        .map(|(module, targets)| {
            let back = targets.iter().filter(|target| reach[target].contains(module));
            (module, back.collect())
        })
        .collect()
}

#[test]
fn no_file_uses_what_uses_it() {
    let uses = uses();
    let circles = circles(&uses);
    assert!(circles.is_empty(), "these use each other: {circles:#?}");
}

#[test]
fn no_folder_uses_what_uses_it() {
    let folder = |module: &str| {
        let depth = if module.starts_with("controller::") { 2 } else { 1 };
        module.split("::").take(depth).collect::<Vec<_>>().join("::")
    };
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, targets) in uses() {
        let own = folder(&module);
        let others = targets
            .iter()
            .map(|target| folder(target))
            .filter(|other| *other != own);
        folders.entry(own.clone()).or_default().extend(others);
    }
    let circles = circles(&folders);
    assert!(circles.is_empty(), "these use each other: {circles:#?}");
}

#[test]
fn nothing_below_uses_what_is_above() {
    let floor = |floors: &[&[&str]], name: &str| floors.iter().position(|names| names.contains(&name));
    for (module, targets) in uses() {
        for target in &targets {
            let (from, to): (Vec<_>, Vec<_>) = (module.split("::").collect(), target.split("::").collect());
            let is_above = match (from.as_slice(), to.as_slice()) {
                (["controller", from, ..], ["controller", to, ..]) => {
                    let floors = floor(&ROOMS, from).zip(floor(&ROOMS, to));
                    assert!(floors.is_some(), "{module} or {target} stands in no room");
                    floors
                }
                // The root of the controllers puts them together.
                (["controller"], ["controller", ..]) | (["controller", ..], ["controller"]) => None,
                (from, to) => {
                    let floors = floor(&FLOORS, from[0]).zip(floor(&FLOORS, to[0]));
                    assert!(floors.is_some(), "{module} or {target} stands on no floor");
                    floors
                }
            };
            let is_above = is_above.is_some_and(|(from, to)| from < to);
            assert!(!is_above, "{module} uses {target}, which is above it");
        }
    }
}

#[test]
fn the_engine_names_no_kind() {
    assert_never(
        "controller/engine",
        &["PingOneConnection", "AICIntegration", "Promotion", "ScopeContext"],
    );
}
