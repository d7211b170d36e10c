//! `AICIntegration`: dereference → ESV → worker → mapping → test → status.
//!
//! Each step observes, decides and acts. It either succeeds or ends the reconciliation with what is left to do, and
//! when. Waiting is such an end, and not an error.

mod conflicts;
mod connection_test;
mod deletion;
mod dereference;
mod esv;
mod finalizer;
mod lock;
mod measure;
mod pass;
mod promoted;
mod teardown;
mod usage;
mod worker;

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use kube::{Resource, ResourceExt};

use self::pass::Pass;
use super::{
    context::ScopeContext,
    engine::{
        queue_notice::RateLimited,
        requeue::{Flow, Requeue, When},
        status::HasStatus,
    },
};
use crate::{
    api::{
        AICIntegration, Conditions, IntegrationStatus, REQUESTED_AT_ANNOTATION, Reason,
        conditions::{ACTIVE, Conclusion, ESV_READY, Finding, SECRET_MAPPED, WORKER_READY},
    },
    http::Priority,
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
}

impl RateLimited for AICIntegration {
    fn host_key(&self) -> Option<&str> {
        Some(&self.spec.tenant.url)
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }

    fn conditions_mut(status: &mut IntegrationStatus) -> &mut Conditions {
        &mut status.conditions
    }
}

/// Reconciles an integration once.
pub(super) async fn reconcile(
    integration: Arc<AICIntegration>,
    scope: Arc<ScopeContext>,
    priority: Priority,
) -> When {
    let context = &scope.context;
    let started = context.clock.instant();
    let mut pass = Pass::new(&integration, &scope, priority);
    if integration.meta().deletion_timestamp.is_some() {
        return deletion::reconcile(pass).await;
    }
    let Requeue { conclusion, when } = if integration.spec.suspend {
        Requeue {
            conclusion: Conclusion::Done(
                Reason::Suspended,
                "spec.suspend is true: the operator checks nothing".to_owned(),
            ),
            when: pass.after_the_interval(),
        }
    } else {
        run(&mut pass, &scope).await.unwrap_or_else(|requeue| requeue)
    };
    let (reason, _) = conclusion.text();
    context
        .metrics
        .reconciled("AICIntegration", reason, context.clock.instant() - started);
    finish(pass, &conclusion, when).await
}

/// The procedure, in order.
async fn run(pass: &mut Pass<'_>, scope: &ScopeContext) -> Flow<Requeue> {
    pass.check_definition().await?;
    finalizer::ensure(pass).await?;
    let inputs = dereference::dereference(pass, scope).await?;
    esv::ensure(pass, &inputs).await?;
    if !leaves_worker_to_the_test(pass) {
        if inputs.is_mutable() {
            worker::ensure(pass, &inputs).await?;
        } else {
            promoted::await_promotion(pass, &inputs).await?;
        }
    }
    let conclusion = connection_test::run(pass, &inputs).await?;
    Ok(Requeue {
        conclusion,
        when: pass.after_the_interval(),
    })
}

/// Whether to go from the ESV to the connection test at once. After a rotation worker and mapping are known, and a
/// passing test has used both.
fn leaves_worker_to_the_test(pass: &Pass<'_>) -> bool {
    let conditions = &pass.status.conditions;
    pass.has_written && conditions.is_true(WORKER_READY) && conditions.is_true(SECRET_MAPPED)
}

/// Writes the status, if it has changed.
async fn finish(mut pass: Pass<'_>, conclusion: &Conclusion, when: When) -> When {
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
    let cluster = &pass.context.cluster;
    cluster
        .finish(&mut pass.object, &pass.status, when, When::Retry(None))
        .await
}
