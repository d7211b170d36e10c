//! What is waited for, and what everybody can see.

use kube::core::DynamicObject;
pub use pingone_aic_harness::condition;
use pingone_aic_harness::is_condition;
use pingone_aic_simulator::Exchange;
use serde_json::Value;

use crate::integration::world::{SOON, Site, World};

impl World {
    /// Waits until the tenant was proved to work with a credential, and everything is done.
    pub async fn proved(&self, name: &str, credential: &str) {
        self.wait(
            "AICIntegration",
            name,
            "to be Active with the credential",
            |object| {
                object.data["status"]["credentialId"] == credential
                    && is_condition(object, "Active", "True")
                    && is_condition(object, "Ready", "True")
            },
        )
        .await;
    }

    /// Waits for an event with a reason, and returns its note.
    pub async fn event(&self, reason: &str) -> String {
        let deadline = std::time::Instant::now() + SOON;
        loop {
            let namespace = self.namespace.name();
            let get = ["get", "events", "--namespace", namespace, "--output", "json"];
            let events: Value =
                serde_json::from_str(&self.namespace.control_plane().kubectl(&get).await.unwrap()).unwrap();
            let mut events = events["items"].as_array().unwrap().iter();
            if let Some(event) = events.find(|event| event["reason"] == reason) {
                return event["message"].as_str().unwrap_or_default().to_owned();
            }
            assert!(std::time::Instant::now() < deadline, "there is no event {reason}");
        }
    }

    pub async fn active(&self, name: &str) -> DynamicObject {
        self.wait("AICIntegration", name, "to be Active and Ready", |object| {
            is_condition(object, "Active", "True") && is_condition(object, "Ready", "True")
        })
        .await
    }

    /// Waits for a reason of a condition, and returns its message.
    pub async fn reason(&self, kind: &str, name: &str, type_: &str, reason: &str) -> String {
        let what = format!("to have {type_} for the reason {reason}");
        let object = self
            .wait(kind, name, &what, |object| {
                condition(object, type_)["reason"] == reason
            })
            .await;
        condition(&object, type_)["message"].as_str().unwrap().to_owned()
    }

    pub async fn wait(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        predicate: impl Fn(&DynamicObject) -> bool + Send,
    ) -> DynamicObject {
        self.namespace
            .wait_for(kind, name, what, SOON, predicate)
            .await
            .unwrap()
    }

    /// Everything that people or machines can see of the operator holds no secret, and every message to and from
    /// the vendors is as they describe it.
    pub async fn check_outputs(&mut self) {
        let mut outputs = vec![self.operator.metrics().await.unwrap()];
        for kind in ["PingOneConnection", "AICIntegration", "v1/Event"] {
            outputs.push(self.namespace.text_of(kind).await.unwrap());
        }
        // Read last: what the questions above have left in it counts, too.
        outputs.push(self.operator.log());
        assert!(
            outputs.iter().all(|output| !output.is_empty()),
            "an output that is not there proves nothing"
        );
        assert!(
            outputs[3].contains("\"reason\":"),
            "what happened is told in events"
        );
        let log = self.operator.log();
        assert!(
            !log.contains("failed to write a status"),
            "every status that was written stands"
        );
        assert!(!log.contains("failed to publish an event"));
        let markers = self.network.secret_markers();
        assert!(markers.len() > 3, "markers are planted");
        for marker in &markers {
            for output in &outputs {
                if let Some(at) = output.find(marker.as_str()) {
                    let line = output[..at].lines().count();
                    panic!(
                        "a secret is in an output, line {line}: {}",
                        &output[at.saturating_sub(200)..at]
                    );
                }
            }
        }
        let cut_off = self.network.versions_cut_off();
        assert!(cut_off.is_empty(), "disabled and still served: {cut_off:?}");
        let touched = self.network.touched_of_people();
        assert!(touched.is_empty(), "a person's, and changed: {touched:?}");
        let violations = self.network.openapi_violations();
        assert!(violations.is_empty(), "{}", lines(&violations));
    }
}

/// The calls to one site's two vendors, as `METHOD path-end action`.
pub fn calls(journal: &[Exchange], site: &Site) -> Vec<String> {
    journal
        .iter()
        .filter(|exchange| {
            exchange.host == site.tenant.host() || exchange.path.contains(site.environment.id())
        })
        .map(|exchange| {
            let end = exchange.path.rsplit('/').next().unwrap_or_default();
            format!(
                "{} {end} {}",
                exchange.method,
                exchange.action().unwrap_or_default()
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

pub fn lines<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
