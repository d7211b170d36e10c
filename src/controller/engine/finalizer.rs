//! The finalizer. An object has it only while its deletion would leave something behind.

use std::fmt::Debug;

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::cluster::Cluster;
use crate::api::FINALIZER;

pub(crate) fn is_set(object: &impl Resource) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// Sets or removes the finalizer on this version of the object, which is then updated to the version in the cluster.
pub(crate) async fn set<K>(cluster: &Cluster, object: &mut K, wanted: bool) -> Result<(), kube::Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let mut finalizers = object.finalizers().to_vec();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    if wanted {
        finalizers.push(FINALIZER.to_owned());
    }
    let api: Api<K> = Api::namespaced(cluster.client.clone(), &object.namespace().unwrap_or_default());
    let patch = json!({"metadata": {
        "resourceVersion": object.resource_version(),
        "uid": object.uid(),
        "finalizers": finalizers,
    }});
    let answer = api
        .patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    cluster.stale_reads.by_us(object.meta(), answer.meta());
    *object = answer;
    Ok(())
}
