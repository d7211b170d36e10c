//! Objects that this version of the operator cannot decode: told of, left alone, and never held back from deletion.

use std::{fmt::Debug, time::Duration};

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Resource, ResourceExt,
    api::{ListParams, Patch, PatchParams},
    core::{NamespaceResourceScope, PartialObjectMeta, PartialObjectMetaExt},
    runtime::reflector::ObjectRef,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::context::Context;
use crate::api::{FINALIZER, Promotion, Reason};

const TRY_AGAIN: Duration = Duration::from_secs(10);

/// What tells of an object, in the background: only of ours, and only while this process leads.
pub(super) fn teller<K>(context: &Context) -> impl Fn(ObjectMeta, String) + Send + use<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let context = context.clone();
    move |metadata, error| {
        if !context.shard.has(&metadata) {
            return;
        }
        let context = context.clone();
        let object = metadata.into_request_partial::<K>();
        // Nothing that an end has to wait for: whoever acts next finds the object as it is.
        tokio::spawn(async move {
            let stood_by = !context.leadership.holds_for(Duration::ZERO);
            context.leadership.acquired().await;
            if !stood_by || is_unchanged(&context, &object).await {
                tell(&context, &object, &error).await;
            }
        });
    }
}

/// Whether the object is as it was before this process led.
async fn is_unchanged<K>(context: &Context, object: &PartialObjectMeta<K>) -> bool
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<PartialObjectMeta<K>> = Api::namespaced(context.client.clone(), &namespace);
    let of_this_name = ListParams::default().fields(&format!("metadata.name={}", object.name_any()));
    let found = api.list_metadata(&of_this_name).await;
    found.is_ok_and(|found| {
        let mut all = found.items.iter();
        all.any(|found| found.resource_version() == object.resource_version())
    })
}

async fn tell<K>(context: &Context, object: &PartialObjectMeta<K>, error: &str)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_default());
    let mut reference: ObjectReference = ObjectRef::<K>::new(&name).within(&namespace).into();
    reference.uid = object.uid();
    let message = format!(
        "this version of the operator cannot read the object: {error}. Correct it, or upgrade the operator and its definitions"
    );
    {
        let _turn = context.turn().await;
        context.warn_of(&reference, Reason::InvalidObject, &message).await;
    }
    let is_going = object.metadata.deletion_timestamp.is_some();
    // A run's finalizer stands for an open lock, and a lock is worse left behind than an object.
    let holds_lock = K::kind(&()) == Promotion::kind(&());
    if is_going && !holds_lock && object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        let_go(context, object).await;
    }
}

/// Nobody can say what it made in the tenant: it goes, and what is left is said to be unknown.
async fn let_go<K>(context: &Context, object: &PartialObjectMeta<K>)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_default());
    let api: Api<PartialObjectMeta<K>> = Api::namespaced(context.client.clone(), &namespace);
    // Nothing else brings it here again: it is tried until it is done.
    while let Err(error) = remove_finalizer(&api, &name, object.uid()).await {
        tracing::warn!(kind = %K::kind(&()), namespace, name, %error, "failed to remove a finalizer");
        context.clock.sleep(TRY_AGAIN).await;
    }
    context.metrics.left_behind();
    tracing::warn!(kind = %K::kind(&()), namespace, name, "object is let go that cannot be read: what it made stays in its tenant");
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
