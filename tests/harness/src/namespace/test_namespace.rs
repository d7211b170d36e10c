//! A namespace that is one test's own.

use super::Namespace;
use crate::ControlPlane;
use serde_json::json;
use std::{ops::Deref, sync::Arc, thread};

/// A namespace that is deleted at the test's end, and explains itself if that end is a panic.
pub struct TestNamespace(Namespace);

impl TestNamespace {
    /// Creates one in the shared control plane; `test` is the sentence that names the test.
    ///
    /// # Panics
    /// When the control plane does not boot, or refuses.
    pub async fn create(test: &str) -> Self {
        Self::create_in(&ControlPlane::shared().await, test).await
    }

    /// Creates one in a control plane of the test's own.
    ///
    /// # Panics
    /// When the API server refuses.
    pub async fn create_in(control_plane: &Arc<ControlPlane>, test: &str) -> Self {
        let slug = slug(test);
        let name = format!("{slug}-{}", crate::unique());
        let metadata = json!({
            "labels": {"pingone-aic.io/test": slug},
            "annotations": {"pingone-aic.io/test": test},
        });
        match Namespace::create_with(control_plane, &name, &metadata).await {
            Ok(namespace) => Self(namespace),
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Of a control plane that is the test's own.
impl From<Namespace> for TestNamespace {
    fn from(namespace: Namespace) -> Self {
        Self(namespace)
    }
}

impl Deref for TestNamespace {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        &self.0
    }
}

impl Drop for TestNamespace {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.explain());
        }
        let delete = ["delete", "namespace", self.name(), "--wait=false"];
        self.control_plane().kubectl_blocking(&delete);
    }
}

/// The sentence as a part of an object's name: at most 50 bytes, so that a suffix fits behind it.
fn slug(sentence: &str) -> String {
    let words = sentence
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    slug.truncate(50);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_sentence_becomes_a_name() {
        assert_eq!(
            slug("a changed Secret: one new ESV version!"),
            "a-changed-secret-one-new-esv-version"
        );
        assert_eq!(slug(&"very ".repeat(20)).len(), 49);
    }
}
