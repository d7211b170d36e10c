//! One stage: from its preflight to its verification.

use super::{
    apply::apply,
    content,
    group::Group,
    lock_protocol::{Act, Wait},
    observe::decide,
    position,
    preflight::{Obstacle, Preflight, preflight, with_the_rest},
    record::{self, remember},
    requeue::{LOOK_AGAIN, RunRequeue, next_stage, pending},
    run::Run,
    source, stage_test,
    target::{read_group, target, tenant},
    verification::{give_up, verify_stage, wake_integrations},
};
use crate::{
    aic::Tenant,
    api::{Action, Outcome, PromotionPhase, Reason, StageStatus, StageTarget, Step, conditions::Conclusion},
    controller::engine::requeue::When,
};

/// The most decisions in one reconciliation.
const MOST_ACTS: usize = 32;

/// Advances a stage until there is something to wait for.
pub(super) async fn go_on(run: &mut Run<'_>, index: usize) -> RunRequeue {
    let group = read_group(run).await;
    if let Err(end) = prepare(run, &group, index).await {
        return end;
    }
    match Box::pin(advance(run, &group, index)).await {
        Err(end) if is_new(&run.stage(&run.object.spec.order[index].name)) => {
            Box::pin(with_the_rest(run, &group, index, end)).await
        }
        Ok(end) | Err(end) => end,
    }
}

/// Records what the gate showed, and ends the hold of a stage when a person has decided.
async fn prepare(run: &mut Run<'_>, group: &Group, index: usize) -> Result<(), RunRequeue> {
    let stage = run.stage(&run.object.spec.order[index].name);
    if !is_new(&stage) || stage.may_hold_lock() {
        return Ok(());
    }
    content::leave_gate(run, index).await?;
    content::check_approval(run, group, index)?;
    let stage = run.stage(&stage.name);
    if stage.held.is_some() {
        run.set_stage(stage.released_from_hold());
    }
    Ok(())
}

/// The end of a reconciliation of a stage that waits for a person.
pub(super) fn held(stage: &StageStatus) -> RunRequeue {
    let held = stage.held.as_ref();
    let reason = held.and_then(|held| Reason::find(&held.reason));
    let message = held.map(|held| held.message.as_str()).unwrap_or_default();
    RunRequeue {
        phase: PromotionPhase::Held,
        conclusion: Conclusion::InProgress(
            reason.unwrap_or(Reason::ContentChanged),
            format!("stage {} is held: {message}", stage.name),
        ),
        next: When::Check(LOOK_AGAIN),
    }
}

/// Observes, decides, acts and records, until there is something to wait for.
async fn advance(run: &mut Run<'_>, group: &Group, index: usize) -> Result<RunRequeue, RunRequeue> {
    let name = run.object.spec.order[index].name.clone();
    let mut stage = run.stage(&name);
    let begins_new = is_new(&stage);
    let mut unclear = set_target(&mut stage, group, index)?;
    let target = stage.target.clone();
    let mut tenant = match tenant(run, &stage).await {
        Ok(tenant) => tenant,
        Err(end) => return give_up(run, stage, end).await,
    };
    let (mut is_tested, mut is_refused) = (false, false);
    let mut known = None;
    for _ in 0..MOST_ACTS {
        // As it was recorded.
        if let Some(known) = run.status.stages.iter().find(|known| known.name == name) {
            stage = known.clone();
        }
        if stage.target.is_none() || is_new(&stage) {
            stage.target.clone_from(&target);
        }
        if stage.step == Some(Step::Verifying) {
            return verify_stage(run, &tenant, group, index, stage).await;
        }
        if stage.is_done() {
            return Ok(next_stage(&stage));
        }
        if stage.held.is_some() && !stage.may_hold_lock() {
            return Ok(held(&stage));
        }
        if is_new(&stage) {
            if !begins_new {
                // The group is read anew before the stage begins anew.
                return Ok(next_stage(&stage));
            }
        } else {
            unclear = None;
        }
        let mut checked = Preflight::default();
        if unclear.is_none() {
            match before_lock(run, &tenant, group, index, &stage).await {
                Ok(found) => checked = found,
                // A lost request is looked for, whatever is missing.
                Err(end) if stage.suspect.is_some() => unclear = Some(end),
                Err(end) => return Err(end),
            }
        }
        let Preflight { obstacle, shown } = checked;
        let seems_empty = shown.as_ref().is_some_and(|shown| shown.is_empty);
        if let Some(shown) = shown {
            run.show(shown);
        }
        record::read_again(run, &tenant, &mut stage).await;
        let is_ready = obstacle.is_none() && unclear.is_none();
        let decided = decide(run, &tenant, &stage, (group, index), is_ready, known.take()).await;
        let (observation, decision) = decided?;
        if matches!(decision.act, Act::Wait(_) | Act::Leave)
            && let Some(end) = unclear.take()
        {
            return Err(end);
        }
        if let Some(Obstacle::Unseen(error)) = &obstacle
            && observation.lock.is_unlocked()
            && !matches!(decision.act, Act::Remember(_) | Act::Unlock(..))
        {
            // No lock explains the refusal. One may just have gone, so this is tried once more.
            if is_refused {
                return Err(run.tenant_error(error));
            }
            is_refused = true;
            continue;
        }
        match decision.act {
            Act::Remember(ref next) => {
                remember(run, &tenant, &observation, &stage, next.clone()).await?;
                known = decision.leaves(observation);
            }
            Act::Lock(_) if is_new(&stage) && seems_empty && !is_tested && stage.suspect.is_none() => {
                // The tests take time, so everything is observed again after them.
                is_tested = true;
                skip_if_active(run, &tenant, group, index, &stage).await?;
            }
            act @ (Act::Lock(_) | Act::DryRun(_) | Act::Promote(..) | Act::Unlock(..)) => {
                if let Some(end) = apply(run, &mut tenant, &stage, act).await? {
                    return Ok(end);
                }
            }
            // The queue waits for another run's lock.
            Act::Wait(wait) => {
                return match obstacle {
                    Some(Obstacle::Queue(other)) => Ok(run.queued(stage, &other)),
                    obstacle => Ok(held_up(run, &stage, wait, obstacle)),
                };
            }
            Act::Leave => return Ok(left(run, stage, obstacle)),
        }
    }
    Ok(next_stage(&stage))
}

