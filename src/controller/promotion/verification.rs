//! The verification of a promoted stage, and what happens when it fails.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{
    actions::is_refusal,
    group::Group,
    lock_protocol::{Verification, VerifyDecision, begin_rollback, whole_seconds},
    report_summary,
    requeue::{RunRequeue, next_stage},
    run::Run,
    source,
    stage_test::{self, TestResults},
};
use crate::{
    aic::Tenant,
    api::{Outcome, PromotionPhase, Reason, StageStatus, Step, conditions::Conclusion},
    controller::engine::requeue::When,
};

/// Runs the tenant's connection tests, and ends the stage when they pass or the time is over.
pub(super) async fn verify_stage(
    run: &mut Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
    stage: StageStatus,
) -> Result<RunRequeue, RunRequeue> {
    let results = stage_test::test_stage(run, tenant, &group.stages[index]).await;
    let is_whole = group.stages[index].len() == run.object.spec.order[index].integrations.len();
    let verification = Verification {
        is_active: is_whole && results.is_active(),
        ..verification(run, &stage, &results)
    };
    let (decision, is_overdue, pace) = (
        verification.decide(),
        verification.is_overdue(),
        verification.pace(),
    );
    let message = [group.missing.as_slice(), &[results.message()]].concat();
    let message: Vec<_> = message.into_iter().filter(|part| !part.is_empty()).collect();
    let message = message.join("; ");
    let next = match decision {
        VerifyDecision::Verified => {
            wake_integrations(run, index);
            let mut stage = stage;
            let newest = source::remember_newest(tenant, &mut stage).await;
            newest.map_err(|error| run.tenant_error(&error))?;
            StageStatus {
                step: Some(Step::Done),
                message: Some(match (stage.outcome, &stage.message) {
                    (Some(Outcome::AlreadyPromoted), Some(before)) => before.clone(),
                    _ => "every integration is Active".to_owned(),
                }),
                finished_at: Some(Time(whole_seconds(run.context.clock.now()))),
                ..stage
            }
        }
        VerifyDecision::Aborted => {
            let message = format!("it was promoted, and the run stopped before it was verified: {message}");
            run.over(stage, Outcome::Aborted, Reason::Aborted, message)
        }
        VerifyDecision::RollBack => roll_back(run, tenant, stage, &results, is_overdue).await?,
        VerifyDecision::Failed(reason) => run.over(stage, Outcome::Failed, reason, message),
        VerifyDecision::TestAgain => {
            let message = format!("stage {}: {message}", stage.name);
            return Ok(RunRequeue {
                phase: PromotionPhase::Running,
                conclusion: Conclusion::InProgress(Reason::Verifying, message),
                next: When::Poll(pace),
            });
        }
    };
    run.set_stage(next.clone());
    run.record().await?;
    Ok(next_stage(&next))
}

/// Collects what is known of a stage that is not Active.
fn verification<'a>(run: &'a Run<'_>, stage: &'a StageStatus, results: &TestResults) -> Verification<'a> {
    let (runs, now_here) = (&run.context.runs, run.context.clock.instant());
    for name in &results.right {
        runs.is_right(&run.uid, name);
    }
    let faults = results.faults.iter();
    let since = faults.map(|(name, _)| runs.at_fault_since(&run.uid, name, now_here));
    Verification {
        stage,
        spec: &run.object.spec,
        is_active: false,
        at_fault_for: since.min().map(|since| now_here.duration_since(since)),
        stops: run.status.aborting,
        now: run.context.clock.now(),
    }
}

/// The account is gone, so nothing can be tested. A stage that only waits for its verification ends at its deadline.
pub(super) async fn give_up(
    run: &mut Run<'_>,
    stage: StageStatus,
    end: RunRequeue,
) -> Result<RunRequeue, RunRequeue> {
    // A Secret that could not be read may be readable the next time.
    let is_passing = end.conclusion.text().0 == Reason::NotReached;
    if stage.step != Some(Step::Verifying) || is_passing {
        return Err(end);
    }
    let (outcome, reason) = match verification(run, &stage, &TestResults::default()).decide() {
        VerifyDecision::Aborted => (Outcome::Aborted, Reason::Aborted),
        VerifyDecision::Failed(reason) => (Outcome::Failed, reason),
        _ => return Err(end),
    };
    let message = format!(
        "it was promoted, and could not be verified: {}",
        end.conclusion.text().1
    );
    let stage = run.over(stage, outcome, reason, message);
    run.set_stage(stage.clone());
    run.record().await?;
    Ok(next_stage(&stage))
}

/// Records what a rollback would change before it is requested. Nothing is rolled back if there is nothing to roll
/// back, or if the tenant does not show it until the stage is overdue.
async fn roll_back(
    run: &Run<'_>,
    tenant: &Tenant,
    stage: StageStatus,
    results: &TestResults,
    is_overdue: bool,
) -> Result<StageStatus, RunRequeue> {
    let report = match tenant.provisional_rollback_report().await {
        Ok(Some(report)) => report,
        Ok(None) => {
            let message = format!("{}; the tenant has nothing to roll back", results.message());
            let reason = Reason::RollbackNotOurs;
            return Ok(run.over(stage, Outcome::Failed, reason, message));
        }
        Err(error) if is_refusal(&error) || is_overdue => {
            let message = format!(
                "{}; nothing is rolled back, because the operator cannot read what that would change: {error}",
                results.message()
            );
            let reason = Reason::VerificationFailed;
            return Ok(run.over(stage, Outcome::Failed, reason, message));
        }
        Err(error) => return Err(run.tenant_error(&error)),
    };
    let message = format!("its configuration is at fault: {}", results.message());
    let provisional = report_summary::of(&report, &run.own_items());
    Ok(begin_rollback(stage, provisional, message))
}

/// Triggers the integrations of a verified stage, so that they become Active at once.
pub(super) fn wake_integrations(run: &Run<'_>, index: usize) {
    let namespace = run.object.namespace().unwrap_or_default();
    for name in &run.object.spec.order[index].integrations {
        run.scope.wake_integration(&namespace, name);
    }
}
