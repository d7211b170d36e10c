//! The names by which people ask kubectl for the objects, and for what a field means.

use crate::admission::defaults::minimal;
use pingone_aic_harness::TestNamespace;
use std::time::{Duration, Instant};

#[tokio::test]
async fn short_names_and_the_category_find_the_objects() {
    let namespace = TestNamespace::create("short names and the category find the objects").await;
    for (manifest, _) in minimal() {
        namespace.apply(&manifest).await.unwrap();
    }
    let objects = [
        ("p1c", "pingoneconnection.pingone-aic.io/dev"),
        ("aici", "aicintegration.pingone-aic.io/dev"),
        ("promo", "promotion.pingone-aic.io/dev"),
    ];
    let found = until_discovered(&namespace).await;
    for (short, object) in objects {
        assert_eq!(
            kubectl(&namespace, &["get", short, "--output=name"])
                .await
                .unwrap()
                .trim(),
            object,
            "{short}"
        );
        assert!(
            found.lines().any(|line| line == object),
            "{object} is not in:\n{found}"
        );
    }
}

#[tokio::test]
async fn kubectl_explains_a_field_by_the_short_name() {
    let namespace = TestNamespace::create("kubectl explains a field by the short name").await;
    for (manifest, _) in minimal() {
        namespace.apply(&manifest).await.unwrap();
    }
    until_discovered(&namespace).await;
    let explained = kubectl(&namespace, &["explain", "aici.spec.tenant.url"])
        .await
        .unwrap();
    assert!(explained.contains("https, host and optional port"), "{explained}");
}

/// What the category finds. Discovery follows a definition's `Established` by a moment that nobody can watch.
async fn until_discovered(namespace: &TestNamespace) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match kubectl(namespace, &["get", "pingone", "--output=name"]).await {
            Ok(found) if found.lines().count() == 3 => return found,
            last => assert!(Instant::now() < deadline, "kubectl get pingone: {last:?}"),
        }
    }
}

async fn kubectl(namespace: &TestNamespace, arguments: &[&str]) -> anyhow::Result<String> {
    // kubectl remembers what it discovered, also from before the definitions were there.
    let common = ["--namespace", namespace.name(), "--cache-dir=/dev/null"];
    namespace
        .control_plane()
        .kubectl(&[arguments, &common].concat())
        .await
}
