//! What a person wants to see when something in a namespace went wrong.

use super::Namespace;
use std::{fmt::Write as _, sync::Mutex};

/// Texts that belong to a namespace without being objects in it.
#[derive(Default)]
pub(super) struct Explanations(Mutex<Vec<(String, Explanation)>>);

type Explanation = Box<dyn Fn() -> String + Send>;

impl Namespace {
    /// Adds a text to what [`Self::explain`] says: a log, a journal.
    pub fn explain_with(&self, title: &str, text: impl Fn() -> String + Send + 'static) {
        self.explanations().push((title.to_owned(), Box::new(text)));
    }

    /// Everything that is known: the operator's objects, the events, and what was added by
    /// [`Self::explain_with`]. Blocks.
    #[must_use]
    pub fn explain(&self) -> String {
        let kubectl = |arguments: &[&str]| {
            let namespace = ["--namespace", &self.name];
            self.control_plane
                .kubectl_blocking(&[arguments, &namespace].concat())
        };
        let mut text = format!("The namespace {}\n", self.name);
        let mut section = |title: &str, body: &str| {
            let _ = write!(text, "\n━━ {title}\n{}\n", body.trim_end());
        };
        section("objects", &kubectl(&["get", "pingone", "--output=yaml"]));
        section(
            "events",
            &kubectl(&[
                "get",
                "events.v1.events.k8s.io",
                "--sort-by=.metadata.creationTimestamp",
            ]),
        );
        for (title, body) in &*self.explanations() {
            section(title, &body());
        }
        text
    }

    fn explanations(&self) -> std::sync::MutexGuard<'_, Vec<(String, Explanation)>> {
        self.explanations
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
