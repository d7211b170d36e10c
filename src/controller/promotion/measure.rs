//! Measures how long steps took and locks were held, from a status that was written.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use crate::{
    api::{Promotion, PromotionStatus, StageStatus, Step},
    runtime::Milestones,
};

/// Measures steps that have ended and locks that are gone.
pub(super) fn measure(
    before: Option<&PromotionStatus>,
    after: &PromotionStatus,
    now: Timestamp,
    milestones: &Milestones,
) {
    let since = |time: &Time| now.duration_since(time.0).try_into().unwrap_or_default();
    for before in before.into_iter().flat_map(|status| &status.stages) {
        let Some(after) = after.stages.iter().find(|after| after.name == before.name) else {
            continue;
        };
        if let Some(step) = before.step.filter(|step| after.step != Some(*step))
            && let Some(began) = began(before, step)
        {
            milestones.step_ended(step, since(began));
        }
        if let Some(lock) = before.open_lock()
            && after.open_lock().is_none()
        {
            milestones.lock_ended(since(&lock.requested_at));
        }
    }
}

/// When a step began, as the stage records it; `None` if it takes no time.
fn began(stage: &StageStatus, step: Step) -> Option<&Time> {
    let lock = stage.lock.as_ref();
    match step {
        Step::LockRequested | Step::Locking => lock.map(|lock| &lock.requested_at),
        Step::DryRun => stage
            .dry_run_request
            .as_ref()
            .map(|request| &request.requested_at),
        Step::Promoting => stage.promote.as_ref().map(|promote| &promote.requested_at),
        Step::Unlocking => lock.and_then(|lock| lock.releasing_since.as_ref()),
        Step::Verifying => stage.verifying_since.as_ref(),
        Step::Done | Step::Unknown => None,
    }
}

/// The age of the run's oldest lock that may be open.
pub(in super::super) fn oldest_lock(run: &Promotion, now: Timestamp) -> Option<Duration> {
    let stages = run.status.iter().flat_map(|status| &status.stages);
    let since = stages
        .filter_map(|stage| Some(stage.open_lock()?.requested_at.0))
        .min()?;
    Some(now.duration_since(since).try_into().unwrap_or_default())
}
