//! Looks at an environment: its lock, its run and its reports, as far as the next decision reads them.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::{
    super::runs::Runs,
    protocol::{Rules, Sight},
    reports::{self, Wanted},
};
use crate::{
    aic::{Error, LockStatus, Progress, RunState, Tenant},
    api::{Action, StageStatus, Step},
};

/// What the tenant shows now. The lock first: what is read after it is at least as new.
pub(super) async fn look(
    tenant: &Tenant,
    runs: &Runs,
    stage: &StageStatus,
    rules: &Rules<'_>,
    now: Timestamp,
) -> Result<Sight, Error> {
    let lock = tenant.lock_state().await?;
    let own = stage.lock.as_ref();
    let id = own.and_then(|lock| lock.id.as_deref());
    // While a lock is on its way, nothing else is asked.
    let is_on_its_way = stage.step == Some(Step::Locking) && id.is_some_and(|id| !lock.is_locked_by(id));
    let is_untaken = stage.step == Some(Step::LockRequested) && lock.is_unlocked();
    if is_on_its_way || is_untaken {
        return Ok(Sight {
            lock,
            run: Progress::default(),
            reports: Vec::new(),
        });
    }
    let run = tenant.promotion_progress().await?;
    let is_proved = own.is_some_and(|lock| !lock.unproved);
    let is_leaving = stage.step == Some(Step::Unlocking)
        && is_proved
        && id.is_some_and(|id| lock.shows(id) || lock.result == LockStatus::Error);
    let is_under_way =
        matches!(stage.step, Some(Step::DryRun | Step::Promoting)) && run.state() == RunState::Running;
    // What is to be given back is given back without a report: one that cannot be read must not keep the lock.
    let is_overdue = own.is_some_and(|lock| {
        let passed = now.duration_since(lock.requested_at.0);
        Duration::try_from(passed).is_ok_and(|passed| passed >= rules.timeouts.lock.into())
    });
    let is_given_up = matches!(stage.step, Some(Step::Locking | Step::DryRun)) && (rules.stops || is_overdue);
    // Nor does a lock that has just come need one, but for a rollback.
    let has_come = stage.step == Some(Step::Locking) && stage.action == Action::Promotion;
    if is_leaving || is_under_way || is_given_up || has_come {
        return Ok(Sight {
            lock,
            run,
            reports: Vec::new(),
        });
    }
    let shown = lock
        .sides()
        .filter_map(|side| side.promotion_id.as_deref())
        .chain(lock.promotion_id.as_deref());
    let wanted = Wanted {
        key: rules.key,
        stage: &stage.name,
        lock_ids: shown.chain(id).collect(),
    };
    let reports = reports::read(tenant, runs, &wanted).await?;
    Ok(Sight { lock, run, reports })
}
