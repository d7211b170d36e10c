//! A person has a run stop, or stand still, and whoever has read that begins nothing any more.

use easy_ext::ext;
use kube::core::DynamicObject;
use pingone_aic_simulator::Exchange;
use pingone_aic_support::Env;
use serde_json::{Value, json};

use super::{Kind, Started};
use crate::{promotion::Promotions, trouble::Trouble};

#[ext(Stops)]
pub(crate) impl Env {
    /// Stops a run for good, and waits for its end.
    async fn abort(&mut self, started: &Started, from: usize) -> Result<(), String> {
        let since = self.tell(started, json!({"abort": true})).await;
        self.finish(started, from, Some(Trouble::Aborted)).await?;
        let all = ["/promotion/lock", "/promotion/promote", "/promotion/rollback"];
        started
            .begun(&self.network.journal_since(since), &all)
            .map_or(Ok(()), Err)
    }

    /// Has a run stand still, and go on when it does, or is over.
    async fn pause(&mut self, started: &Started) -> Result<(), String> {
        let since = self.tell(started, json!({"suspend": true})).await;
        let ends = started.kind.ends(None);
        self.until_object("Promotion", &started.name, |object| {
            let object = object.unwrap();
            let is_over = ends.iter().any(|end| object.data["status"]["phase"] == *end);
            (!is_over && !is_suspended(object)).then(|| "it goes on".to_owned())
        })
        .await?;
        let held = started.company.stranded();
        // A rollback belongs to the stage that is under way.
        let begun = if started.kind == Kind::Run {
            started.begun(&self.network.journal_since(since), &["/promotion/lock"])
        } else {
            None
        };
        self.tell(started, json!({"suspend": false})).await;
        held.or(begun).map_or(Ok(()), Err)
    }

    /// Changes a run's spec, and tells from which call on that can be known.
    async fn tell(&self, started: &Started, spec: Value) -> usize {
        let patch = json!({"spec": spec});
        self.namespace
            .patch("Promotion", &started.name, &patch)
            .await
            .unwrap();
        self.network.position()
    }
}

impl Started {
    /// What was asked for after the object was read.
    fn begun(&self, calls: &[Exchange], what: &[&str]) -> Option<String> {
        let object = format!("/promotions/{}", self.name);
        let read = calls.iter().position(|call| call.is("GET", &object))?;
        calls[read..]
            .iter()
            .filter(|call| self.is_at_a_tenant(call))
            .find(|call| what.iter().any(|what| call.is("POST", what)))
            .map(|call| format!("it was to begin nothing any more: {call}"))
    }
}

/// Whether an object says that it stands still.
pub(super) fn is_suspended(object: &DynamicObject) -> bool {
    let conditions = object.data["status"]["conditions"].as_array();
    let says = |it: &Value| it["type"] == "Ready" && it["reason"] == "Suspended";
    conditions.into_iter().flatten().any(says)
}
