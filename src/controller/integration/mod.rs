//! `AICIntegration`: dereference → ESV → worker → mapping → test → status.
//!
//! Each step looks, decides and acts, and either goes on (`Continue`) or ends the pass with what is left to do
//! (`Break`). Waiting is such an end, not an error.

mod deletion;
mod dereference;
mod esv;
mod finalizer;
mod lock;
mod mark;
mod measure;
mod names;
mod pass;
mod proof;
mod rivals;
mod teardown;
mod trouble;
mod usage;
mod worker;

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use k8s_openapi::jiff::Timestamp;
use kube::{Resource, ResourceExt};

use self::pass::{End, Pass};
pub(super) use self::{
    names::Names,
    trouble::{judge, judge_anew},
};
use super::{
    Next,
    context::ScopeContext,
    status::{self, HasStatus, NotWritten},
    waits::TakesTurns,
};
use crate::{
    api::{
        AICIntegration, Conditions, IntegrationStatus, REQUESTED_AT_ANNOTATION, Reason,
        conditions::{ACTIVE, Conclusion, ESV_READY, Finding, SECRET_MAPPED, WORKER_READY},
    },
    http::Lane,
    runtime::Milestones,
};

impl HasStatus for AICIntegration {
    type Status = IntegrationStatus;

    fn status(&self) -> Option<&IntegrationStatus> {
        self.status.as_ref()
    }

    fn last_handled_request(status: &IntegrationStatus) -> Option<&String> {
        status.last_handled_request.as_ref()
    }

    fn conditions(status: &IntegrationStatus) -> &Conditions {
        &status.conditions
    }

    fn measure(&self, after: &IntegrationStatus, now: Timestamp, milestones: &Milestones) {
        measure::measure(self, after, now, milestones);
    }

    fn complete() -> IntegrationStatus {
        IntegrationStatus::complete()
    }
}

impl TakesTurns for AICIntegration {
    fn place(&self) -> Option<&str> {
        Some(&self.spec.tenant.url)
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }

    fn conditions_mut(status: &mut IntegrationStatus) -> &mut Conditions {
        &mut status.conditions
    }
}

/// One pass.
pub(super) async fn reconcile(
    integration: Arc<AICIntegration>,
    scope: Arc<ScopeContext>,
    lane: Lane,
) -> Next {
    let interval: Duration = integration.spec.interval.into();
    let context = &scope.context;
    let started = context.clock.instant();
    let mut pass = Pass::new(&integration, &scope, lane);
    if integration.meta().deletion_timestamp.is_some() {
        return deletion::reconcile(pass).await;
    }
    let End { conclusion, next } = if integration.spec.suspend {
        End {
            conclusion: Conclusion::Done(
                Reason::Suspended,
                "spec.suspend is true: nothing is checked".to_owned(),
            ),
            next: Next::Check(interval),
        }
    } else {
        match run(&mut pass, &scope).await {
            ControlFlow::Break(end) => end,
            ControlFlow::Continue(conclusion) => End {
                conclusion,
                next: Next::Check(interval),
            },
        }
    };
    let (reason, _) = conclusion.text();
    context
        .metrics
        .reconciled("AICIntegration", reason, context.clock.instant() - started);
    finish(pass, &conclusion, next).await
}

/// The product, in order.
async fn run(pass: &mut Pass<'_>, scope: &ScopeContext) -> ControlFlow<End, Conclusion> {
    pass.check_definition().await?;
    finalizer::ensure(pass).await?;
    let inputs = dereference::dereference(pass, scope).await?;
    esv::ensure(pass, &inputs).await?;
    if inputs.is_mutable() {
        worker::ensure(pass, &inputs).await?;
    } else {
        worker::await_promotion(pass, &inputs).await?;
    }
    proof::ask(pass, &inputs).await
}

/// Writes what the pass has found, if it is news.
async fn finish(mut pass: Pass<'_>, conclusion: &Conclusion, next: Next) -> Next {
    let generation = pass.object.meta().generation;
    let now = pass.context.clock.now();
    let not_reached = Finding::unknown(Reason::NotReached, "something before it is not done yet");
    for type_ in [ESV_READY, WORKER_READY, SECRET_MAPPED, ACTIVE] {
        if pass.status.conditions.get(type_).is_none() {
            pass.status.conditions.set(type_, &not_reached, generation, now);
        }
    }
    pass.conclude(conclusion);
    pass.status.observed_generation = generation.unwrap_or_default();
    pass.status.last_handled_request = pass.object.annotations().get(REQUESTED_AT_ANNOTATION).cloned();
    let before = pass
        .object
        .status
        .as_ref()
        .map(|status| status.conditions.clone());
    match status::write(pass.context, &mut pass.object, &pass.status).await {
        Ok(changed) => {
            if changed {
                pass.context
                    .announce(&pass.object, before.as_ref(), &pass.status.conditions)
                    .await;
            }
            next
        }
        // The cache is behind: what it shows next is worth a pass, and until then there is nothing to do.
        Err(NotWritten::Conflict) => Next::Retry(None),
        Err(error) => {
            tracing::warn!(name = pass.object.name_any(), %error, "failed to write a status");
            Next::Retry(None)
        }
    }
}
