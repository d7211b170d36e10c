//! Objects that this version of the operator cannot decode. An event tells of them, and their deletion is never held
//! up.

use std::{fmt::Debug, time::Duration};

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::{NamespaceResourceScope, PartialObjectMeta, PartialObjectMetaExt},
    runtime::reflector::ObjectRef,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{cluster::Cluster, shard::Shard, status::HasStatus, watch::of_name};
use crate::api::{FINALIZER, Reason};

const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Sends the event in the background, only for this release's objects and only while this process leads.
pub(crate) fn teller<K>(cluster: &Cluster, shard: &Shard) -> impl Fn(ObjectMeta, String) + Send + use<K>
where
    K: HasStatus + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (cluster, shard) = (cluster.clone(), shard.clone());
    move |metadata, error| {
        if !shard.has(&metadata) {
            return;
        }
        let cluster = cluster.clone();
        let object = metadata.into_request_partial::<K>();
        // Nothing that an end has to wait for: whoever acts next finds the object as it is.
        tokio::spawn(async move {
            let stood_by = !cluster.leadership.holds_for(Duration::ZERO);
            cluster.leadership.acquired().await;
            if !stood_by || is_unchanged(&cluster, &object).await {
                tell(&cluster, &object, &error).await;
            }
        });
    }
}

/// Whether the object is as it was before this process led.
async fn is_unchanged<K>(cluster: &Cluster, object: &PartialObjectMeta<K>) -> bool
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<PartialObjectMeta<K>> = Api::namespaced(cluster.client.clone(), &namespace);
    let found = api.list_metadata(&of_name(&object.name_any())).await;
    found.is_ok_and(|found| {
        let mut all = found.items.iter();
        all.any(|found| found.resource_version() == object.resource_version())
    })
}

async fn tell<K>(cluster: &Cluster, object: &PartialObjectMeta<K>, error: &str)
where
    K: HasStatus + Clone + Debug + DeserializeOwned,
{
    let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_default());
    let mut reference: ObjectReference = ObjectRef::<K>::new(&name).within(&namespace).into();
    reference.uid = object.uid();
    let message = format!(
        "this version of the operator cannot read the object: {error}. Correct it, or upgrade the operator and its CRDs"
    );
    {
        let _turn = cluster.turn().await;
        cluster.warn_of(&reference, Reason::InvalidObject, &message).await;
    }
    let is_going = object.metadata.deletion_timestamp.is_some();
    if is_going && !K::IS_KEPT_UNREAD && object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        let_go(cluster, object).await;
    }
}

/// Nobody knows what it created in the tenant. It goes, and the event says so.
async fn let_go<K>(cluster: &Cluster, object: &PartialObjectMeta<K>)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_default());
    let api: Api<PartialObjectMeta<K>> = Api::namespaced(cluster.client.clone(), &namespace);
    // No watch brings it here again, so this tries until it succeeds.
    while let Err(error) = remove_finalizer(&api, &name, object.uid()).await {
        tracing::warn!(kind = %K::kind(&()), namespace, name, %error, "failed to remove a finalizer");
        cluster.clock.sleep(TRY_AGAIN).await;
    }
    cluster.metrics.left_behind();
    tracing::warn!(kind = %K::kind(&()), namespace, name, "removing the finalizer of an object that cannot be read: what it created stays in its tenant");
}

async fn remove_finalizer<K>(
    api: &Api<PartialObjectMeta<K>>,
    name: &str,
    uid: Option<String>,
) -> kube::Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let Some(object) = api
        .get_metadata_opt(name)
        .await?
        .filter(|object| object.uid() == uid)
    else {
        return Ok(());
    };
    let mut finalizers = object.finalizers().to_vec();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    let patch = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(drop)
}
