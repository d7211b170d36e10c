//! What people copy is accepted as it stands.

use std::fs;

use pingone_aic_harness::{TestNamespace, repository};

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
            assert!(
                applied.len() >= 2,
                "{} holds a connection and an integration",
                path.display()
            );
            files += 1;
        }
    }
    assert!(files >= 6);
}
