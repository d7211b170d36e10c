//! Static configuration is written only while the environment is not locked for a promotion.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};

use super::{
    super::Next,
    pass::{End, Pass},
};
use crate::{
    aic::{Error, Tenant},
    api::{Reason, TenantEnvironment, conditions::Conclusion},
};

/// A promotion takes minutes.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Goes on if static configuration can be written; asks once a pass. A sandbox is outside any promotion.
pub(super) async fn check_unlocked(pass: &mut Pass<'_>, tenant: &Tenant) -> ControlFlow<End> {
    if pass.unlocked || pass.object.spec.tenant.environment == TenantEnvironment::Sandbox {
        return Continue(());
    }
    look(pass, tenant).await
}

/// What came of a write to static configuration. One that was refused may have met a lock that began after the look.
pub(super) async fn written(
    pass: &mut Pass<'_>,
    tenant: &Tenant,
    result: Result<(), Error>,
) -> ControlFlow<End> {
    let Err(error) = result else {
        return Continue(());
    };
    let is_refused = matches!(&error, Error::Call(error) if matches!(error.status(), Some(403 | 409)));
    if is_refused && pass.unlocked {
        look(pass, tenant).await?;
    }
    Break(pass.trouble(&error))
}

async fn look(pass: &mut Pass<'_>, tenant: &Tenant) -> ControlFlow<End> {
    match tenant.own_lock_state().await {
        Ok(state) if state.is_unlocked() => {
            pass.unlocked = true;
            Continue(())
        }
        Ok(_) => Break(End {
            conclusion: Conclusion::InProgress(
                Reason::EnvironmentLocked,
                "the environment is locked for a promotion: worker and mapping are written when it is unlocked"
                    .to_owned(),
            ),
            next: Next::Poll(LOOK_AGAIN),
        }),
        Err(error) => Break(pass.trouble(&error)),
    }
}
