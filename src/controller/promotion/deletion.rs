//! Reconciles a run that is being deleted: releases an open lock first.

use kube::ResourceExt;

use super::{
    requeue::{LOOK_AGAIN, RunRequeue},
    run::Run,
    stage, target, unrecorded_lock,
};
use crate::{
    api::{ABANDON_ANNOTATION, Reason, StageStatus},
    controller::engine::{finalizer, requeue::When},
};

pub(super) async fn reconcile(mut run: Run<'_>) -> When {
    // Without our finalizer somebody else keeps the object. While it exists, its lock can be released.
    if !finalizer::is_set(&run.object) && !run.may_hold_lock() {
        run.context.runs.forget(&run.uid);
        return When::Check(LOOK_AGAIN);
    }
    let is_abandoned = run
        .object
        .annotations()
        .get(ABANDON_ANNOTATION)
        .is_some_and(|value| value == "true");
    if is_abandoned && run.may_hold_lock() {
        if report_abandoned(&run).await {
            let id = run.held().and_then(|stage| stage.lock.as_ref()?.id.as_deref());
            let message = format!(
                "the object goes although lock {} may be open, as {ABANDON_ANNOTATION} asks: unlock it in the tenant's console",
                id.unwrap_or("of an unknown id")
            );
            run.context.metrics.left_behind();
            run.context
                .cluster
                .warn(&run.object, Reason::LockAbandoned, &message)
                .await;
        }
        run.context.runs.drop_key(&run.uid);
        return let_go(run).await;
    }
    let Some(index) = open_stage(&run) else {
        return let_go(run).await;
    };
    let RunRequeue {
        phase,
        conclusion,
        next,
    } = stage::go_on(&mut run, index).await;
    if !run.may_hold_lock() {
        return let_go(run).await;
    }
    run.finish(phase, &conclusion, next).await
}

/// Reports the lock that is abandoned. `false` if it is reported already: another finalizer may keep the object.
async fn report_abandoned(run: &Run<'_>) -> bool {
    let Some(stage) = run.held() else { return true };
    let suspect = stage.suspect.as_ref().map(|suspect| &suspect.requested_at);
    let requested_at = stage.open_lock().map(|lock| &lock.requested_at).or(suspect);
    let (Some(requested_at), Some(target)) = (requested_at, &stage.target) else {
        return true;
    };
    let tenant = target::tenant(run, stage).await.ok();
    let id = stage.lock.as_ref().and_then(|lock| lock.id.as_deref());
    unrecorded_lock::report(run.context, &target.upper_host, tenant, id, requested_at.0)
}

/// The object goes when its finalizer is gone.
async fn let_go(mut run: Run<'_>) -> When {
    run.let_go().await;
    if finalizer::is_set(&run.object) {
        When::Retry(None)
    } else {
        When::Check(LOOK_AGAIN)
    }
}

fn open_stage(run: &Run<'_>) -> Option<usize> {
    let open = run
        .status
        .stages
        .iter()
        .find(|stage| StageStatus::may_hold_lock(stage))?;
    run.object
        .spec
        .order
        .iter()
        .position(|stage| stage.name == open.name)
}
