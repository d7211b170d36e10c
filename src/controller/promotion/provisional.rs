//! What the next stage would change, shown before anything is locked.

use super::{group::Group, report_summary, reports::Newest, run::Run, source, target::of_account};
use crate::{
    aic::Report,
    api::{NextStage, PromotionPhase, ReportStatus, TenantEnvironment},
};

/// What a stage would change, as it is shown to people.
pub(super) struct Shown {
    /// What status is to show; `None` leaves it as it is.
    next: Option<NextStage>,
    provisional: Option<ReportStatus>,
    newest_below: Option<Newest>,
    /// Whether there is nothing to promote, for certain.
    pub(super) is_empty: bool,
}

/// What a stage would change. That it cannot be told stops nobody.
///
/// Once the gate was raised, what was shown there is kept as it is: it is what people have accepted.
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
        // What cannot be read now is older, and is compared with what is there in the end.
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
    /// Shows people what the next stage would change.
    pub(super) fn show(&mut self, shown: Shown) {
        self.provisional = shown.provisional;
        self.newest_below = shown.newest_below;
        if shown.next.is_some() {
            self.status.next = shown.next;
        }
    }
}

/// Whether the environments of this stage have told this process of changes before: one that never does may be the wrong
/// side to ask, and its empty list says nothing.
fn has_shown_changes(run: &Run<'_>, group: &Group, index: usize, read: Option<&ReportStatus>) -> bool {
    let Some((lower, upper)) = group.host(index - 1).zip(group.host(index)) else {
        return false;
    };
    let is_change = read.is_some_and(|report| !report.is_empty());
    run.context.runs.has_shown_changes([lower, upper], is_change)
}

/// The provisional report of a stage, as a status can hold it.
pub(super) async fn of_stage(run: &Run<'_>, group: &Group, index: usize) -> Option<ReportStatus> {
    let report = provisional(run, group, index).await?;
    Some(ReportStatus {
        // Of no report that is kept: each question makes a new one.
        report_id: None,
        ..report_summary::of(&report, &run.own_items())
    })
}

/// An end of the promotion group, whose report can only be of the one pair that it belongs to: with the stage whose
/// report that is.
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

/// The provisional report of a stage. Which side answers it is not documented, and an environment in the middle of a
/// group answers either way, for one pair or the other: an end of the group tells which side it is.
async fn provisional(run: &Run<'_>, group: &Group, index: usize) -> Option<Report> {
    let (lower, upper) = (index - 1, index);
    let Some((end, own)) = known_end(group) else {
        // Assumed is the lower side, which the vendor's own tool asks.
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
