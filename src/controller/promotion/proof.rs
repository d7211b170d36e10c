//! A stage's proof, and what happens when there is none.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{
    super::Next,
    End,
    end::{next_stage, over},
    group::Group,
    protocol::whole_seconds,
    run::Run,
    summary,
    verify::{self, Verdict},
};
use crate::{
    aic::Tenant,
    api::{
        Action, FailurePolicy, Outcome, PromotionPhase, Reason, StageStatus, Step, conditions::Conclusion,
    },
};

/// A fault is believed when it is seen for this long, whenever it is looked for: until then the tenant may be loading.
const FAULT_STANDS: Duration = Duration::from_mins(1);
const TEST_AGAIN: Duration = Duration::from_secs(15);

/// Asks the tenant's own tests, and ends the stage when they pass, or will not.
pub(super) async fn prove(
    run: &mut Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
    stage: StageStatus,
) -> Result<End, End> {
    let now = Time(whole_seconds(run.context.clock.now()));
    let verdict = verify::verify(run, tenant, &group.stages[index]).await;
    let is_whole = group.stages[index].len() == run.object.spec.order[index].integrations.len();
    let is_overdue = is_overdue(run, &stage);
    let now_here = run.context.clock.instant();
    let fault = run
        .context
        .runs
        .at_fault_since(&run.uid, !verdict.faults.is_empty(), now_here);
    let is_at_fault = fault.is_some_and(|since| now_here.duration_since(since) >= FAULT_STANDS);
    let message = [group.missing.as_slice(), &[verdict.message()]].concat();
    let message: Vec<_> = message.into_iter().filter(|part| !part.is_empty()).collect();
    let message = message.join("; ");
    let rolls_back =
        run.object.spec.on_failure == FailurePolicy::Rollback && stage.outcome == Some(Outcome::Promoted);
    let next = if is_whole && verdict.is_active() {
        wake_integrations(run, index);
        StageStatus {
            step: Some(Step::Done),
            message: Some("every integration is Active".to_owned()),
            finished_at: Some(now),
            ..stage
        }
    } else if run.status.aborting {
        let message = format!("it was promoted, and the run stopped before it was proved: {message}");
        over(run, stage, Outcome::Aborted, Reason::Aborted, message)
    } else if is_at_fault && rolls_back {
        roll_back(run, tenant, stage, &verdict).await?
    } else if is_at_fault || (is_overdue && fault.is_none()) {
        let reason = if stage.outcome == Some(Outcome::Skipped) {
            Reason::NothingToPromote
        } else {
            Reason::VerificationFailed
        };
        over(run, stage, Outcome::Failed, reason, message)
    } else {
        let message = format!("stage {}: {message}", stage.name);
        return Ok(End {
            phase: PromotionPhase::Running,
            conclusion: Conclusion::InProgress(Reason::Verifying, message),
            next: Next::Poll(TEST_AGAIN),
        });
    };
    run.set_stage(next.clone());
    run.record().await?;
    Ok(next_stage(run, &next))
}

/// Nothing can be asked: the account is gone. A stage that waits for its proof alone does not wait for ever.
pub(super) async fn give_up(run: &mut Run<'_>, stage: StageStatus, end: End) -> Result<End, End> {
    // What could not be read a moment ago may be there the next.
    let is_passing = end.conclusion.text().0 == Reason::NotReached;
    if stage.step != Some(Step::Verifying) || is_passing {
        return Err(end);
    }
    let (outcome, reason) = match (run.status.aborting, is_overdue(run, &stage)) {
        (true, _) => (Outcome::Aborted, Reason::Aborted),
        (false, true) => (Outcome::Failed, Reason::VerificationFailed),
        (false, false) => return Err(end),
    };
    let message = format!(
        "it was promoted, and could not be proved: {}",
        end.conclusion.text().1
    );
    let stage = over(run, stage, outcome, reason, message);
    run.set_stage(stage.clone());
    run.record().await?;
    Ok(next_stage(run, &stage))
}

fn is_overdue(run: &Run<'_>, stage: &StageStatus) -> bool {
    let since: Duration = stage
        .verifying_since
        .as_ref()
        .and_then(|since| run.context.clock.now().duration_since(since.0).try_into().ok())
        .unwrap_or_default();
    since >= Duration::from(run.object.spec.timeouts.verification)
}

/// What a rollback would change is kept first; where there is nothing to roll back, nothing is.
async fn roll_back(
    run: &Run<'_>,
    tenant: &Tenant,
    stage: StageStatus,
    verdict: &Verdict,
) -> Result<StageStatus, End> {
    let report = tenant.provisional_rollback_report().await;
    let Some(report) = report.map_err(|error| run.trouble(&error))? else {
        let message = format!("{}; the tenant has nothing to roll back", verdict.message());
        return Ok(over(
            run,
            stage,
            Outcome::Failed,
            Reason::RollbackNotOurs,
            message,
        ));
    };
    Ok(StageStatus {
        message: Some(format!("its configuration is at fault: {}", verdict.message())),
        rollback: Some(summary::of(&report)),
        action: Action::Rollback,
        step: None,
        outcome: None,
        reason: None,
        lock: None,
        dry_run_request: None,
        promote: None,
        retries: 0,
        ..stage
    })
}

/// The integrations of a proved stage look for themselves, sooner than their interval.
fn wake_integrations(run: &Run<'_>, index: usize) {
    let namespace = run.object.namespace().unwrap_or_default();
    for name in &run.object.spec.order[index].integrations {
        run.scope.wake_integration(&namespace, name);
    }
}
