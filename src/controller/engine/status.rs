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
    /// Others wait for what it does: what is written of it waits for no turn.
    const IS_URGENT: bool = false;
    /// Its finalizer stands for something that is worse left behind than an object that nobody can read.
    const IS_KEPT_UNREAD: bool = false;
    type Status: Clone + PartialEq + Serialize + DeserializeOwned;
    fn status(&self) -> Option<&Self::Status>;
    /// The request for a check that was answered last.
    fn last_handled_request(status: &Self::Status) -> Option<&String>;
    /// The conditions of a status.
    fn conditions(status: &Self::Status) -> &Conditions;
    /// Measures what it means that the object has this status from now on.
    fn measure(&self, _after: &Self::Status, _now: Timestamp, _milestones: &Milestones) {}
}

/// Why a status does not stand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    /// The object has changed since it was read, or is gone: the next pass sees it as it is.
    #[error("the object has changed meanwhile")]
    Conflict,
    /// The API server dropped a part of it.
    #[error(
        "the CRD of {0} in the cluster is older than the operator and drops fields of status: apply the CRDs of this version"
    )]
    Outdated(String),
    /// It could not be asked, or refused.
    #[error("failed to write the status: {0}")]
    Failed(#[from] kube::Error),
}

impl Cluster {
    /// Waits for a turn to write of an object, unless others wait for what it does.
    pub(crate) async fn turn_to_write<K: HasStatus>(&self) -> Option<SemaphorePermit<'_>> {
        if K::IS_URGENT { None } else { self.turn().await }
    }
}

/// Ends a pass until the definitions are those of this version.
pub(crate) fn outdated(error: &NotWritten) -> Requeue {
    Requeue {
        conclusion: Conclusion::Stalled(Reason::CRDOutdated, error.to_string()),
        when: When::Poll(LOOK_AT_DEFINITIONS_AGAIN),
    }
}

/// How soon a definition that was outdated is looked at again.
const LOOK_AT_DEFINITIONS_AGAIN: Duration = Duration::from_secs(20);

/// Whether the definition in the cluster keeps every field of a status: asked by a dry run, once a kind, before
/// anything is sent that would have to be remembered.
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

/// Writes a status, if it differs. It counts only if the object has not changed since it was read and if the
/// answer contains what was sent: an older definition prunes what it does not know, and still answers 200.
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

/// What makes this status of an object's. Not an apply: that would keep what somebody else has written, a restored backup
/// for one, and the answer would never be what was sent.
fn change_to<K: HasStatus>(object: &K, status: &K::Status) -> Result<Value, kube::Error> {
    let to_json = |status: Option<&K::Status>| serde_json::to_value(status).map_err(kube::Error::SerdeError);
    Ok(change(&to_json(object.status())?, &to_json(Some(status))?))
}

/// The merge patch that makes the second value of the first.
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