/// Sets the two environments of a stage, once a reconciliation. If the group does not name them any more, a lost
/// request is looked for in those in status, and the reason is returned.
fn set_target(
    stage: &mut StageStatus,
    group: &Group,
    index: usize,
) -> Result<Option<RunRequeue>, RunRequeue> {
    if !is_new(stage) && stage.target.is_some() {
        return Ok(None);
    }
    // A lost request is looked for where it was sent.
    let sent_to = stage.target.clone().filter(|_| stage.suspect.is_some());
    let is_same = |target: &StageTarget, sent_to: &StageTarget| {
        (&target.lower_host, &target.upper_host) == (&sent_to.lower_host, &sent_to.upper_host)
    };
    match (target(group, index), sent_to) {
        (Ok(target), Some(sent_to)) if !is_same(&target, &sent_to) => {
            let message = format!(
                "the integrations name other environments now, and a request for a lock may still have an effect in {}: the operator looks for it there first",
                sent_to.upper_host
            );
            return Ok(Some(pending(Reason::PreflightFailed, &[message])));
        }
        (Ok(target), _) => stage.target = Some(target),
        (Err(end), Some(_)) => return Ok(Some(end)),
        (Err(end), None) => return Err(end),
    }
    Ok(None)
}

/// Finds what keeps the stage from requesting a lock, and what it would change.
async fn before_lock(
    run: &Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
    stage: &StageStatus,
) -> Result<Preflight, RunRequeue> {
    if !is_new(stage) || run.stops() {
        return Ok(Preflight::default());
    }
    if stage.suspect.is_some() && !position::may_begin(&run.object.spec, index) {
        return Ok(Preflight {
            obstacle: Some(Obstacle::Gate),
            shown: None,
        });
    }
    preflight(run, tenant, group, index).await
}

/// The end of a reconciliation of a stage that does not begin.
fn left(run: &mut Run<'_>, stage: StageStatus, obstacle: Option<Obstacle>) -> RunRequeue {
    match obstacle {
        Some(Obstacle::Queue(other)) => run.queued(stage, &other),
        Some(Obstacle::Faults(faults, again)) => RunRequeue {
            next: When::Poll(again),
            ..pending(Reason::PreflightFailed, &faults)
        },
        Some(Obstacle::Unseen(error)) => run.tenant_error(&error),
        Some(Obstacle::Gate) => run.waiting(Wait::for_a_suspect()),
        None => next_stage(&stage),
    }
}

/// Ends a stage that has nothing to promote, if every integration is Active.
async fn skip_if_active(
    run: &mut Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
    stage: &StageStatus,
) -> Result<(), RunRequeue> {
    let verified = stage_test::test_stage(run, tenant, &group.stages[index]).await;
    if !verified.is_active() {
        return Ok(());
    }
    let why = "nothing to promote, and every integration is Active".to_owned();
    let (outcome, reason) = (Outcome::Skipped, Reason::NothingToPromote);
    let mut over = run.over(stage.clone(), outcome, reason, why);
    let newest = source::remember_newest(tenant, &mut over).await;
    newest.map_err(|error| run.tenant_error(&error))?;
    run.set_stage(over);
    run.record().await?;
    wake_integrations(run, index);
    Ok(())
}

/// Whether nothing is promoted or requested yet.
fn is_new(stage: &StageStatus) -> bool {
    stage.step.is_none() && stage.action == Action::Promotion
}

/// The status cannot be written for now. A lock that is being released is released all the same.
pub(super) async fn release_without_record(run: &mut Run<'_>, end: RunRequeue) -> RunRequeue {
    let is_open = |stage: &&StageStatus| stage.step == Some(Step::Unlocking);
    let Some(stage) = run.status.stages.iter().find(is_open).cloned() else {
        return end;
    };
    let Ok(tenant) = tenant(run, &stage).await else {
        return end;
    };
    let none = Group::default();
    if let Ok((_, decision)) = decide(run, &tenant, &stage, (&none, 0), false, None).await
        && let Act::Unlock(id, _) = decision.act
    {
        // The next reconciliation sees the result.
        let _ = run.unlock(&tenant, &id).await;
    }
    end
}

/// Ends the reconciliation with a wait. Before a lock is requested, the message also lists all other obstacles.
fn held_up(run: &Run<'_>, stage: &StageStatus, mut wait: Wait, obstacle: Option<Obstacle>) -> RunRequeue {
    if is_new(stage) {
        match obstacle {
            Some(Obstacle::Faults(faults, _)) => {
                wait.message = format!("{}. {}", wait.message, faults.join(". "));
            }
            Some(Obstacle::Unseen(_)) => wait.message += ". Until then the operator cannot read ESVs either",
            Some(Obstacle::Queue(_) | Obstacle::Gate) | None => {}
        }
        return RunRequeue {
            phase: PromotionPhase::Pending,
            ..run.waiting(wait)
        };
    }
    run.waiting(wait)
}
