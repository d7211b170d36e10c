//! What people copy is accepted as it stands.

use std::fs;

use pingone_aic_harness::{TestNamespace, repository};
use serde_json::Value;

use crate::documents;

#[tokio::test]
async fn every_sample_is_accepted() {
    let namespace = TestNamespace::create("every sample is accepted").await;
    let mut files = 0;
    for folder in [
        "deploy/samples",
        "deploy/argocd/sample/environments",
        "deploy/argocd/sample/promotions",
    ] {
        for file in fs::read_dir(repository().join(folder)).unwrap() {
            let path = file.unwrap().path();
            let manifests = fs::read_to_string(&path).unwrap();
            let applied = namespace
                .apply(&manifests)
                .await
                .unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
            assert!(!applied.is_empty(), "{} holds nothing", path.display());
            files += 1;
        }
    }
    assert!(files >= 10);
}

#[test]
fn argo_cd_is_shown_the_environments_of_the_samples() {
    let read = |folder: &str, file: &str| fs::read_to_string(repository().join(folder).join(file)).unwrap();
    for file in ["development.yaml", "staging.yaml", "production.yaml"] {
        assert_eq!(
            read("deploy/argocd/sample/environments", file),
            read("deploy/samples", file)
        );
    }
}

#[tokio::test]
async fn every_manifest_in_the_docs_is_accepted() {
    let namespace = TestNamespace::create("the docs are accepted").await;
    let mut objects = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            for manifest in unindented(block.split("```").next().unwrap()).split("\n---\n") {
                let parsed: Value = serde_saphyr::from_str(manifest)
                    .unwrap_or_else(|error| panic!("{}: {manifest}: {error}", file.display()));
                // Objects of other projects are held against nothing here; theirs has its own tests.
                if !parsed["apiVersion"]
                    .as_str()
                    .is_some_and(|version| version.starts_with("pingone-aic.io/"))
                {
                    continue;
                }
                let mut object = parsed;
                object["metadata"]["namespace"] = namespace.name().into();
                namespace
                    .apply(object)
                    .await
                    .unwrap_or_else(|error| panic!("{}: {manifest}: {error:?}", file.display()));
                objects += 1;
            }
        }
    }
    assert!(objects >= 3);
}

/// A block in a list is indented with it.
fn unindented(block: &str) -> String {
    let indent = &block[..block.len() - block.trim_start().len()];
    let lines = block
        .lines()
        .map(|line| line.strip_prefix(indent).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_link_leads_somewhere() {
    let others = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|file| repository().join(file));
    let files = documents().into_iter().chain(others);
    let mut broken = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                file.clone()
            } else {
                file.parent().unwrap().join(path)
            };
            let is_there = target.exists()
                && (anchor.is_empty()
                    || headings(&fs::read_to_string(&target).unwrap()).any(|name| name == anchor));
            if !is_there {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The anchors of a document in Markdown.
pub(crate) fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let letters = words
            .chars()
            .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        letters
            .map(|letter| if letter == ' ' { '-' } else { letter })
            .collect()
    })
}
