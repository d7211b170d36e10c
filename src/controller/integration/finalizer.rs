//! The finalizer is there only while deletion has something to do in the tenant.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{
    super::{Next, finalizer},
    pass::{End, Pass},
};
use crate::api::{DeletionPolicy, Reason, conditions::Conclusion};

/// Brings the finalizer in line with the policy, before anything is made that it would have to remove.
pub(super) async fn ensure(pass: &mut Pass<'_>) -> ControlFlow<End> {
    let wanted = pass.object.spec.deletion_policy == DeletionPolicy::Delete;
    if finalizer::is_set(&pass.object) == wanted {
        return Continue(());
    }
    match finalizer::set(pass.context, &mut pass.object, wanted).await {
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
