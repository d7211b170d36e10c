//! An integration has the finalizer only if its deletion has something to do in the tenant.

use super::pass::Pass;
use crate::{
    api::{DeletionPolicy, Reason, conditions::Conclusion},
    controller::engine::{
        finalizer,
        requeue::{Flow, Requeue, When},
    },
};

/// Sets or removes the finalizer by the policy, before anything is created that a deletion would have to remove.
pub(super) async fn ensure(pass: &mut Pass<'_>) -> Flow<()> {
    let wanted = pass.object.spec.deletion_policy == DeletionPolicy::Delete;
    if finalizer::is_set(&pass.object) == wanted {
        return Ok(());
    }
    match finalizer::set(&pass.context.cluster, &mut pass.object, wanted).await {
        Ok(()) => Ok(()),
        Err(error) => Err(Requeue {
            conclusion: Conclusion::InProgress(
                Reason::NotReached,
                format!("failed to set the finalizer that spec.deletionPolicy asks for: {error}"),
            ),
            when: When::Retry(None),
        }),
    }
}
