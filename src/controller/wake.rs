//! Who is looked at again when something changes.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use kube::{
    Resource, ResourceExt,
    runtime::reflector::{ObjectRef, Store},
};

use super::{
    promotion,
    queue::{Queue, Ref},
    status::HasStatus,
    waits::TakesTurns,
    watch::Change,
};
use crate::{
    api::{
        AICIntegration, ANNOTATION_PREFIX, Active, PingOneConnection, Promotion, PromotionPhase,
        REQUESTED_AT_ANNOTATION, Reason,
        conditions::{CREDENTIAL_VALID, READY},
    },
    http::Lane,
};

/// The objects of one namespace, or of all, and the queues in which they wait.
pub(super) struct Wake {
    pub(super) connections: Store<PingOneConnection>,
    pub(super) integrations: Store<AICIntegration>,
    pub(super) connection_queue: Arc<Queue<Ref>>,
    pub(super) integration_queue: Arc<Queue<Ref>>,
    pub(super) promotions: Store<Promotion>,
    pub(super) promotion_queue: Arc<Queue<Ref>>,
}

/// A digest of what an object's owner asks for. Status is left out: our own writes are no news.
pub(super) type Asked = u64;

pub(super) fn asked_for<K: Resource>(object: &K) -> Asked {
    let mut digest = DefaultHasher::new();
    let meta = object.meta();
    let is_going = meta.deletion_timestamp.is_some();
    (&meta.uid, meta.generation, is_going).hash(&mut digest);
    let all = object.annotations().iter();
    for ours in all.filter(|(name, _)| name.starts_with(ANNOTATION_PREFIX)) {
        ours.hash(&mut digest);
    }
    digest.finish()
}

/// What a connection vouches for, which is news for its integrations.
type Vouched = (Option<i64>, bool, Active, Option<String>);

pub(super) fn told_of_connection(connection: &PingOneConnection) -> (Asked, Vouched) {
    let status = connection.status.as_ref();
    let credential = status.and_then(|status| status.credential.as_ref());
    let vouched = (
        status.map(|status| status.observed_generation),
        status.is_some_and(|status| status.conditions.is_true(CREDENTIAL_VALID)),
        status.map_or(Active::Unknown, |status| status.conditions.active()),
        credential.map(|credential| credential.id.clone()),
    );
    (asked_for(connection), vouched)
}

impl Wake {
    pub(super) fn connection_changed(&self, change: Change<(Asked, Vouched)>) {
        match change {
            Change::Applied(item, before) => {
                let Some(connection) = find(&self.connections, &item) else {
                    return;
                };
                // What it says of its credential is our own doing, and news for its integrations only.
                let is_news = before.is_some();
                if before.is_none_or(|(asked, _)| asked != asked_for(&*connection)) {
                    self.connection_due(&connection, is_news);
                }
                // Until it is looked at, there is nothing to say of its integrations.
                if is_looked_at(&connection) {
                    self.integrations_of(&item, is_news);
                }
            }
            Change::Deleted(gone) => {
                self.integrations_of(&gone, true);
                self.connection_queue.forget(&gone);
            }
        }
    }

    pub(super) fn integration_changed(&self, change: Change<Asked>) {
        match change {
            Change::Applied(item, before) => {
                let Some(integration) = find(&self.integrations, &item) else {
                    return;
                };
                if before.is_some() || !self.comes_with_its_connection(&integration) {
                    self.integration_due(&item, &integration, before.is_some());
                }
                self.promotions_of(&item);
            }
            Change::Deleted(gone) => {
                self.integration_queue.forget(&gone);
                self.heirs();
                self.promotions_of(&gone);
            }
        }
    }

    pub(super) fn promotion_changed(&self, change: Change<promotion::Told>) {
        match change {
            Change::Applied(item, before) => {
                let Some(promotion) = find(&self.promotions, &item) else {
                    return;
                };
                // Its own doing is no news to itself.
                if before.is_none_or(|(asked, ..)| asked != promotion::told_of(&promotion).0) {
                    self.promotion_queue.now(&item, "", Lane::Change);
                }
            }
            Change::Deleted(gone) => self.promotion_queue.forget(&gone),
        }
        self.queued_promotions();
    }

