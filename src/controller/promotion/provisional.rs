//! Shows what the next stage would change, before anything is locked.

use super::{group::Group, report_summary, reports::Newest, run::Run, source, target::of_account};
use crate::{
    aic::Report,
    api::{NextStage, PromotionPhase, ReportStatus, TenantEnvironment},
};

/// What a stage would change.
pub(super) struct Shown {
    /// The new `status.next`; `None` leaves it as it is.
    next: Option<NextStage>,
    provisional: Option<ReportStatus>,
    newest_below: Option<Newest>,
    /// Whether there is certainly nothing to promote.
    pub(super) is_empty: bool,
}

/// Reads what a stage would change. If that cannot be read, the run continues without it.
///
/// After the gate was raised, what it showed stays, because people have accepted that.
pub(super) async fn observe(run: &Run<'_>, group: &Group, index: usize) -> Shown {
    let provisional = of_stage(run, group, index).await;
    let is_empty = known_end(group).is_some() && provisional.as_ref().is_some_and(ReportStatus::is_empty);
    let has_shown_changes = has_shown_changes(run, group, index, provisional.as_ref());
    let mut shown = Shown {
        next: None,
        provisional,
        newest_below: None,
        is_empty: is_empty && has_shown_changes,
    };
    let name = &run.object.spec.order[index].name;
    if run.stage(name).accepted.is_some() && run.status.phase != Some(PromotionPhase::Gated) {
        return shown;
    }
    shown.newest_below = source::shown_source(run, group, index).await;
    let before = run.status.next.as_ref().filter(|next| next.stage == *name);
    let known = before.cloned().unwrap_or_default();
    let source = shown.newest_below.as_ref().and_then(|newest| newest.id.clone());
    let is_read = shown.provisional.is_some();
    let next = NextStage {
        stage: name.clone(),
        // If the list cannot be read now, the former one is compared in the end.
        source: source.or(known.source),
        seen_at: known.seen_at.clone(),
        provisional: shown.provisional.clone().or(known.provisional),
    };
    let is_as_before = before == Some(&next);
    let seen_at = known.seen_at.filter(|_| is_as_before || !is_read);
    shown.next = Some(NextStage {
        seen_at: seen_at.or_else(|| is_read.then(|| run.now())),
        ..next
    });
    shown
}

impl Run<'_> {
    /// Shows what the next stage would change.
    pub(super) fn show(&mut self, shown: Shown) {
        self.provisional = shown.provisional;
        self.newest_below = shown.newest_below;
        if shown.next.is_some() {
            self.status.next = shown.next;
        }
    }
}

/// Whether this process has seen this report show changes before. An environment that never does may be the wrong
/// end, and its empty list means nothing.
fn has_shown_changes(run: &Run<'_>, group: &Group, index: usize, read: Option<&ReportStatus>) -> bool {
    let Some((lower, upper)) = group.host(index - 1).zip(group.host(index)) else {
        return false;
    };
    let is_change = read.is_some_and(|report| !report.is_empty());
    run.context.runs.has_shown_changes([lower, upper], is_change)
}

/// Summarises the provisional report of a stage.
pub(super) async fn of_stage(run: &Run<'_>, group: &Group, index: usize) -> Option<ReportStatus> {
    let report = provisional(run, group, index).await?;
    Some(ReportStatus {
        // It has no lasting report id: each request creates a new report.
        report_id: None,
        ..report_summary::of(&report, &run.own_items())
    })
}

/// An end of the promotion group, and the stage that its report is about. An end belongs to one pair only.
fn known_end(group: &Group) -> Option<(usize, usize)> {
    let last = group.stages.len() - 1;
    let is = |index: usize, environment: TenantEnvironment| {
        let first = group.stages[index].first();
        first.is_some_and(|member| member.integration.spec.tenant.environment == environment)
    };
    if is(0, TenantEnvironment::Development) {
        Some((0, 1))
    } else {
        is(last, TenantEnvironment::Production).then_some((last, last))
    }
}

/// Reads the provisional report of a stage. It is not documented which side answers it, and an environment in the middle
/// of a group answers for one of its two pairs. An end of the group shows which side that is.
async fn provisional(run: &Run<'_>, group: &Group, index: usize) -> Option<Report> {
    let (lower, upper) = (index - 1, index);
    let Some((end, own)) = known_end(group) else {
        // Assumed: the lower side, which Ping's own tool calls.
        return report_of(run, group, lower).await.ok().flatten();
    };
    let (if_it_answers, if_not) = if end == 0 { (lower, upper) } else { (upper, lower) };
    let result = async {
        Ok(match report_of(run, group, end).await? {
            Some(report) if own == index => Some(report),
            Some(_) => report_of(run, group, if_it_answers).await?,
            None => report_of(run, group, if_not).await?,
        })
    };
    result.await.unwrap_or_else(|error: String| {
        tracing::info!(error, "the provisional report cannot be had");
        None
    })
}

async fn report_of(run: &Run<'_>, group: &Group, index: usize) -> Result<Option<Report>, String> {
    let first = group.stages[index].first().ok_or("a stage has no integrations")?;
    let secret = &first.integration.spec.tenant.service_account_secret_ref.name;
    let tenant = of_account(run, first.names.host.as_str(), secret)
        .await
        .map_err(|end| end.conclusion.text().1.to_owned())?;
    tenant
        .provisional_report()
        .await
        .map_err(|error| error.to_string())
}
