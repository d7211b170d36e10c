//! The finalizer: there only while deletion has something to do in the tenant.

use std::ops::ControlFlow::{self, Break, Continue};

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    super::Next,
    pass::{End, Pass},
};
use crate::api::{AICIntegration, DeletionPolicy, FINALIZER, Reason, conditions::Conclusion};

pub(super) fn is_set(object: &AICIntegration) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// Brings the finalizer in line with the policy, before anything is made that it would have to remove.
pub(super) async fn ensure(pass: &mut Pass<'_>) -> ControlFlow<End> {
    let wanted = pass.object.spec.deletion_policy == DeletionPolicy::Delete;
    if is_set(&pass.object) == wanted {
        return Continue(());
    }
    match set(pass, wanted).await {
        Ok(()) => Continue(()),
        Err(error) => Break(End {
            conclusion: Conclusion::InProgress(
                Reason::NotReached,
                format!("failed to set the finalizer that spec.deletionPolicy asks for: {error}"),
            ),
            next: Next::Retry(None),
        }),
    }
}

/// Sets or removes it, on the object as it was read; the pass goes on with the object as it is then.
pub(super) async fn set(pass: &mut Pass<'_>, wanted: bool) -> Result<(), kube::Error> {
    let mut finalizers = pass.object.finalizers().to_vec();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    if wanted {
        finalizers.push(FINALIZER.to_owned());
    }
    let api: Api<AICIntegration> = Api::namespaced(
        pass.context.client.clone(),
        &pass.object.namespace().unwrap_or_default(),
    );
    let patch = json!({"metadata": {
        "resourceVersion": pass.object.resource_version(),
        "uid": pass.object.meta().uid,
        "finalizers": finalizers,
    }});
    let params = PatchParams::default();
    pass.object = api
        .patch(&pass.object.name_any(), &params, &Patch::Merge(patch))
        .await?;
    Ok(())
}
