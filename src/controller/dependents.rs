//! Who waits for what changed: runs for their integrations, connections, Secrets and for each other; integrations for a
//! lock. A run that wants an environment may be in another watched namespace than the one that leaves it.

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

/// Passes over integrations that one tenant is asked by at once, for each watched namespace.
const AT_ONE_TENANT: usize = 4;

/// The integrations and runs of one watched namespace, or of all, and the queues in which they wait.
#[derive(Clone)]
pub(super) struct Dependents {
    pub(super) integrations: Store<AICIntegration>,
    pub(super) integration_queue: Arc<Queue<Ref>>,
    pub(super) promotions: Store<Promotion>,
    pub(super) promotion_queue: Arc<Queue<Ref>>,
    /// Cancelled when the API server goes on refusing to show the namespace.
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

    /// Runs that wait for another run, but for the one that changed: its own doing is no news to itself.
    pub(super) fn queued_runs(&self, changed: &Ref) {
        self.runs(|run| {
            let phase = run.status.as_ref().and_then(|status| status.phase);
            phase == Some(PromotionPhase::Queued) && Ref::of(run) != *changed
        });
    }

    /// These hosts are unlocked: integrations there that wait for it, and runs that wait for a lock to go.
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

    /// An integration is gone: what it had is free for those that wait for it.
    pub(super) fn waiting_claimants(&self) {
        for integration in self.integrations.state() {
            if is_refused(&integration) {
                self.integration_due(&integration, true);
            }
        }
    }

    /// Runs that wait, and whose group has this integration.
    pub(super) fn runs_of_integration(&self, integration: &Ref) {
        self.runs(|run| waits(run) && integration.is_beside(run) && has(run, &integration.name));
    }

    /// Runs that wait, and whose group has an integration on this connection.
    pub(super) fn runs_of_connection(&self, connection: &Ref) {
        self.runs(|run| {
            let is_on = |member: &AICIntegration| *member.spec.connection_ref.name == *connection.name;
            waits(run) && connection.is_beside(run) && self.has_member(run, is_on)
        });
    }

    /// Runs that use the service account in this Secret, whatever they do: without it an open lock stays open.
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

/// Whether a run waits for something else than its tenant: while a lock may be open, it looks by itself.
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
