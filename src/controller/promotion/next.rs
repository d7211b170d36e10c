//! What the next stage would change, shown before anything is locked.

use super::{
    super::Next,
    End, LOOK_AGAIN,
    group::Group,
    preflight::with_the_rest,
    run::Run,
    summary,
    target::{self, of_account},
};
use crate::{
    aic::Report,
    api::{NextStage, PromotionPhase, Reason, ReportStatus, TenantEnvironment, conditions::Conclusion},
};

/// `upTo` does not reach the next stage.
pub(super) async fn gated(run: &mut Run<'_>, index: usize) -> End {
    let group = target::read_group(run).await;
    let name = run.object.spec.order[index].name.clone();
    let target = match target::target(&group, index) {
        Ok(target) => target,
        // It has not begun: what is missing is as good as said.
        Err(end) if run.status.stages.is_empty() => return with_the_rest(run, &group, index, end).await,
        Err(_) => return gate(run, &name),
    };
    if let Err(end) = of_account(run, &target.upper_host, &target.service_account_secret_ref.name).await
        && run.status.stages.is_empty()
    {
        return with_the_rest(run, &group, index, end).await;
    }
    show(run, &group, index).await;
    gate(run, &name)
}

fn gate(run: &Run<'_>, name: &str) -> End {
    let changes = run
        .status
        .next
        .as_ref()
        .and_then(|next| next.provisional.as_ref())
        .map(|report| format!(", which would change: {}", summary::words(report)))
        .unwrap_or_default();
    End {
        phase: PromotionPhase::Gated,
        conclusion: Conclusion::Done(
            Reason::Gated,
            format!("spec.upTo is reached; raise it to {name} to go on{changes}"),
        ),
        next: Next::Poll(LOOK_AGAIN),
    }
}

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
