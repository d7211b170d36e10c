//! Applies a decision. What it sends is recorded first.

use std::time::Duration;

use super::{
    content,
    lock_protocol::{Act, Wait},
    requeue::RunRequeue,
    run::Run,
    target::claim,
};
use crate::{
    aic::Tenant,
    api::StageStatus,
    controller::engine::requeue::When,
    http::{Guard, Priority},
};

/// How soon a run checks again if another one began at the same moment.
const LOOK_AT_CLAIM_AGAIN: Duration = Duration::from_secs(5);

/// Sends what was decided, after recording it. Returns an end if the reconciliation has to wait.
pub(super) async fn apply(
    run: &mut Run<'_>,
    tenant: &mut Tenant,
    stage: &StageStatus,
    act: Act,
) -> Result<Option<RunRequeue>, RunRequeue> {
    match act {
        Act::Lock(next) => {
            if !claim(run, stage) {
                // The other run's status soon shows whether it continues, so this one polls.
                let next = When::Poll(LOOK_AT_CLAIM_AGAIN);
                let end = run.queued(stage.clone(), "another run");
                return Ok(Some(RunRequeue { next, ..end }));
            }
            content::tell_of_unseen(run, stage).await;
            *tenant = tenant.clone().with_priority(Priority::Lock);
            run.lock(tenant, next).await?;
        }
        Act::DryRun(next) => {
            let guard = check_lock(run, tenant, &next).await?;
            run.dry_run(tenant, next, guard).await?;
        }
        Act::Promote(next, warning) => {
            if let Some((reason, why)) = warning {
                let message = format!("{why}; the operator promotes it, as spec.onContentChange says");
                run.context.cluster.warn(&run.object, reason, &message).await;
            }
            let guard = check_lock(run, tenant, &next).await?;
            run.promote(tenant, next, guard).await?;
        }
        Act::Unlock(id, mut wait) => {
            if let Err(error) = run.unlock(tenant, &id).await {
                wait.message = format!("{}: {error}", wait.message);
            }
            return Ok(Some(run.waiting(wait)));
        }
        Act::Remember(_) | Act::Wait(_) | Act::Leave => {}
    }
    Ok(None)
}

/// Checks that the lock is still the run's. The guard is taken before the check, and holds for a while.
async fn check_lock(run: &Run<'_>, tenant: &Tenant, next: &StageStatus) -> Result<Guard, RunRequeue> {
    let guard = run.context.guard();
    let shown = tenant
        .lock_state()
        .await
        .map_err(|error| run.tenant_error(&error))?;
    let own = next.lock.as_ref().and_then(|lock| lock.id.as_deref());
    // If the check took too long, the intent is not recorded.
    if own.is_some_and(|id| shown.is_locked_by(id)) && guard.allows() {
        return Ok(guard);
    }
    Err(run.waiting(Wait::for_the_lock()))
}
