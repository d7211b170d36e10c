//! One stage: from its preflight to its proof.

use std::time::Duration;

use kube::ResourceExt;

use super::{
    content,
    end::{End, LOOK_AGAIN, next_stage, pending},
    group::Group,
    look::look,
    plan,
    preflight::{Obstacle, obstacle, with_the_rest},
    proof::{give_up, prove, wake_integrations},
    protocol::{self, Act, Rules, Sight, Wait},
    record::{self, remember},
    run::Run,
    source,
    target::{claim, read_group, target, tenant},
    verify,
};
use crate::{
    aic::Tenant,
    api::{
        Action, IGNORE_REPORT_ANNOTATION, Outcome, PromotionPhase, Reason, StageStatus, Step,
        UNLOCK_ANNOTATION, conditions::Conclusion,
    },
    controller::engine::requeue::When,
    http::{Guard, Priority},
};

/// How soon a run looks again that begins at the same moment as another.
const LOOK_AT_CLAIM_AGAIN: Duration = Duration::from_secs(5);
/// A pass does no more than this: then others have their turn.
const MOST_ACTS: usize = 32;

/// Goes on with a stage until there is something to wait for.
pub(super) async fn go_on(run: &mut Run<'_>, index: usize) -> End {
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

/// What the gate has shown is latched, and what a stage was held for is over when a person has decided.
async fn prepare(run: &mut Run<'_>, group: &Group, index: usize) -> Result<(), End> {
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

/// The end of a pass over a stage that waits for a person.
pub(super) fn held(stage: &StageStatus) -> End {
    let held = stage.held.as_ref();
    let reason = held.and_then(|held| Reason::find(&held.reason));
    let message = held.map(|held| held.message.as_str()).unwrap_or_default();
    End {
        phase: PromotionPhase::Held,
        conclusion: Conclusion::InProgress(
            reason.unwrap_or(Reason::ContentChanged),
            format!("stage {} is held: {message}", stage.name),
        ),
        next: When::Check(LOOK_AGAIN),
    }
}

async fn advance(run: &mut Run<'_>, group: &Group, index: usize) -> Result<End, End> {
    let name = run.object.spec.order[index].name.clone();
    let mut stage = run.stage(&name);
    if stage.target.is_none() {
        stage.target = Some(target(group, index)?);
    }
    let mut tenant = match tenant(run, &stage).await {
        Ok(tenant) => tenant,
        Err(end) => return give_up(run, stage, end).await,
    };
    let (mut is_asked, mut is_refused) = (false, false);
    for _ in 0..MOST_ACTS {
        // As it was recorded, if it was.
        if let Some(known) = run.status.stages.iter().find(|known| known.name == name) {
            stage = StageStatus {
                target: known.target.clone().or(stage.target),
                ..known.clone()
            };
        }
        if stage.step == Some(Step::Verifying) {
            return prove(run, &tenant, group, index, stage).await;
        }
        if stage.is_done() {
            return Ok(next_stage(&stage));
        }
        if stage.held.is_some() && !stage.may_hold_lock() {
            return Ok(held(&stage));
        }
        let is_new = is_new(&stage);
        let (obstacle, seems_empty) = in_the_way(run, &tenant, group, index, &mut stage).await?;
        let (sight, act) = decide(run, &tenant, &mut stage, (group, index), obstacle.is_none()).await?;
        if let Some(Obstacle::Unseen(error)) = &obstacle
            && sight.lock.is_unlocked()
            && !matches!(act, Act::Remember(_) | Act::Unlock(..))
        {
            // No lock explains it. One may just have gone: once more decides.
            if is_refused {
                return Err(run.trouble(error));
            }
            is_refused = true;
            continue;
        }
        match act {
            Act::Remember(next) => remember(run, &tenant, &sight, &stage, next).await?,
            Act::Lock(_) if is_new && seems_empty && !is_asked && stage.suspect.is_none() => {
                // Asking takes time: what was seen before is looked at again.
                is_asked = true;
                skip_if_active(run, &tenant, group, index, &stage).await?;
            }
            Act::Lock(next) => {
                if !claim(run, &stage) {
                    // The other run's status shows in a moment whether it goes on there: this is no news to wait for.
                    let next = When::Poll(LOOK_AT_CLAIM_AGAIN);
                    let end = run.queued(stage, "another run");
                    return Ok(End { next, ..end });
                }
                content::tell_of_unseen(run, &stage).await;
                tenant = tenant.with_priority(Priority::Lock);
                run.lock(&tenant, next).await?;
            }
            Act::DryRun(next) => {
                let guard = check_lock(run, &tenant, &next).await?;
                run.dry_run(&tenant, next, guard).await?;
            }
            Act::Promote(next) => {
                let guard = check_lock(run, &tenant, &next).await?;
                run.promote(&tenant, next, guard).await?;
            }
            Act::Unlock(id, mut wait) => {
                if let Err(error) = run.unlock(&tenant, &id).await {
                    wait.message = format!("{}: {error}", wait.message);
                }
                return Ok(run.waiting(wait));
            }
            // A lock that is another run's is waited for in the queue.
            Act::Wait(wait) => {
                return match obstacle {
                    Some(Obstacle::Queue(other)) => Ok(run.queued(stage, &other)),
                    Some(Obstacle::Blocked(end)) => Err(end),
                    obstacle => Ok(held_up(run, &stage, wait, obstacle)),
                };
            }
            Act::Leave => {
                return match obstacle {
                    Some(Obstacle::Queue(other)) => Ok(run.queued(stage, &other)),
                    Some(Obstacle::Faults(faults, again)) => Ok(End {
                        next: When::Poll(again),
                        ..pending(Reason::PreflightFailed, &faults)
                    }),
                    Some(Obstacle::Unseen(error)) => Ok(run.trouble(&error)),
                    Some(Obstacle::Blocked(end)) => Err(end),
                    Some(Obstacle::Gate) => Ok(run.waiting(Wait::for_a_suspect())),
                    None => Ok(next_stage(&stage)),
                };
            }
        }
    }
    Ok(next_stage(&stage))
}

/// What keeps the stage from asking for a lock, and whether there seems to be nothing to promote. Nothing keeps a lost
/// request from being looked for.
async fn in_the_way(
    run: &mut Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
    stage: &mut StageStatus,
) -> Result<(Option<Obstacle>, bool), End> {
    if !is_new(stage) || run.stops() {
        return Ok((None, false));
    }
    if stage.suspect.is_some() && !plan::may_begin(&run.object.spec, index) {
        return Ok((Some(Obstacle::Gate), false));
    }
    match obstacle(run, tenant, group, index, stage).await {
        Err(end) if stage.suspect.is_some() => Ok((Some(Obstacle::Blocked(end)), false)),
        found => found,
    }
}

/// Ends a stage that has nothing to promote, if every integration is Active.
async fn skip_if_active(
    run: &mut Run<'_>,
    tenant: &Tenant,
    group: &Group,
    index: usize,
    stage: &StageStatus,
) -> Result<(), End> {
    let verified = verify::verify(run, tenant, &group.stages[index]).await;
    if !verified.is_active() {
        return Ok(());
    }
    let why = "nothing to promote, and every integration is Active".to_owned();
    let (outcome, reason) = (Outcome::Skipped, Reason::NothingToPromote);
    let mut over = run.over(stage.clone(), outcome, reason, why);
    let newest = source::remember_newest(tenant, &mut over).await;
    newest.map_err(|error| run.trouble(&error))?;
    run.set_stage(over);
    run.record().await?;
    wake_integrations(run, index);
    Ok(())
}

/// Whether nothing is promoted, nor asked for, yet.
fn is_new(stage: &StageStatus) -> bool {
    stage.step.is_none() && stage.action == Action::Promotion
}

/// Looking takes time: nobody has taken the lock away meanwhile. The guard holds for a while from before this look on.
async fn check_lock(run: &Run<'_>, tenant: &Tenant, next: &StageStatus) -> Result<Guard, End> {
    let guard = run.context.guard();
    let shown = tenant.lock_state().await.map_err(|error| run.trouble(&error))?;
    let own = next.lock.as_ref().and_then(|lock| lock.id.as_deref());
    // What may not be sent any more after such a look is not recorded as if it were.
    if own.is_some_and(|id| shown.is_locked_by(id)) && guard.allows() {
        return Ok(guard);
    }
    Err(run.waiting(Wait::for_the_lock()))
}

/// Nothing can be remembered for now: what is already being given back is, all the same.
pub(super) async fn give_back(run: &mut Run<'_>, end: End) -> End {
    let is_open = |stage: &&StageStatus| stage.step == Some(Step::Unlocking);
    let Some(stage) = run.status.stages.iter().find(is_open).cloned() else {
        return end;
    };
    let Ok(tenant) = tenant(run, &stage).await else {
        return end;
    };
    let none = Group::default();
    let mut stage = stage;
    if let Ok((_, Act::Unlock(id, _))) = decide(run, &tenant, &mut stage, (&none, 0), false).await {
        // What comes of it is seen by the next pass.
        let _ = run.unlock(&tenant, &id).await;
    }
    end
}

async fn decide(
    run: &Run<'_>,
    tenant: &Tenant,
    stage: &mut StageStatus,
    (group, index): (&Group, usize),
    is_ready: bool,
) -> Result<(Sight, Act), End> {
    record::read_again(run, tenant, stage).await;
    let stage = &*stage;
    let members = group.stages.get(index).map_or(&[][..], Vec::as_slice);
    let spec = &run.object.spec;
    let runs = &run.context.runs;
    let attempt = stage.lock.as_ref().map(|lock| lock.attempt.as_str());
    let annotation = |name| run.object.annotations().get(name).map(String::as_str);
    let mut rules = Rules {
        key: &run.key,
        run: &run.uid,
        mode: spec.mode,
        ignore_encrypted_secrets: spec.ignore_encrypted_secrets,
        timeouts: &spec.timeouts,
        expected: content::expected(spec, &run.status, stage),
        is_ready,
        is_void: attempt.is_some_and(|attempt| runs.is_void(attempt)),
        quiet_for: Duration::ZERO,
        stops: run.stops(),
        unlock: annotation(UNLOCK_ANNOTATION),
    };
    let ignored = annotation(IGNORE_REPORT_ANNOTATION).unwrap_or_default();
    let ignored: Vec<_> = ignored.split(',').map(str::trim).collect();
    let clock = &run.context.clock;
    let (mut sight, passed_over) = look(tenant, runs, stage, &rules, &ignored, clock.now())
        .await
        .map_err(|blind| run.blind(&blind))?;
    for id in &passed_over {
        run.tell_of_ignored(id).await;
    }
    if protocol::reads_fault(stage, &sight.lock, &rules) {
        let wanted = spec.order.iter().find(|known| known.name == stage.name);
        let is_whole = wanted.is_some_and(|wanted| wanted.integrations.len() == members.len());
        sight.fault = verify::shown_fault(run, tenant, members, is_whole).await;
    }
    if protocol::reads_content(stage, &sight, &rules) {
        sight.content = content::observe(run, group, index, stage, &rules.expected).await;
    }
    let idle = protocol::idle_lock(stage, &sight, &rules, clock.now());
    rules.quiet_for = runs.quiet_for(&run.uid, idle, clock.instant());
    let act = protocol::decide(stage, &sight, &rules, clock.now());
    if matches!(act, Act::Promote(_))
        && let Some((reason, why)) = protocol::content_warning(stage, &sight, &rules, clock.now())
    {
        let message = format!("{why}; it is promoted all the same, as spec.onContentChange says");
        run.context.cluster.warn(&run.object, reason, &message).await;
    }
    Ok((sight, act))
}

/// Something is waited for: before a lock is asked for, whatever else is in the way is said, too.
fn held_up(run: &Run<'_>, stage: &StageStatus, mut wait: Wait, obstacle: Option<Obstacle>) -> End {
    if is_new(stage) {
        match obstacle {
            Some(Obstacle::Faults(faults, _)) => {
                wait.message = format!("{}. {}", wait.message, faults.join(". "));
            }
            Some(Obstacle::Unseen(_)) => wait.message += ". Until then ESVs cannot be seen either",
            Some(Obstacle::Queue(_) | Obstacle::Gate | Obstacle::Blocked(_)) | None => {}
        }
        return End {
            phase: PromotionPhase::Pending,
            ..run.waiting(wait)
        };
    }
    run.waiting(wait)
}
