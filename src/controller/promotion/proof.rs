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

/// A fault is believed when it is there this long after the promotion: until then the tenant may be loading.
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
    let since: Duration = stage
        .verifying_since
        .as_ref()
        .and_then(|since| now.0.duration_since(since.0).try_into().ok())
        .unwrap_or_default();
    let is_overdue = since >= Duration::from(run.object.spec.timeouts.verification);
    let is_at_fault = !verdict.faults.is_empty() && since >= FAULT_STANDS;
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
        let message = format!(
            "it was promoted, and the run stopped before it was proved: {}",
            verdict.message()
        );
        over(run, stage, Outcome::Aborted, Reason::Aborted, message)
    } else if is_at_fault && rolls_back {
        roll_back(run, tenant, stage, &verdict).await?
    } else if is_at_fault || is_overdue {
        let reason = if stage.outcome == Some(Outcome::Skipped) {
            Reason::NothingToPromote
        } else {
            Reason::VerificationFailed
        };
        over(run, stage, Outcome::Failed, reason, verdict.message())
    } else {
        let message = format!("stage {}: {}", stage.name, verdict.message());
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
