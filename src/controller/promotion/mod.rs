//! `Promotion`: observe → decide → apply → record, until there is something to wait for.
//!
//! [`lock_protocol`] decides what happens to a lock, and [`position`] for which stage. Both are pure. What must be
//! remembered is in status before anything is sent.

mod actions;
mod apply;
mod content;
mod deletion;
mod forgotten;
mod gate;
mod group;
mod lock_answer;
mod lock_protocol;
mod measure;
mod name_budget;
mod observe;
mod occupancy;
mod orphaned_lock;
mod position;
mod preflight;
mod provisional;
mod record;
mod report_summary;
mod reports;
mod requeue;
mod run;
mod source;
mod stage;
mod stage_test;
mod target;
mod unrecorded_lock;
mod verification;

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use kube::{Resource, ResourceExt};

pub use self::report_summary::own_items;
pub(super) use self::{
    measure::oldest_lock,
    occupancy::{Told, told_of},
    orphaned_lock::see_to as see_to_orphans,
};
use self::{
    position::Position,
    requeue::{LOOK_AGAIN, RunRequeue},
    run::{Run, WITH_AN_OPEN_LOCK},
};
use super::{
    context::ScopeContext,
    engine::{finalizer, requeue::When, status::HasStatus},
};
use crate::{
    api::{Conditions, Promotion, PromotionPhase, PromotionStatus, Reason, conditions::Conclusion},
    http::Priority,
    runtime::Milestones,
};

impl HasStatus for Promotion {
    /// A lock may be open.
    const IS_URGENT: bool = true;
    /// It protects an open lock.
    const IS_KEPT_UNREAD: bool = true;

    type Status = PromotionStatus;

    fn status(&self) -> Option<&PromotionStatus> {
        self.status.as_ref()
    }

    fn last_handled_request(_: &PromotionStatus) -> Option<&String> {
        None
    }

    fn conditions(status: &PromotionStatus) -> &Conditions {
        &status.conditions
    }

    fn measure(&self, after: &PromotionStatus, now: Timestamp, milestones: &Milestones) {
        measure::measure(self.status.as_ref(), after, now, milestones);
    }
}

/// Reconciles a run once.
pub(super) async fn reconcile(promotion: Arc<Promotion>, scope: Arc<ScopeContext>, _: Priority) -> When {
    let started = scope.context.clock.instant();
    // Reads the object from the API server, because a cache that is behind must not decide about a lock.
    let mut run = match Run::read(&promotion, &scope).await {
        Ok(Some(run)) => run,
        Ok(None) => return When::OnChange,
        Err(error) => {
            tracing::warn!(name = promotion.name_any(), %error, "failed to read a Promotion");
            let status = promotion.status.as_ref();
            return if status.is_some_and(PromotionStatus::may_hold_lock) {
                When::Poll(WITH_AN_OPEN_LOCK)
            } else {
                When::Retry(None)
            };
        }
    };
    // A run with other labels belongs to another release, except for an open lock whose key this process has.
    let holds_key = || scope.context.runs.key(&run.uid).is_some();
    if !scope.context.shard.has(run.object.meta()) && !holds_key() {
        return When::Check(LOOK_AGAIN);
    }
    let remembered = forgotten::remember(&mut run).await;
    if remembered.is_ok() && run.object.meta().deletion_timestamp.is_some() {
        return Box::pin(deletion::reconcile(run)).await;
    }
    let prepared = match remembered {
        Ok(()) => prepare(&mut run).await,
        Err(end) => Err(end),
    };
    let RunRequeue {
        phase,
        conclusion,
        next,
    } = match prepared {
        Ok(()) => one(&mut run).await,
        Err(end) => end,
    };
    let (reason, _) = conclusion.text();
    let took = scope.context.clock.instant() - started;
    scope.context.metrics.reconciled("Promotion", reason, took);
    run.finish(phase, &conclusion, next).await
}

/// Everything that is done must be recorded, and a deletion must wait for an open lock.
async fn prepare(run: &mut Run<'_>) -> Result<(), RunRequeue> {
    if run.may_hold_lock() {
        run.keep_finalizer().await?;
    }
    let checked = run.check_definition().await;
    match checked {
        Err(end) if run.may_hold_lock() => Err(stage::release_without_record(run, end).await),
        checked => checked,
    }
}

async fn one(run: &mut Run<'_>) -> RunRequeue {
    if run.object.spec.abort {
        run.status.aborting = true;
    }
    let spec = &run.object.spec;
    match position::position(spec, &run.status) {
        Position::Over(phase, reason) => {
            let message = position::last_words(&run.status, phase);
            let conclusion = match phase {
                PromotionPhase::Succeeded => Conclusion::Done(reason, message),
                _ => Conclusion::Stalled(reason, message),
            };
            run.status.next = None;
            let next = if finalizer::is_set(&run.object) {
                When::Check(LOOK_AGAIN)
            } else {
                When::OnChange
            };
            RunRequeue {
                phase,
                conclusion,
                next,
            }
        }
        Position::Suspended => RunRequeue {
            phase: run.phase(),
            conclusion: Conclusion::Done(
                Reason::Suspended,
                "spec.suspend is true: no further stage begins".to_owned(),
            ),
            next: When::Check(LOOK_AGAIN),
        },
        Position::Gate(index) => gate::gated(run, index).await,
        Position::Held(index) => stage::held(&run.stage(&run.object.spec.order[index].name)),
        Position::Stage(index) => stage::go_on(run, index).await,
    }
}
