//! What people copy is accepted as it stands.

use std::fs;

use pingone_aic_harness::{TestNamespace, repository};

#[tokio::test]
async fn every_sample_and_every_manifest_of_the_demo_is_accepted() {
    let namespace = TestNamespace::create("every sample is accepted").await;
    let mut files = 0;
    for folder in [
        "deploy/samples",
        "deploy/demo",
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

#[tokio::test]
async fn every_manifest_in_the_readme_is_accepted() {
    let namespace = TestNamespace::create("the README is accepted").await;
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let mut blocks = 0;
    for block in readme.split("```yaml\n").skip(1) {
        let manifests = block.split("```").next().unwrap();
        // A block in a list is indented with it.
        let indent = &manifests[..manifests.len() - manifests.trim_start().len()];
        let lines = manifests
            .lines()
            .map(|line| line.strip_prefix(indent).unwrap_or(line));
        // They name the namespace of the installation.
        let manifests = lines
            .collect::<Vec<_>>()
            .join("\n")
            .replace(", namespace: pingone-aic", "");
        namespace
            .apply(&manifests)
            .await
            .unwrap_or_else(|error| panic!("{manifests}: {error:?}"));
        blocks += 1;
    }
    assert!(blocks >= 2);
}
