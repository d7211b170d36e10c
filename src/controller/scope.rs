//! The controllers of one namespace, or of all: watches, queues, passes.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::ListParams,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        controller::{Action, Config},
        reflector::{self, ObjectRef, Store, store::Writer},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    Context, Next, connection,
    context::ScopeContext,
    fleet::Fleet,
    integration,
    queue::Queue,
    undecodable,
    watch::{self, Change},
};
use crate::{
    api::{
        AICIntegration, Active, PingOneConnection, REQUESTED_AT_ANNOTATION, Reason,
        conditions::{CREDENTIAL_VALID, READY},
    },
    runtime::{Gate, Health},
};

const LOOK_FOR_DEFINITIONS_EVERY: Duration = Duration::from_secs(3);

/// The namespaces to watch; `None` stands for all.
pub(super) fn namespaces(names: &[String]) -> Vec<Option<String>> {
    let names: BTreeSet<_> = names.iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        vec![None]
    } else {
        names.into_iter().cloned().map(Some).collect()
    }
}

/// Says what is missing before anything has been looked at.
pub(super) fn close_gates(health: &Health, namespace: Option<&str>) {
    fn kind<K: Resource<DynamicType = ()>>(health: &Health, cache: Gate) {
        let plural = plural::<K>();
        health.close(
            Gate::Definition(plural),
            format!("waiting for the definition {plural}.pingone-aic.io: install the chart's CRDs"),
        );
        health.close(cache, format!("waiting for the first list of {plural}"));
    }
    kind::<PingOneConnection>(health, cache_gate::<PingOneConnection>(namespace));
    kind::<AICIntegration>(health, cache_gate::<AICIntegration>(namespace));
}

fn plural<K: Resource<DynamicType = ()>>() -> &'static str {
    match K::plural(&()) {
        std::borrow::Cow::Borrowed(plural) => plural,
        std::borrow::Cow::Owned(_) => "objects",
    }
}

fn cache_gate<K: Resource<DynamicType = ()>>(namespace: Option<&str>) -> Gate {
    Gate::Cache(plural::<K>(), namespace.map(ToOwned::to_owned))
}

/// Runs the controllers of one namespace until `shutdown`, and until the passes under way have ended.
pub(super) async fn run(
    context: &Context,
    watching: &Client,
    namespace: Option<String>,
    (fleet, integration_writer): (&Fleet, Writer<AICIntegration>),
    shutdown: &CancellationToken,
) {
    let namespace = namespace.as_deref();
    tokio::select! {
        () = definitions(context, watching, namespace) => {}
        () = shutdown.cancelled() => return,
    }
    let (connections, connection_writer) = reflector::store();
    let integrations = integration_writer.as_reader();
    let connection_queue = Arc::new(Queue::new(context.clock.clone()));
    let integration_queue = Arc::new(Queue::new(context.clock.clone()));

    let connection_changes = watch::objects(
        watch::api::<DeserializeGuard<PingOneConnection>>(watching, namespace),
        connection_writer,
        context.health.clone(),
        cache_gate::<PingOneConnection>(namespace),
        |connection: &PingOneConnection| (asked_for(connection), vouched_for(connection)),
        undecodable::teller::<PingOneConnection>(context),
    )
    .for_each(|change| {
        match change {
            Change::Applied(connection, before) => {
                // What it says of its credential is our own doing, and news for its integrations only.
                if before.is_none_or(|(asked, _)| asked != asked_for(&connection)) {
                    connection_queue.now(&Ref::of(&connection));
                }
                wake_integrations_of(&Ref::of(&connection), &integrations, &integration_queue);
            }
            Change::Deleted { namespace, name } => {
                let gone = Ref { namespace, name };
                wake_integrations_of(&gone, &integrations, &integration_queue);
                connection_queue.forget(&gone);
            }
        }
        futures::future::ready(())
    });
    let integration_changes = watch::objects(
        watch::api::<DeserializeGuard<AICIntegration>>(watching, namespace),
        integration_writer,
        context.health.clone(),
        cache_gate::<AICIntegration>(namespace),
        asked_for,
        undecodable::teller::<AICIntegration>(context),
    )
    .for_each(|change| {
        match change {
            Change::Applied(integration, _) => integration_queue.now(&Ref::of(&integration)),
            Change::Deleted { namespace, name } => {
                integration_queue.forget(&Ref { namespace, name });
                wake_heirs(&integrations, &integration_queue);
            }
        }
        futures::future::ready(())
    });
    let secret_changes = watch::secrets(watching, namespace).for_each(|secret| {
        for connection in users_of(&secret, &connections, |connection| {
            &connection.spec.credential_secret_ref.name
        }) {
            connection_queue.now(&connection);
            wake_integrations_of(&connection, &integrations, &integration_queue);
        }
        for integration in users_of(&secret, &integrations, |integration| {
            &integration.spec.tenant.service_account_secret_ref.name
        }) {
            integration_queue.now(&integration);
        }
        futures::future::ready(())
    });

    let scope = Arc::new(ScopeContext {
        context: context.clone(),
        connections: connections.clone(),
        fleet: fleet.clone(),
    });
    let passes = futures::future::join(
        passes(
            connections.clone(),
            &connection_queue,
            Arc::clone(&scope),
            shutdown,
            |object, scope| connection::reconcile(object, scope).boxed(),
        ),
        async {
            // An integration must not be told that its connection does not exist before connections are known, nor
            // be taken for the eldest before all are.
            tokio::select! {
                _ = futures::future::join(connections.wait_until_ready(), fleet.known()) => {}
                () = shutdown.cancelled() => return,
            }
            passes(
                integrations.clone(),
                &integration_queue,
                scope,
                shutdown,
                |object, scope| integration::reconcile(object, scope).boxed(),
            )
            .await;
        },
    );
    // The watches go on while the last passes end, and then are dropped.
    let watches = futures::future::join3(connection_changes, integration_changes, secret_changes);
    tokio::select! { _ = passes => {}, _ = watches => {} }
}

