//! Records a decision before it is carried out, together with its reports and events.

use super::{
    lock_protocol::{Observation, SeenReport},
    report_summary,
    requeue::RunRequeue,
    run::Run,
};
use crate::{
    aic::Tenant,
    api::{Outcome, ReportStatus, RunMark, StageStatus, Step},
};

/// The most names in a message. Status has more of them.
const MOST_NEW: usize = 10;

/// Records what was decided, with reports and events.
pub(super) async fn remember(
    run: &mut Run<'_>,
    tenant: &Tenant,
    observation: &Observation,
    stage: &StageStatus,
    mut next: StageStatus,
) -> Result<(), RunRequeue> {
    fill(run, tenant, observation, stage, &mut next).await;
    if stage.held.is_none()
        && let Some(held) = &mut next.held
    {
        held.message += &what_is_new(run, next.dry_run.as_ref().map(|found| &found.report));
    }
    if let Some(id) = unproved(stage, &next) {
        run.tell_of_unproved(&id).await;
    }
    if let Some(report) = done_before(run, observation, stage, &next) {
        next.message = Some(run.tell_of_namesake(&next, report).await);
    }
    run.set_stage(next);
    run.record().await
}

/// Adds to a stage what its reports say when a decision rests on them. If a report cannot be read, only its id is
/// recorded, and the run continues.
async fn fill(
    run: &Run<'_>,
    tenant: &Tenant,
    observation: &Observation,
    before: &StageStatus,
    next: &mut StageStatus,
) {
    if before.dry_run.is_none()
        && let Some(dry_run) = &mut next.dry_run
        && let Some(id) = dry_run.report.report_id.clone()
    {
        let is_truncated = dry_run.report.truncated;
        dry_run.report = summary_of(run, tenant, id).await;
        dry_run.report.truncated |= is_truncated;
    }
    let is_done = matches!(
        next.outcome,
        Some(Outcome::Promoted | Outcome::AlreadyPromoted | Outcome::RolledBack)
    );
    if is_done && next.report.is_none() {
        let mut reports = observation.reports.known().into_iter().flatten();
        let real = reports.find(|report| {
            let is_ours = |mark: &RunMark| mark.key == run.key && mark.stage == next.name;
            // Without an id the report cannot be read.
            !report.is_dry_run && !report.id.is_empty() && report.mark.as_ref().is_some_and(is_ours)
        });
        if let Some(real) = real {
            next.report = Some(summary_of(run, tenant, real.id.clone()).await);
        }
    }
}

/// What a held list has that the gate did not show.
fn what_is_new(run: &Run<'_>, dry_run: Option<&ReportStatus>) -> String {
    let shown = run
        .status
        .next
        .as_ref()
        .and_then(|next| next.provisional.as_ref());
    let now = dry_run.or(run.provisional.as_ref());
    // The names that a truncated list leaves out would count as new.
    let (Some(shown), Some(now)) = (shown.filter(|shown| !shown.truncated), now) else {
        return String::new();
    };
    let names = |report: &ReportStatus| {
        let deleted = report.deleted.iter().map(|name| format!("deleted {name}"));
        let added = report.added.iter().map(|name| format!("added {name}"));
        let modified = report.modified.iter().map(|name| format!("modified {name}"));
        deleted.chain(added).chain(modified).collect::<Vec<_>>()
    };
    let shown = names(shown);
    let new: Vec<_> = names(now)
        .into_iter()
        .filter(|name| !shown.contains(name))
        .take(MOST_NEW)
        .collect();
    if new.is_empty() {
        return String::new();
    }
    format!(". New in it: {}", new.join(", "))
}

/// Reads a report again that could not be read before, because it is compared now.
pub(super) async fn read_again(run: &Run<'_>, tenant: &Tenant, stage: &mut StageStatus) {
    if stage.step == Some(Step::DryRun)
        && let Some(dry_run) = &mut stage.dry_run
        && dry_run.report.totals.hash.is_empty()
        && let Some(id) = dry_run.report.report_id.clone()
    {
        dry_run.report = summary_of(run, tenant, id).await;
    }
}

async fn summary_of(run: &Run<'_>, tenant: &Tenant, id: String) -> ReportStatus {
    let read = run.read_reports.lock().remove(&id);
    let report = match read {
        Some(report) => Ok(report),
        None => tenant.report(&id).await,
    };
    match report {
        Ok(report) => report_summary::of(&report, &run.own_items()),
        Err(error) => {
            tracing::warn!(id, %error, "failed to read a report for the status");
            ReportStatus {
                report_id: Some(id),
                ..ReportStatus::default()
            }
        }
    }
}

/// The report of another run of this name, which has promoted the stage before.
fn done_before<'a>(
    run: &Run<'_>,
    observation: &'a Observation,
    before: &StageStatus,
    next: &StageStatus,
) -> Option<&'a SeenReport> {
    let is_new = next.outcome == Some(Outcome::AlreadyPromoted) && next.outcome != before.outcome;
    let is_namesakes = |mark: &RunMark| mark.key == run.key && mark.stage == next.name && mark.run != run.uid;
    let mut reports = observation.reports.known().into_iter().flatten();
    let report =
        reports.find(|report| !report.is_dry_run && report.mark.as_ref().is_some_and(is_namesakes))?;
    is_new.then_some(report)
}

/// The id of a lock that is released without having been proved ours.
fn unproved(before: &StageStatus, next: &StageStatus) -> Option<String> {
    let is = |stage: &StageStatus| stage.lock.as_ref().is_some_and(|lock| lock.unproved);
    (!is(before) && is(next)).then(|| next.lock.as_ref()?.id.clone())?
}
