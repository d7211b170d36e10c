//! What the next stage would change, shown before anything is locked.

use super::{group::Group, run::Run, summary, target::of_account};
use crate::{
    aic::Report,
    api::{NextStage, ReportStatus, TenantEnvironment},
};

/// Keeps in status what a stage would change, and tells whether that is nothing, for certain. That it cannot be told
/// stops nobody.
pub(super) async fn show(run: &mut Run<'_>, group: &Group, index: usize) -> bool {
    let read = provisional(run, group, index).await.map(|report| ReportStatus {
        // Of no report that is kept: each question makes a new one.
        report_id: None,
        ..summary::of(&report)
    });
    let seems_empty = known_end(group).is_some() && read.as_ref().is_some_and(ReportStatus::is_empty);
    let name = &run.object.spec.order[index].name;
    let before = run.status.next.take().filter(|next| next.stage == *name);
    run.status.next = Some(NextStage {
        stage: name.clone(),
        provisional: read.or_else(|| before.and_then(|next| next.provisional)),
    });
    seems_empty
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
