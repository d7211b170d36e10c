//! What a change of an object triggers.

use std::sync::Arc;

use kube::runtime::reflector::Store;

use super::{
    dependents::Dependents,
    engine::{
        queue::{Queue, Ref, priority_of},
        queue_notice::RateLimited,
        stores::find,
        watch::{Asked, Change, asked_for},
    },
    fingerprint::{Shown, Verified},
    promotion,
};
use crate::{
    api::{AICIntegration, PingOneConnection},
    http::Priority,
};

/// The objects of one namespace, or of all, and the queues in which they wait.
pub(super) struct Triggers {
    pub(super) connections: Store<PingOneConnection>,
    pub(super) connection_queue: Arc<Queue<Ref>>,
    pub(super) own: Dependents,
    /// The dependents of every watched namespace.
    pub(super) everywhere: Arc<[Dependents]>,
}

impl Triggers {
    pub(super) fn connection_changed(&self, change: Change<(Asked, Verified)>) {
        match change {
            Change::Applied(item, before) => {
                let Some(connection) = find(&self.connections, &item) else {
                    return;
                };
                // The operator itself writes what it has verified. Only its integrations need to know.
                let is_news = before.is_some();
                if before.is_none_or(|(asked, _)| asked != asked_for(&*connection)) {
                    self.connection_due(&connection, is_news);
                }
                // Before its first reconciliation there is nothing to tell its integrations and their runs.
                if is_looked_at(&connection) {
                    self.integrations_of(&item, is_news);
                    self.own.runs_of_connection(&item);
                }
            }
            Change::Deleted(gone) => {
                self.integrations_of(&gone, true);
                self.own.runs_of_connection(&gone);
                self.connection_queue.forget(&gone);
            }
        }
    }

    pub(super) fn integration_changed(&self, change: Change<(Asked, Shown)>) {
        match change {
            Change::Applied(item, before) => {
                let Some(integration) = find(&self.own.integrations, &item) else {
                    return;
                };
                // The operator itself writes its status. Only runs need to know.
                let is_asked = before.is_none_or(|(asked, _)| asked != asked_for(&*integration));
                if is_asked && (before.is_some() || !self.comes_with_its_connection(&integration)) {
                    self.own.integration_due(&integration, before.is_some());
                }
                self.own.runs_of_integration(&item);
            }
            Change::Deleted(gone) => {
                self.own.integration_queue.forget(&gone);
                for dependents in &*self.everywhere {
                    dependents.waiting_claimants();
                }
                self.own.runs_of_integration(&gone);
            }
        }
    }

    pub(super) fn promotion_changed(&self, change: Change<promotion::Told>) {
        let changed = match change {
            Change::Applied(item, before) => {
                let Some(promotion) = find(&self.own.promotions, &item) else {
                    return;
                };
                let told = promotion::told_of(&promotion);
                // The run that it waits for may have ended in the meantime.
                let was_queued = before.as_ref().is_some_and(promotion::Told::is_queued);
                let is_asked = before.as_ref().is_none_or(|before| before.asked != told.asked);
                if is_asked || (told.is_queued() && !was_queued) {
                    self.own.promotion_queue.now(&item, "", Priority::Change);
                }
                let unlocked = before
                    .map(|before| before.locked_until(&told))
                    .unwrap_or_default();
                for dependents in &*self.everywhere {
                    dependents.unlocked(&unlocked);
                }
                item
            }
            Change::Deleted(gone) => {
                self.own.promotion_queue.forget(&gone);
                gone
            }
        };
        for dependents in &*self.everywhere {
            dependents.queued_runs(&changed);
        }
    }

    pub(super) fn secret_changed(&self, secret: &Ref) {
        for connection in self.connections.state() {
            if secret.is_beside(&*connection) && *connection.spec.credential_secret_ref.name == *secret.name {
                let item = Ref::of(&*connection);
                self.connection_due(&connection, true);
                self.integrations_of(&item, true);
            }
        }
        self.integrations(true, |integration| {
            secret.is_beside(integration)
                && *integration.spec.tenant.service_account_secret_ref.name == *secret.name
        });
        self.own.runs_of_secret(secret);
    }

    fn integrations_of(&self, connection: &Ref, is_news: bool) {
        self.integrations(is_news, |integration| {
            connection.is_beside(integration) && *integration.spec.connection_ref.name == *connection.name
        });
    }

    /// Whether integration and connection are both new. The connection's first reconciliation then triggers the
    /// integration.
    fn comes_with_its_connection(&self, integration: &AICIntegration) -> bool {
        let connection = Ref {
            name: integration.spec.connection_ref.name.as_str().into(),
            ..Ref::of(integration)
        };
        let status = integration.status.as_ref();
        status.is_none_or(|status| status.conditions.is_empty())
            && integration.metadata.deletion_timestamp.is_none()
            && find(&self.connections, &connection).is_some_and(|connection| !is_looked_at(&connection))
    }

    fn integrations(&self, is_news: bool, concerned: impl Fn(&AICIntegration) -> bool) {
        for integration in self.own.integrations.state() {
            if concerned(&integration) {
                self.own.integration_due(&integration, is_news);
            }
        }
    }

    /// A connection whose host is not known gets a queue of its own.
    fn connection_due(&self, connection: &PingOneConnection, is_news: bool) {
        let item = Ref::of(connection);
        let own = format!("{}/{}", item.namespace, item.name);
        let place = connection.host_key().unwrap_or(&own);
        self.connection_queue
            .now(&item, place, priority_of(connection, is_news));
    }
}

/// Whether a connection's status describes its present spec. A connection that is being deleted is not reconciled any
/// more.
fn is_looked_at(connection: &PingOneConnection) -> bool {
    let status = connection.status.as_ref();
    connection.metadata.deletion_timestamp.is_some()
        || status.map(|status| status.observed_generation) == connection.metadata.generation
}
