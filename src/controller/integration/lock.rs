//! A promotion lock blocks static configuration and ESVs. The operator waits until the environment is unlocked.

use std::time::Duration;

use super::pass::{Lock, Pass};
use crate::{
    aic::{Error, Tenant},
    api::{Reason, TenantEnvironment, conditions::Conclusion},
    controller::engine::requeue::{Flow, Requeue, When},
    http::Outcome,
};

/// A promotion takes minutes, so the lock is read once a minute.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Succeeds if static configuration can be written. Reads the lock once a reconciliation. A sandbox has no lock.
pub(super) async fn check_unlocked(pass: &mut Pass<'_>, tenant: &Tenant) -> Flow<()> {
    if pass.lock == Lock::Unlocked || is_sandbox(pass) {
        return Ok(());
    }
    match tenant.own_lock_state().await {
        Ok(state) => seen(pass, state.is_unlocked()),
        Err(error) => Err(pass.tenant_error(&error)),
    }
}

/// Remembers that the tenant has just accepted a write of an ESV. A lock would have refused it, so this
/// reconciliation need not read the lock.
pub(super) fn took_a_write(pass: &mut Pass<'_>) {
    pass.lock = Lock::Unlocked;
    pass.has_written = true;
}

/// Whether a write is known to have changed nothing.
pub(super) fn is_not_done(result: &Result<(), Error>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| error.outcome() == Outcome::NotDone)
}

/// Handles the result of a write to static configuration. A refused one may have met a lock that began after it was
/// read.
pub(super) async fn written(pass: &mut Pass<'_>, tenant: &Tenant, result: Result<(), Error>) -> Flow<()> {
    let Err(error) = result else {
        return Ok(());
    };
    if error.may_be_a_lock() && pass.lock == Lock::Unlocked {
        pass.lock = Lock::NotLookedAt;
        check_unlocked(pass, tenant).await?;
    }
    Err(pass.tenant_error(&error))
}

/// Makes a call on ESVs. If it is refused and there is no lock, makes it once more, because the lock may have gone in
/// between.
pub(super) async fn esv<T, F>(pass: &mut Pass<'_>, tenant: &Tenant, call: impl Fn() -> F) -> Flow<T>
where
    F: Future<Output = Result<T, Error>>,
{
    match call().await {
        Err(error) if error.may_be_a_lock() => {
            refused(pass, tenant, &error).await?;
            pass.tried(call().await)
        }
        result => pass.tried(result),
    }
}

/// Succeeds if no lock explains the refusal of a call on ESVs.
pub(super) async fn refused(pass: &mut Pass<'_>, tenant: &Tenant, error: &Error) -> Flow<()> {
    if is_sandbox(pass) {
        return Err(pass.tenant_error(error));
    }
    match tenant.own_lock_state().await {
        Ok(state) => seen(pass, state.is_unlocked()),
        Err(unread) => Err(waits(
            Reason::TenantRefused,
            format!(
                "{error}. Either a promotion has locked the environment, which cannot be seen ({unread}), or the service account may not do this: give it the scopes fr:idc:esv:* and fr:idc:promotion:read; the operator tries again every minute"
            ),
        )),
    }
}

fn seen(pass: &mut Pass<'_>, is_unlocked: bool) -> Flow<()> {
    if is_unlocked {
        pass.lock = Lock::Unlocked;
        return Ok(());
    }
    pass.lock = Lock::Locked;
    Err(waits(
        Reason::EnvironmentLocked,
        "a promotion has locked the environment, which blocks its ESVs, worker and mapping: the operator continues when it is unlocked".to_owned(),
    ))
}

fn waits(reason: Reason, message: String) -> Requeue {
    Requeue {
        conclusion: Conclusion::InProgress(reason, message),
        when: When::Poll(LOOK_AGAIN),
    }
}

fn is_sandbox(pass: &Pass<'_>) -> bool {
    pass.object.spec.tenant.environment == TenantEnvironment::Sandbox
}
