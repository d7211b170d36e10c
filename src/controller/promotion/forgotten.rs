//! Restores a lock in status whose key this process still has.

use super::{
    lock_protocol::{Forgotten, Wait, forgotten, is_remembered},
    requeue::RunRequeue,
    run::{Run, WITH_AN_OPEN_LOCK},
};
use crate::{controller::engine::requeue::When, http::Priority};

/// Somebody may have cleared the status, or restored an older one, while a lock is open. Whatever the run's position
/// then, the lock is released first.
pub(super) async fn remember(run: &mut Run<'_>) -> Result<(), RunRequeue> {
    let runs = &run.context.runs;
    let Some(key) = runs.key(&run.uid).filter(|key| !key.is_asking) else {
        return Ok(());
    };
    if is_remembered(&key.stage, &run.status.stages) {
        return Ok(());
    }
    let lock = key.stage.open_lock();
    if lock.is_some_and(|lock| lock.id.is_none() && runs.is_void(&lock.attempt)) {
        runs.drop_key(&run.uid);
        return Ok(());
    }
    let tenant = run
        .context
        .aic
        .tenant(key.host.clone(), key.account.clone())
        .with_priority(Priority::Lock);
    let shown = tenant.lock_state().await.map_err(|error| RunRequeue {
        next: When::Poll(WITH_AN_OPEN_LOCK),
        ..run.tenant_error(&error)
    })?;
    let known = run.stage(&key.stage.name);
    match forgotten(&key.stage, &known, &shown, run.context.clock.now()) {
        Forgotten::Remember(stage) => {
            tracing::warn!(
                run = run.key,
                "status has forgotten a lock that this process has the key to"
            );
            run.set_stage(*stage);
            run.record().await
        }
        Forgotten::Gone => {
            runs.drop_key(&run.uid);
            Ok(())
        }
        Forgotten::Unclear => Err(run.waiting(Wait::for_the_lock())),
    }
}
