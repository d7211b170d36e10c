//! The content of a stage: what was approved or reviewed, and what the environments show now.

use super::{
    group::Group,
    lock_protocol::{Content, Expected, NO_SOURCE, is_compared},
    provisional,
    requeue::{LOOK_AGAIN, RunRequeue},
    run::Run,
    source::{is_from_development, source_of},
};
use crate::{
    api::{
        AcceptedList, Action, ListKind, NextStage, Outcome, PromotionMode, PromotionPhase, PromotionSpec,
        PromotionStatus, Reason, StageStatus, conditions::Conclusion,
    },
    controller::engine::requeue::When,
};

/// What may be promoted to a stage.
pub(super) fn expected<'a>(
    spec: &'a PromotionSpec,
    status: &'a PromotionStatus,
    stage: &StageStatus,
) -> Expected<'a> {
    let index = spec.order.iter().position(|ordered| ordered.name == stage.name);
    let below = index.and_then(|index| spec.order.get(index.checked_sub(1)?));
    let below = below.and_then(|below| status.stages.iter().find(|known| known.name == below.name));
    Expected {
        approved: spec.approved.get(&stage.name),
        below: below.and_then(left_there),
        policy: spec.on_content_change,
        up_to: &spec.up_to,
    }
}

/// The newest report in a stage's environment when the stage ended. An earlier version recorded only its own report.
fn left_there(stage: &StageStatus) -> Option<&str> {
    let is_promoted = matches!(stage.outcome, Some(Outcome::Promoted | Outcome::AlreadyPromoted));
    let own = || stage.report.as_ref()?.report_id.as_deref();
    stage
        .newest_report
        .as_deref()
        .or_else(|| own().filter(|_| is_promoted))
}

/// An approval must name a source if there is one, and only then.
pub(super) fn check_approval(run: &Run<'_>, group: &Group, index: usize) -> Result<(), RunRequeue> {
    let name = &run.object.spec.order[index].name;
    let Some(approved) = run.object.spec.approved.get(name) else {
        return Ok(());
    };
    if group.stages[index - 1].is_empty() {
        // The preflight reports what is missing.
        return Ok(());
    }
    let what = match (&approved.source, is_from_development(group, index)) {
        (Some(_), true) => {
            "has a source, and the environment below is Development, which has none: remove it"
        }
        (None, false) => {
            "has no source: set it to the newest report of the environment below, as status.stages[].dryRun.source of a held stage or of a Promotion of mode DryRun has it"
        }
        _ => return Ok(()),
    };
    Err(RunRequeue {
        phase: PromotionPhase::Pending,
        conclusion: Conclusion::Stalled(Reason::InvalidObject, format!("spec.approved.{name} {what}")),
        next: When::Poll(LOOK_AGAIN),
    })
}

/// Reads the content that is about to be promoted.
pub(super) async fn observe(
    run: &Run<'_>,
    group: &Group,
    index: usize,
    stage: &StageStatus,
    expected: &Expected<'_>,
) -> Content {
    let mut content = Content::default();
    let source = expected.source(stage);
    // A run of mode DryRun promotes nothing. People copy the source that it shows into an approval.
    let is_looked_at = run.object.spec.mode == PromotionMode::DryRun && stage.step.is_some();
    if (source.is_some() || is_looked_at) && !is_from_development(group, index) {
        content.source = source_of(run, stage, source.unwrap_or(NO_SOURCE)).await;
    }
    if expected.reads_provisional(stage) {
        content.provisional = provisional::of_stage(run, group, index)
            .await
            // An empty list holds nothing: the stage is skipped, or the dry run decides.
            .filter(|report| stage.step.is_some() || !report.is_empty())
            .map(|report| report.totals.hash);
    }
    content
}

/// Sends an event that nothing is compared, because no gate was shown.
pub(super) async fn tell_of_unseen(run: &Run<'_>, stage: &StageStatus) {
    let spec = &run.object.spec;
    let is_promoted = spec.mode == PromotionMode::Promote && stage.action == Action::Promotion;
    if !is_promoted || is_compared(stage, &expected(spec, &run.status, stage)) {
        return;
    }
    let message = format!(
        "stage {} is promoted as it is: the run has not stood at its gate, and spec.approved does not name the stage, so nothing is compared",
        stage.name
    );
    let cluster = &run.context.cluster;
    cluster.warn(&run.object, Reason::ContentUnknown, &message).await;
}

/// What the gate showed, as a stage records it.
fn accepted(next: &NextStage) -> AcceptedList {
    AcceptedList {
        source: next.source.clone(),
        // An earlier version had other hashes and no time.
        hash: next
            .provisional
            .as_ref()
            .filter(|_| next.seen_at.is_some())
            .map(|report| report.totals.hash.clone()),
        of: ListKind::Provisional,
        seen_at: next.seen_at.clone(),
    }
}

/// Records what the gate showed when it was raised. Nothing begins before that is in status.
pub(super) async fn leave_gate(run: &mut Run<'_>, index: usize) -> Result<(), RunRequeue> {
    if run.status.phase != Some(PromotionPhase::Gated) {
        return Ok(());
    }
    let name = run.object.spec.order[index].name.clone();
    let shown = run.status.next.as_ref().filter(|next| next.stage == name);
    let Some(shown) = shown.map(accepted) else {
        return Ok(());
    };
    let mut stage = run.stage(&name);
    stage.accepted = Some(shown);
    stage.held = None;
    run.set_stage(stage);
    run.status.phase = Some(PromotionPhase::Pending);
    run.begins(&name);
    run.record().await
}
