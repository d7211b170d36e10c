//! Triggers the objects that wait for a change: runs for integrations, connections, Secrets and other runs;
//! integrations for a lock. A waiting run may be in another watched namespace than the run that it waits for.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use kube::runtime::reflector::Store;
use tokio_util::sync::CancellationToken;

use super::{
    engine::{
        queue::{Queue, Ref, priority_of},
        stores::find,
    },
    tenant::names::is_refused,
};
use crate::{
    api::{AICIntegration, Conditions, Promotion, PromotionPhase, PromotionStatus, Reason},
    clock::Clock,
    http::{BaseUrl, Priority},
};

/// Integrations of one tenant that are reconciled at a time, for each watched namespace.
const AT_ONE_TENANT: usize = 4;

/// The integrations and runs of one watched namespace, or of all, and the queues in which they wait.
#[derive(Clone)]
pub(super) struct Dependents {
    pub(super) integrations: Store<AICIntegration>,
    pub(super) integration_queue: Arc<Queue<Ref>>,
    pub(super) promotions: Store<Promotion>,
    pub(super) promotion_queue: Arc<Queue<Ref>>,
    /// Cancelled if the API server keeps refusing the namespace.
    pub(super) unreadable: CancellationToken,
}

impl Dependents {
    pub(super) fn new(
        clock: &Clock,
        integrations: Store<AICIntegration>,
        promotions: Store<Promotion>,
    ) -> Self {
        Self {
            integrations,
            integration_queue: Arc::new(Queue::new(clock.clone(), AT_ONE_TENANT)),
            promotions,
            promotion_queue: Arc::new(Queue::new(clock.clone(), usize::MAX)),
            unreadable: CancellationToken::new(),
        }
    }

    /// Triggers runs that wait for another run, except the one that changed.
    pub(super) fn queued_runs(&self, changed: &Ref) {
        self.runs(|run| {
            let phase = run.status.as_ref().and_then(|status| status.phase);
            phase == Some(PromotionPhase::Queued) && Ref::of(run) != *changed
        });
    }

    /// These hosts are unlocked. Triggers the integrations and runs that wait for that.
    pub(super) fn unlocked(&self, hosts: &[String]) {
        if hosts.is_empty() {
            return;
        }
        for integration in self.integrations.state() {
            let status = integration.status.as_ref();
            let waits = status.is_some_and(|status| is_locked_out(&status.conditions));
            if waits && is_on(&integration, hosts) {
                self.integration_due(&integration, true);
            }
        }
        self.runs(|run| {
            let status = run.status.as_ref();
            waits(run) && status.is_some_and(|status| is_locked_out(&status.conditions))
        });
    }

    /// An integration is gone. Triggers those that wait for what it had.
    pub(super) fn waiting_claimants(&self) {
        for integration in self.integrations.state() {
            if is_refused(&integration) {
                self.integration_due(&integration, true);
            }
        }
    }

    /// Triggers waiting runs whose group has this integration.
    pub(super) fn runs_of_integration(&self, integration: &Ref) {
        self.runs(|run| waits(run) && integration.is_beside(run) && has(run, &integration.name));
    }

    /// Triggers waiting runs whose group has an integration of this connection.
    pub(super) fn runs_of_connection(&self, connection: &Ref) {
        self.runs(|run| {
            let is_on = |member: &AICIntegration| *member.spec.connection_ref.name == *connection.name;
            waits(run) && connection.is_beside(run) && self.has_member(run, is_on)
        });
    }

    /// Triggers all runs that use the service account in this Secret. Without it an open lock stays open.
    pub(super) fn runs_of_secret(&self, secret: &Ref) {
        self.runs(|run| {
            let is_its =
                |member: &AICIntegration| *member.spec.tenant.service_account_secret_ref.name == *secret.name;
            let stages = run.status.iter().flat_map(|status| &status.stages);
            let mut targets = stages.filter_map(|stage| stage.target.as_ref());
            !is_over(run)
                && secret.is_beside(run)
                && (targets.any(|target| *target.service_account_secret_ref.name == *secret.name)
                    || self.has_member(run, is_its))
        });
    }

    pub(super) fn integration_due(&self, integration: &AICIntegration, is_news: bool) {
        let (item, place) = (Ref::of(integration), &integration.spec.tenant.url);
        self.integration_queue
            .now(&item, place, priority_of(integration, is_news));
    }

    fn has_member(&self, run: &Promotion, is: impl Fn(&AICIntegration) -> bool) -> bool {
        let of_run = Ref::of(run);
        let names = run.spec.order.iter().flat_map(|stage| &stage.integrations);
        let mut members = names.filter_map(|name| {
            let name = name.as_str().into();
            find(
                &self.integrations,
                &Ref {
                    name,
                    ..of_run.clone()
                },
            )
        });
        members.any(|member| is(&member))
    }

    fn runs(&self, concerned: impl Fn(&Promotion) -> bool) {
        for run in self.promotions.state() {
            if concerned(&run) {
                self.promotion_queue.now(&Ref::of(&*run), "", Priority::Change);
            }
        }
    }
}

/// Whether a run waits for something besides its tenant. While a lock may be open, it polls the tenant.
fn waits(run: &Promotion) -> bool {
    !is_over(run) && !run.status.as_ref().is_some_and(PromotionStatus::may_hold_lock)
}

fn is_over(run: &Promotion) -> bool {
    let phase = run.status.as_ref().and_then(|status| status.phase);
    phase.is_some_and(PromotionPhase::is_terminal)
}

fn has(run: &Promotion, integration: &str) -> bool {
    let mut names = run.spec.order.iter().flat_map(|stage| &stage.integrations);
    names.any(|name| name == integration)
}

fn is_locked_out(conditions: &Conditions) -> bool {
    conditions.said(Reason::EnvironmentLocked).is_some()
}

fn is_on(integration: &AICIntegration, hosts: &[String]) -> bool {
    let url = BaseUrl::parse(&integration.spec.tenant.url, "");
    url.is_ok_and(|url| hosts.iter().any(|host| host == url.host().as_str()))
}
