//! The one place that writes status.

use std::fmt::Debug;

use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::api::FIELD_MANAGER;

/// A kind with a status of type `S`.
pub(super) trait HasStatus: Resource<DynamicType = (), Scope = NamespaceResourceScope> {
    type Status: Clone + PartialEq + Serialize;
    fn status(&self) -> Option<&Self::Status>;
}

/// Why a status does not stand.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotWritten {
    /// The object has changed since it was read, or is gone: the next pass sees it as it is.
    #[error("the object has changed meanwhile")]
    Conflict,
    /// The API server dropped a part of it.
    #[error(
        "the definition of {0} in the cluster is older than the operator and drops fields of status: apply the definitions of this version"
    )]
    Outdated(String),
    /// It could not be asked, or refused.
    #[error("failed to write the status: {0}")]
    Failed(#[from] kube::Error),
}

/// Writes a status, if it differs. It counts only if the object has not changed since it was read and if the
/// answer contains what was sent: an older definition prunes what it does not know, and still answers 200.
pub(super) async fn write<K>(client: &Client, object: &mut K, status: &K::Status) -> Result<bool, NotWritten>
where
    K: HasStatus + Clone + Debug + DeserializeOwned,
{
    if object.status() == Some(status) {
        return Ok(false);
    }
    let api: Api<K> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"resourceVersion": object.resource_version(), "uid": object.uid()},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match api
        .patch_status(&object.name_any(), &params, &Patch::Apply(&patch))
        .await
    {
        Ok(answer) if answer.status() == Some(status) => {
            *object = answer;
            Ok(true)
        }
        Ok(answer) => {
            *object = answer;
            Err(NotWritten::Outdated(K::kind(&()).into_owned()))
        }
        Err(kube::Error::Api(error)) if error.code == 409 || error.code == 404 => Err(NotWritten::Conflict),
        Err(error) => Err(error.into()),
    }
}
