//! The one place that writes status.

use std::{fmt::Debug, time::Duration};

use k8s_openapi::jiff::Timestamp;
use kube::{
    Api, CustomResourceExt, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::SemaphorePermit;

use super::{
    cluster::Cluster,
    requeue::{Requeue, When},
};
use crate::{
    api::{Conditions, FIELD_MANAGER, Reason, complete_status, conditions::Conclusion},
    runtime::{Gate, Milestones},
};

/// A kind with a status of type `S`.
pub(crate) trait HasStatus:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + CustomResourceExt
{
    /// Other objects wait for it, so its status writes wait for no permit.
    const IS_URGENT: bool = false;
    /// Its finalizer stays even if the object cannot be decoded, because what it protects is worse to leave behind.
    const IS_KEPT_UNREAD: bool = false;
    type Status: Clone + PartialEq + Serialize + DeserializeOwned;
    fn status(&self) -> Option<&Self::Status>;
    /// The last request for a check that was handled.
    fn last_handled_request(status: &Self::Status) -> Option<&String>;
    /// The conditions of a status.
    fn conditions(status: &Self::Status) -> &Conditions;
    /// Updates metrics when the object gets this status.
    fn measure(&self, _after: &Self::Status, _now: Timestamp, _milestones: &Milestones) {}
}

/// Why a status was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    /// The object has changed since it was read, or is gone. The next reconciliation sees that.
    #[error("the object has changed meanwhile")]
    Conflict,
    /// The API server dropped fields.
    #[error(
        "the CRD of {0} in the cluster is older than the operator and drops fields of status: apply the CRDs of this version"
    )]
    Outdated(String),
    /// The API server did not answer, or refused.
    #[error("failed to write the status: {0}")]
    Failed(#[from] kube::Error),
}

impl Cluster {
    /// Waits for a permit to write about an object, unless other objects wait for it.
    pub(crate) async fn turn_to_write<K: HasStatus>(&self) -> Option<SemaphorePermit<'_>> {
        if K::IS_URGENT { None } else { self.turn().await }
    }
}

/// Ends a reconciliation until the CRDs are those of this version.
pub(crate) fn outdated(error: &NotWritten) -> Requeue {
    Requeue {
        conclusion: Conclusion::Stalled(Reason::CRDOutdated, error.to_string()),
        when: When::Poll(LOOK_AT_DEFINITIONS_AGAIN),
    }
}

/// How soon an outdated CRD is checked again.
const LOOK_AT_DEFINITIONS_AGAIN: Duration = Duration::from_secs(20);

/// Checks by a dry run, once for each kind, that the CRD in the cluster keeps every status field. This comes before
/// any request that must be remembered.
pub(crate) async fn check_definition<K>(cluster: &Cluster, object: &K) -> Result<(), NotWritten>
where
    K: HasStatus + Clone + Debug + DeserializeOwned,
{
    let kind = K::kind(&()).into_owned();
    if cluster.kept_definitions.lock().contains(&kind) {
        return Ok(());
    }
    let complete = serde_json::from_value(complete_status::<K>()).map_err(kube::Error::SerdeError)?;
    let params = PatchParams {
        dry_run: true,
        ..params()
    };
    let patch = json!({"status": change_to(object, &complete)?});
    let api: Api<K> = Api::namespaced(cluster.client.clone(), &object.namespace().unwrap_or_default());
    match api
        .patch_status(&object.name_any(), &params, &Patch::Merge(&patch))
        .await
    {
        Ok(answer) if answer.status() == Some(&complete) => {
            cluster.health.open(&Gate::Status(kind.clone()));
            cluster.kept_definitions.lock().insert(kind);
            Ok(())
        }
        Ok(_) => Err(drops_fields(cluster, kind)),
        Err(kube::Error::Api(error)) if error.code == 422 => Err(drops_fields(cluster, kind)),
        Err(kube::Error::Api(error)) if error.code == 404 => Err(NotWritten::Conflict),
        Err(error) => Err(error.into()),
    }
}

fn drops_fields(cluster: &Cluster, kind: String) -> NotWritten {
    cluster.kept_definitions.lock().remove(&kind);
    let error = NotWritten::Outdated(kind.clone());
    cluster.health.close(Gate::Status(kind), error.to_string());
    error
}

/// Writes a status, if it has changed. It fails if the object has changed since it was read, or if the answer lacks
/// what was sent: an older CRD prunes unknown fields and still answers 200.
pub(crate) async fn write<K>(
    cluster: &Cluster,
    object: &mut K,
    status: &K::Status,
) -> Result<bool, NotWritten>
where
    K: HasStatus + Clone + Debug + DeserializeOwned,
{
    if object.status() == Some(status) {
        return Ok(false);
    }
    let api: Api<K> = Api::namespaced(cluster.client.clone(), &object.namespace().unwrap_or_default());
    let patch = json!({
        "metadata": {"resourceVersion": object.resource_version()},
        "status": change_to(object, status)?,
    });
    let _turn = cluster.turn_to_write::<K>().await;
    match api
        .patch_status(&object.name_any(), &params(), &Patch::Merge(&patch))
        .await
    {
        Ok(answer) => {
            cluster.stale_reads.by_us(object.meta(), answer.meta());
            let before = std::mem::replace(object, answer);
            if object.status() == Some(status) {
                before.measure(status, cluster.clock.now(), &cluster.metrics.milestones);
                Ok(true)
            } else {
                Err(drops_fields(cluster, K::kind(&()).into_owned()))
            }
        }
        Err(kube::Error::Api(error)) if error.code == 409 || error.code == 404 => Err(NotWritten::Conflict),
        Err(error) => Err(error.into()),
    }
}

fn params() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// The patch that turns the object's status into this one. A server-side apply would keep what others have written,
/// for example a restored backup, and the answer would never equal what was sent.
fn change_to<K: HasStatus>(object: &K, status: &K::Status) -> Result<Value, kube::Error> {
    let to_json = |status: Option<&K::Status>| serde_json::to_value(status).map_err(kube::Error::SerdeError);
    Ok(change(&to_json(object.status())?, &to_json(Some(status))?))
}

/// The merge patch that turns the first value into the second.
fn change(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return after.clone();
    };
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let gone = gone.map(|name| (name.clone(), Value::Null));
    let there = after.iter().map(|(name, value)| {
        let before = before.get(name).unwrap_or(&Value::Null);
        (name.clone(), change(before, value))
    });
    gone.chain(there).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_away_what_is_not_there_any_more() {
        let before = json!({"a": 1, "b": {"c": 1, "d": 2}, "list": [{"x": 1, "y": 2}]});
        let after = json!({"b": {"d": 3}, "list": [{"x": 1}], "e": {"f": null}});
        let expected = json!({"a": null, "b": {"c": null, "d": 3}, "list": [{"x": 1}], "e": {"f": null}});
        assert_eq!(change(&before, &after), expected);
        assert_eq!(change(&Value::Null, &after), after);
    }
}
