//! Waiting for what an object becomes, by a watch.

use super::Namespace;
use anyhow::{Context as _, Result, bail};
use kube::{api::DynamicObject, runtime::wait::await_condition};
use serde_json::Value;
use std::{sync::Mutex, time::Duration};
use tokio::time::timeout;

impl Namespace {
    /// Waits until `predicate` holds for the object, and returns it as it is then.
    ///
    /// `what` ends the sentence "waited for *kind name* …": `to be Ready`. After `within` the error
    /// says it, with the object's last state.
    pub async fn wait_for(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        within: Duration,
        predicate: impl Fn(&DynamicObject) -> bool,
    ) -> Result<DynamicObject> {
        let found = self
            .watch(kind, name, what, within, |object| object.is_some_and(&predicate))
            .await?;
        found.with_context(|| format!("{kind} {name} vanished"))
    }

    /// Waits until there is no such object.
    pub async fn wait_gone(&self, kind: &str, name: &str, within: Duration) -> Result<()> {
        self.watch(kind, name, "to be gone", within, |object| object.is_none())
            .await?;
        Ok(())
    }

    async fn watch(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        within: Duration,
        predicate: impl Fn(Option<&DynamicObject>) -> bool,
    ) -> Result<Option<DynamicObject>> {
        let last = Mutex::new(None);
        let condition = |object: Option<&DynamicObject>| {
            if let Ok(mut last) = last.lock() {
                *last = object.cloned();
            }
            predicate(object)
        };
        if let Ok(object) = timeout(within, await_condition(self.api(kind), name, condition)).await {
            return object.with_context(|| format!("failed to watch {kind} {name}"));
        }
        let last = match last.into_inner().ok().flatten() {
            Some(mut object) => {
                object.metadata.managed_fields = None;
                serde_saphyr::to_string(&object)?
            }
            None => "there is no such object".to_owned(),
        };
        bail!("waited {within:?} for {kind} {name} {what}, in vain. At last:\n{last}")
    }
}

/// A condition of the object's status; null if it is not there.
#[must_use]
pub fn condition<'a>(object: &'a DynamicObject, type_: &str) -> &'a Value {
    let conditions = object.data["status"]["conditions"].as_array();
    let found = conditions.and_then(|all| all.iter().find(|one| one["type"] == type_));
    found.unwrap_or(&Value::Null)
}

/// Whether the object's status has this condition with this status (`True`, `False`, `Unknown`),
/// made for the object's present generation.
#[must_use]
pub fn is_condition(object: &DynamicObject, type_: &str, status: &str) -> bool {
    let found = condition(object, type_);
    found["status"] == status && found["observedGeneration"].as_i64() == object.metadata.generation
}
