//! What people copy is accepted as it stands.

use std::fs;

use pingone_aic_harness::{TestNamespace, repository};
use serde_json::Value;

#[tokio::test]
async fn every_sample_and_every_manifest_of_the_demo_is_accepted() {
    let namespace = TestNamespace::create("every sample is accepted").await;
    let mut files = 0;
    for folder in ["deploy/samples", "deploy/demo"] {
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
    assert!(files >= 6);
}

#[tokio::test]
async fn every_manifest_in_the_docs_is_accepted() {
    let namespace = TestNamespace::create("the docs are accepted").await;
    let mut files = vec![repository().join("README.md")];
    let docs = fs::read_dir(repository().join("docs")).unwrap();
    files.extend(docs.map(|file| file.unwrap().path()));
    let mut objects = 0;
    for file in files {
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
