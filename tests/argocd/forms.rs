//! The two forms that people paste hold the text of `deploy/argocd/lua/`. `UPDATE_GENERATED=1` writes them anew.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use pingone_aic_harness::repository;
use serde_json::Value;

const ACTIONS_OF_ALL: [&str; 3] = ["check-now", "suspend", "resume"];
const ACTIONS_OF_A_RUN: [&str; 2] = ["raise-gate", "abort"];

const KINDS: [&str; 3] = ["PingOneConnection", "AICIntegration", "Promotion"];

/// What is merged into Argo CD's own settings.
pub fn config_map() -> PathBuf {
    folder().join("argocd-cm.yaml")
}

/// The same of Argo CD's notifications.
pub fn notifications() -> PathBuf {
    folder().join("notifications.yaml")
}

/// Links, which are merged into them, too.
pub fn deep_links() -> PathBuf {
    folder().join("deep-links.yaml")
}

pub fn folder() -> PathBuf {
    repository().join("deploy/argocd")
}

fn lua(name: &str) -> String {
    fs::read_to_string(folder().join(format!("lua/{name}.lua"))).unwrap()
}

/// Every line of a text, this far to the right.
fn indented(text: &str, by: usize) -> String {
    text.lines().fold(String::new(), |mut block, line| {
        let _ = writeln!(block, "{:by$}{line}", "");
        block
    })
}

/// The keys of a `ConfigMap` in a file that begin with this, at another depth.
fn block(file: PathBuf, prefix: &str, by: usize) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with("data:")).skip(1);
    let mut is_inside = false;
    let lines = lines.filter(|line| {
        if line.starts_with("  ") && !line.starts_with("   ") {
            is_inside = line.trim_start().starts_with(prefix);
        }
        is_inside
    });
    let lines: Vec<_> = lines
        .map(|line| line.strip_prefix("  ").unwrap_or(line))
        .collect();
    indented(&lines.join("\n"), by)
}

/// The keys of the `ConfigMap`, as a block of YAML.
fn settings() -> String {
    let mut yaml = String::new();
    for kind in KINDS {
        let _ = writeln!(
            yaml,
            "resource.customizations.health.pingone-aic.io_{kind}: |\n{}\
             resource.customizations.actions.pingone-aic.io_{kind}: |\n  discovery.lua: |\n{}  definitions:",
            indented(&lua("health"), 2),
            indented(&lua("discovery"), 4),
        );
        let of_a_run = ACTIONS_OF_A_RUN.iter().filter(|_| kind == "Promotion");
        for action in ACTIONS_OF_ALL.iter().chain(of_a_run) {
            let _ = write!(
                yaml,
                "    - name: {action}\n      action.lua: |\n{}",
                indented(&lua(action), 8)
            );
        }
    }
    yaml
}

#[test]
fn the_pasted_forms_hold_the_scripts() {
    let config_map = format!(
        "# Health and resource actions of the operator's kinds, made from lua/. Merge it into Argo CD's settings:\n\
         # kubectl --namespace argocd patch configmap argocd-cm --patch-file deploy/argocd/argocd-cm.yaml\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n{}",
        indented(&settings(), 2)
    );
    let values = format!(
        "# The same as argocd-cm.yaml, deep-links.yaml and notifications.yaml, as values of Argo CD's Helm chart (argo-cd):\n\
         # helm upgrade argocd argo/argo-cd --namespace argocd --version <the chart's installed version> --reset-then-reuse-values --values deploy/argocd/values.yaml\n\
         configs:\n  cm:\n{}{}  params:\n    # What notifications read.\n    controller.resource.health.persist: true\n\
         notifications:\n  triggers:\n{}  templates:\n{}",
        indented(&settings(), 4),
        block(deep_links(), "resource.links", 4),
        block(notifications(), "trigger.", 4),
        block(notifications(), "template.", 4),
    );
    let update = env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1");
    for (name, expected) in [("argocd-cm.yaml", config_map), ("values.yaml", values)] {
        let file = folder().join(name);
        if update {
            fs::write(&file, &expected).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            found == expected,
            "{} does not hold the scripts of lua/: run `UPDATE_GENERATED=1 cargo test --test argocd the_pasted`",
            file.display()
        );
    }
}

#[test]
fn both_forms_say_the_same() {
    let read = |name| -> Value {
        serde_saphyr::from_str(&fs::read_to_string(folder().join(name)).unwrap()).unwrap()
    };
    let (config_map, mut values) = (read("argocd-cm.yaml"), read("values.yaml"));
    assert_eq!(config_map["data"].as_object().unwrap().len(), 2 * KINDS.len());
    let links = values["configs"]["cm"]
        .as_object_mut()
        .unwrap()
        .remove("resource.links");
    assert_eq!(
        links.as_ref(),
        Some(&read("deep-links.yaml")["data"]["resource.links"])
    );
    assert_eq!(config_map["data"], values["configs"]["cm"]);
    let told = &mut values["notifications"];
    let (mut told, templates) = (told["triggers"].take(), told["templates"].take());
    if let (Value::Object(told), Value::Object(templates)) = (&mut told, templates) {
        told.extend(templates);
    }
    assert_eq!(told, read("notifications.yaml")["data"]);
}

#[test]
fn every_script_is_in_the_forms() {
    let mut names: Vec<_> = fs::read_dir(folder().join("lua"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    names.sort();
    let mut known: Vec<_> = ["health", "discovery"]
        .into_iter()
        .chain(ACTIONS_OF_ALL)
        .chain(ACTIONS_OF_A_RUN)
        .collect();
    known.sort_unstable();
    assert_eq!(names, known);
}