    /// Whoever waits for another run looks whether it is still in the way.
    fn queued_promotions(&self) {
        self.wake_promotions(|promotion| {
            let phase = promotion.status.as_ref().and_then(|status| status.phase);
            phase == Some(PromotionPhase::Queued)
        });
    }

    /// A run that waits for its integrations; one that is under way looks by itself.
    fn promotions_of(&self, integration: &Ref) {
        self.wake_promotions(|promotion| {
            let phase = promotion.status.as_ref().and_then(|status| status.phase);
            phase.is_none_or(|phase| phase == PromotionPhase::Pending)
                && integration.is_beside(promotion)
                && promotion
                    .spec
                    .order
                    .iter()
                    .any(|stage| stage.integrations.iter().any(|name| **name == *integration.name))
        });
    }

    fn wake_promotions(&self, concerned: impl Fn(&Promotion) -> bool) {
        for promotion in self.promotions.state() {
            if concerned(&promotion) {
                self.promotion_queue.now(&Ref::of(&*promotion), "", Lane::Change);
            }
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
    }

    fn integrations_of(&self, connection: &Ref, is_news: bool) {
        self.integrations(is_news, |integration| {
            connection.is_beside(integration) && *integration.spec.connection_ref.name == *connection.name
        });
    }

    /// Whether an integration is new and so is its connection: it is woken when that has been looked at.
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

    /// What an elder object claimed is free for the next one.
    fn heirs(&self) {
        let waits = [Reason::EsvNotOwned, Reason::WorkerNotOwned];
        self.integrations(true, |integration| {
            let status = integration.status.as_ref();
            let ready = status.and_then(|status| status.conditions.get(READY));
            ready.is_some_and(|ready| waits.iter().any(|reason| ready.reason == reason.as_str()))
        });
    }

    fn integrations(&self, is_news: bool, concerned: impl Fn(&AICIntegration) -> bool) {
        for integration in self.integrations.state() {
            if concerned(&integration) {
                self.integration_due(&Ref::of(&*integration), &integration, is_news);
            }
        }
    }

    /// One whose place is not known stands in nobody's way.
    fn connection_due(&self, connection: &PingOneConnection, is_news: bool) {
        let item = Ref::of(connection);
        let own = format!("{}/{}", item.namespace, item.name);
        let place = connection.place().unwrap_or(&own);
        self.connection_queue.now(&item, place, lane(connection, is_news));
    }

    fn integration_due(&self, item: &Ref, integration: &AICIntegration, is_news: bool) {
        let place = &integration.spec.tenant.url;
        self.integration_queue
            .now(item, place, lane(integration, is_news));
    }
}

/// The object as it is known.
pub(super) fn find<K: Resource<DynamicType = ()> + Clone>(store: &Store<K>, item: &Ref) -> Option<Arc<K>> {
    store.get(&ObjectRef::new(&item.name).within(&item.namespace))
}

/// Whether a connection's status speaks of its spec as it is. One that is being deleted is not looked at any more.
fn is_looked_at(connection: &PingOneConnection) -> bool {
    let status = connection.status.as_ref();
    connection.metadata.deletion_timestamp.is_some()
        || status.map(|status| status.observed_generation) == connection.metadata.generation
}

/// How urgent an object is. One that a process sees for the first time and finds settled is only to be checked.
pub(super) fn lane<K: HasStatus>(object: &K, is_news: bool) -> Lane {
    let Some(conditions) = object.status().map(K::conditions).filter(|all| !all.is_empty()) else {
        return Lane::New;
    };
    let is_settled = conditions
        .get(READY)
        .is_some_and(|ready| ready.status == "True" && ready.observed_generation == object.meta().generation);
    let requested = object
        .meta()
        .annotations
        .as_ref()
        .and_then(|all| all.get(REQUESTED_AT_ANNOTATION));
    let is_asked_for = requested != object.status().and_then(K::last_handled_request);
    if is_settled && !is_news && !is_asked_for {
        Lane::Check
    } else {
        Lane::Change
    }
}
