//! A stage's proof, and what happens when there is none.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{
    act::is_refusal,
    end::{End, next_stage},
    group::Group,
    protocol::{Proof, Ruling, whole_seconds},
    run::Run,
    source, summary,
    verify::{self, Verdict},
};
use crate::{
    aic::Tenant,
    api::{Action, Outcome, PromotionPhase, Reason, StageStatus, Step, conditions::Conclusion},
    controller::engine::requeue::When,
};

/// Asks the tenant's own tests, and ends the stage when they pass, or will not.
pub(super) async fn prove(
    run: &mut Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
    stage: StageStatus,
) -> Result<End, End> {
    let verdict = verify::verify(run, tenant, &group.stages[index]).await;
    let is_whole = group.stages[index].len() == run.object.spec.order[index].integrations.len();
    let proof = Proof {
        is_active: is_whole && verdict.is_active(),
        ..proof(run, &stage, &verdict)
    };
    let (ruling, is_overdue, pace) = (proof.ruling(), proof.is_overdue(), proof.pace());
    let message = [group.missing.as_slice(), &[verdict.message()]].concat();
    let message: Vec<_> = message.into_iter().filter(|part| !part.is_empty()).collect();
    let message = message.join("; ");
    let next = match ruling {
        Ruling::Proved => {
            wake_integrations(run, index);
            let mut stage = stage;
            let newest = source::remember_newest(tenant, &mut stage).await;
            newest.map_err(|error| run.trouble(&error))?;
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
        Ruling::Aborted => {
            let message = format!("it was promoted, and the run stopped before it was proved: {message}");
            run.over(stage, Outcome::Aborted, Reason::Aborted, message)
        }
        Ruling::RollBack => roll_back(run, tenant, stage, &verdict, is_overdue).await?,
        Ruling::Failed(reason) => run.over(stage, Outcome::Failed, reason, message),
        Ruling::TestAgain => {
            let message = format!("stage {}: {message}", stage.name);
            return Ok(End {
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

/// What is known of a stage that is not Active, and is shown at fault now or not.
fn proof<'a>(run: &'a Run<'_>, stage: &'a StageStatus, verdict: &Verdict) -> Proof<'a> {
    let (runs, now_here) = (&run.context.runs, run.context.clock.instant());
    for name in &verdict.right {
        runs.is_right(&run.uid, name);
    }
    let faults = verdict.faults.iter();
    let since = faults.map(|(name, _)| runs.at_fault_since(&run.uid, name, now_here));
    Proof {
        stage,
        spec: &run.object.spec,
        is_active: false,
        at_fault_for: since.min().map(|since| now_here.duration_since(since)),
        stops: run.status.aborting,
        now: run.context.clock.now(),
    }
}

/// Nothing can be asked: the account is gone. A stage that waits for its proof alone does not wait for ever.
pub(super) async fn give_up(run: &mut Run<'_>, stage: StageStatus, end: End) -> Result<End, End> {
    // What could not be read a moment ago may be there the next.
    let is_passing = end.conclusion.text().0 == Reason::NotReached;
    if stage.step != Some(Step::Verifying) || is_passing {
        return Err(end);
    }
    let (outcome, reason) = match proof(run, &stage, &Verdict::default()).ruling() {
        Ruling::Aborted => (Outcome::Aborted, Reason::Aborted),
        Ruling::Failed(reason) => (Outcome::Failed, reason),
        _ => return Err(end),
    };
    let message = format!(
        "it was promoted, and could not be proved: {}",
        end.conclusion.text().1
    );
    let stage = run.over(stage, outcome, reason, message);
    run.set_stage(stage.clone());
    run.record().await?;
    Ok(next_stage(&stage))
}

/// What a rollback would change is kept first; where there is nothing to roll back, nothing is. Nor where the tenant does
/// not say, for good or until the stage is overdue.
async fn roll_back(
    run: &Run<'_>,
    tenant: &Tenant,
    stage: StageStatus,
    verdict: &Verdict,
    is_overdue: bool,
) -> Result<StageStatus, End> {
    let report = match tenant.provisional_rollback_report().await {
        Ok(Some(report)) => report,
        Ok(None) => {
            let message = format!("{}; the tenant has nothing to roll back", verdict.message());
            let reason = Reason::RollbackNotOurs;
            return Ok(run.over(stage, Outcome::Failed, reason, message));
        }
        Err(error) if is_refusal(&error) || is_overdue => {
            let message = format!(
                "{}; nothing is rolled back, for what that would change cannot be had: {error}",
                verdict.message()
            );
            let reason = Reason::VerificationFailed;
            return Ok(run.over(stage, Outcome::Failed, reason, message));
        }
        Err(error) => return Err(run.trouble(&error)),
    };
    Ok(StageStatus {
        message: Some(format!("its configuration is at fault: {}", verdict.message())),
        rollback: Some(summary::of(&report, &run.own_items())),
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
pub(super) fn wake_integrations(run: &Run<'_>, index: usize) {
    let namespace = run.object.namespace().unwrap_or_default();
    for name in &run.object.spec.order[index].integrations {
        run.scope.wake_integration(&namespace, name);
    }
}