/// Waits for the definitions of the kinds rather than exiting: they may be on their way.
async fn definitions(context: &Context, client: &Client, namespace: Option<&str>) {
    async fn of<K>(context: &Context, client: &Client, namespace: Option<&str>)
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
        K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let api: Api<PartialObjectMeta<K>> = watch::api(client, namespace);
        while let Err(error) = api.list(&ListParams::default().limit(1)).await {
            let plural = plural::<K>();
            if !matches!(&error, kube::Error::Api(status) if status.code == 404) {
                context.health.close(
                    Gate::Definition(plural),
                    format!("failed to list {plural}: {error}"),
                );
            }
            tracing::warn!(%error, definition = plural, "waiting for the definition");
            context.clock.sleep(LOOK_FOR_DEFINITIONS_EVERY).await;
        }
        context.health.open(&Gate::Definition(plural::<K>()));
    }
    of::<PingOneConnection>(context, client, namespace).await;
    of::<AICIntegration>(context, client, namespace).await;
}

/// Runs a pass over each object when it is due, at most one at a time for an object.
async fn passes<K>(
    store: Store<K>,
    queue: &Arc<Queue<Ref>>,
    scope: Arc<ScopeContext>,
    shutdown: &CancellationToken,
    pass: impl Fn(Arc<K>, Arc<ScopeContext>) -> BoxFuture<'static, Next> + Clone + Send + 'static,
) where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
{
    let due = Arc::clone(queue)
        .due()
        .map(|item| {
            Ok::<_, std::convert::Infallible>(ObjectRef::<K>::new(&item.name).within(&item.namespace))
        })
        .take_until(shutdown.clone().cancelled_owned());
    let queue = Arc::clone(queue);
    let reconcile = move |object: Arc<K>, scope: Arc<ScopeContext>| {
        let (queue, pass, item) = (Arc::clone(&queue), pass.clone(), Ref::of(&*object));
        // Counted with the object in hand: what comes later is news.
        let happened = queue.happened(&item);
        async move {
            let _active = scope.context.metrics.reconciling();
            let next = pass(object, Arc::clone(&scope)).await;
            queue.done(&item, next, happened);
            Ok::<_, std::convert::Infallible>(Action::await_change())
        }
        .boxed()
    };
    kube::runtime::applier(
        reconcile,
        |_, never: &std::convert::Infallible, _| match *never {},
        scope,
        store,
        due,
        // No limit: one that dead tenants fill would hold up all others. Turns and budgets limit what passes do.
        Config::default().concurrency(0),
    )
    // An object that is gone by the time its turn comes needs no pass.
    .for_each(|_| futures::future::ready(()))
    .await;
}

/// What an object's owner asks for. Status is left out: our own writes are no news.
fn asked_for<K: Resource>(object: &K) -> (Option<String>, Option<i64>, Option<String>, bool) {
    let meta = object.meta();
    let requested = object.annotations().get(REQUESTED_AT_ANNOTATION).cloned();
    (
        meta.uid.clone(),
        meta.generation,
        requested,
        meta.deletion_timestamp.is_some(),
    )
}

/// What integrations learn from a connection.
fn vouched_for(connection: &PingOneConnection) -> (Option<i64>, bool, Active, Option<String>) {
    let status = connection.status.as_ref();
    (
        status.map(|status| status.observed_generation),
        status.is_some_and(|status| status.conditions.is_true(CREDENTIAL_VALID)),
        status.map_or(Active::Unknown, |status| status.conditions.active()),
        status
            .and_then(|status| status.credential.as_ref())
            .map(|credential| credential.id.clone()),
    )
}

/// The objects that refer to a Secret.
fn users_of<K: Resource<DynamicType = ()> + Clone>(
    (namespace, name): &(String, String),
    objects: &Store<K>,
    secret: impl Fn(&K) -> &String,
) -> Vec<Ref> {
    let objects = objects.state();
    let users = objects
        .iter()
        .filter(|object| object.meta().namespace.as_ref() == Some(namespace) && secret(object) == name);
    users.map(|object| Ref::of(&**object)).collect()
}

fn wake_integrations_of(connection: &Ref, integrations: &Store<AICIntegration>, queue: &Arc<Queue<Ref>>) {
    for integration in integrations.state() {
        if integration.namespace().as_ref() == Some(&connection.namespace)
            && integration.spec.connection_ref.name == connection.name
        {
            queue.now(&Ref::of(&*integration));
        }
    }
}

/// What an elder object claimed is free for the next one.
fn wake_heirs(integrations: &Store<AICIntegration>, queue: &Arc<Queue<Ref>>) {
    let waits = [Reason::EsvNotOwned, Reason::WorkerNotOwned];
    for integration in integrations.state() {
        let ready = integration
            .status
            .as_ref()
            .and_then(|status| status.conditions.get(READY));
        if ready.is_some_and(|ready| waits.iter().any(|reason| ready.reason == reason.as_str())) {
            queue.now(&Ref::of(&*integration));
        }
    }
}

/// An object, by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Ref {
    namespace: String,
    name: String,
}

impl Ref {
    fn of(object: &impl Resource) -> Self {
        Self {
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
        }
    }
}
