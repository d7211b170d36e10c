//! Wires the controllers of one namespace, or of all: watches, queues, reconcile loops.

use std::{fmt::Debug, sync::Arc, time::Duration};

use futures::{Stream, StreamExt, future};
use kube::{
    Api, Client, Resource,
    api::ListParams,
    core::{DeserializeGuard, NamespaceResourceScope, PartialObjectMeta},
    runtime::{
        reflector::{Store, store::Writer},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::{
    connection,
    context::{Context, ScopeContext},
    dependents::Dependents,
    engine::{
        queue::Queue, queue_notice::report_queued, reconcile_loop, status::HasStatus, stores::Stores,
        undecodable, watch,
    },
    fingerprint, integration, promotion,
    triggers::Triggers,
};
use crate::{
    api::{AICIntegration, PingOneConnection, Promotion},
    runtime::{Gate, Health},
};

/// Connections of one PingOne host that are reconciled at a time, for each watched namespace.
const AT_ONE_PINGONE: usize = 32;
const LOOK_FOR_DEFINITIONS_EVERY: Duration = Duration::from_secs(3);

/// Not every API server may know a right that was granted a moment ago.
const REFUSED_FOR_GOOD_AFTER: Duration = Duration::from_secs(30);

/// The caches of all namespaces.
pub(super) struct Everywhere {
    pub(super) integrations: Stores<AICIntegration>,
    pub(super) promotions: Stores<Promotion>,
    pub(super) dependents: Arc<[Dependents]>,
}

/// What fills the caches of one namespace.
pub(super) struct Writers {
    pub(super) connections: Writer<PingOneConnection>,
    pub(super) integrations: Writer<AICIntegration>,
    pub(super) promotions: Writer<Promotion>,
}

/// Registers the gates before anything was read.
pub(super) fn close_gates(health: &Health, namespace: Option<&str>) {
    fn kind<K: Resource<DynamicType = ()>>(health: &Health, cache: Gate) {
        let plural = plural::<K>();
        health.close(
            Gate::Definition(plural),
            format!("waiting for the CRD {plural}.pingone-aic.io: install the chart's CRDs"),
        );
        health.close(cache, format!("waiting for the first list of {plural}"));
    }
    kind::<PingOneConnection>(health, cache_gate::<PingOneConnection>(namespace));
    kind::<AICIntegration>(health, cache_gate::<AICIntegration>(namespace));
    kind::<Promotion>(health, cache_gate::<Promotion>(namespace));
    health.close(secrets_gate(namespace), "waiting for the first list of Secrets");
}

fn secrets_gate(namespace: Option<&str>) -> Gate {
    Gate::Cache("secrets", namespace.map(ToOwned::to_owned))
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

/// Runs the controllers of one namespace until `shutdown`, and until current reconciliations have ended.
pub(super) async fn run(
    context: &Context,
    watching: &Client,
    namespace: Option<String>,
    (everywhere, connections, own, writers): (&Everywhere, Store<PingOneConnection>, Dependents, Writers),
    shutdown: &CancellationToken,
) {
    let namespace = namespace.as_deref();
    tokio::select! {
        () = definitions(context, watching, namespace, &own.unreadable) => {}
        () = shutdown.cancelled() => return,
    }
    let triggers = Triggers {
        connections: connections.clone(),
        connection_queue: Arc::new(Queue::new(context.clock.clone(), AT_ONE_PINGONE)),
        own,
        everywhere: Arc::clone(&everywhere.dependents),
    };
    let health = &context.cluster.health;
    let watch = (context, watching, namespace);
    let connection_changes = changes(
        watch,
        context.shard.watched(),
        writers.connections,
        fingerprint::told_of_connection,
    )
    .map(|change| triggers.connection_changed(change))
    .collect::<()>();
    let integration_changes = changes(
        watch,
        context.shard.watched(),
        writers.integrations,
        fingerprint::told_of_integration,
    )
    .map(|change| triggers.integration_changed(change))
    .collect::<()>();
    // Without the selector: this release must release the lock of a run even if its labels change.
    let promotion_changes = changes(
        watch,
        watcher::Config::default(),
        writers.promotions,
        promotion::told_of,
    )
    .map(|change| {
        if let watch::Change::Deleted(gone) = &change {
            promotion::see_to_orphans(context, gone);
        }
        triggers.promotion_changed(change);
    })
    .collect::<()>();
    // Reconciliations begin after the first list of Secrets. A Secret that changes before that would not be reported.
    let listed = CancellationToken::new();
    let gate = (health.clone(), secrets_gate(namespace));
    let secret_changes = watch::secrets(watching, namespace, gate, listed.clone())
        .map(|secret| triggers.secret_changed(&secret))
        .collect::<()>();

    let scope = Arc::new(ScopeContext {
        context: context.clone(),
        connections: connections.clone(),
        integrations: triggers.own.integrations.clone(),
        all_integrations: everywhere.integrations.clone(),
        all_promotions: everywhere.promotions.clone(),
        integration_queue: Arc::clone(&triggers.own.integration_queue),
    });
    let passes = passes(&scope, &triggers, everywhere, &listed, shutdown);
    // The watches run until the last reconciliations have ended.
    let watches = future::join4(
        connection_changes,
        integration_changes,
        promotion_changes,
        secret_changes,
    );
    tokio::select! { () = passes => {}, _ = watches => {} }
}

/// Reconciles all three kinds, each when the caches that it needs are filled.
async fn passes(
    scope: &Arc<ScopeContext>,
    triggers: &Triggers,
    everywhere: &Everywhere,
    listed: &CancellationToken,
    shutdown: &CancellationToken,
) {
    let cluster = &scope.context.cluster;
    let connections = &triggers.connections;
    let Dependents {
        integrations,
        integration_queue,
        promotions,
        promotion_queue,
        unreadable: _,
    } = &triggers.own;
    let over_connections = async {
        if shutdown.run_until_cancelled(listed.cancelled()).await.is_none() {
            return;
        }
        let queue = &triggers.connection_queue;
        let passes = reconcile_loop::run(
            connections.clone(),
            queue,
            cluster,
            Arc::clone(scope),
            shutdown,
            connection::reconcile,
        );
        future::join(passes, report_queued(connections, queue, cluster, shutdown)).await;
    };
    let over_integrations = async {
        // Before the caches are filled, an integration could miss its connection, or count as the oldest.
        let known = future::join3(
            listed.cancelled(),
            connections.wait_until_ready(),
            everywhere.integrations.known(),
        );
        if shutdown.run_until_cancelled(known).await.is_none() {
            return;
        }
        let passes = reconcile_loop::run(
            integrations.clone(),
            integration_queue,
            cluster,
            Arc::clone(scope),
            shutdown,
            integration::reconcile,
        );
        future::join(
            passes,
            report_queued(integrations, integration_queue, cluster, shutdown),
        )
        .await;
    };
    let over_promotions = async {
        // A run must not begin before all other runs are known.
        let known = future::join3(
            connections.wait_until_ready(),
            integrations.wait_until_ready(),
            everywhere.promotions.known(),
        );
        if shutdown.run_until_cancelled(known).await.is_none() {
            return;
        }
        reconcile_loop::run(
            promotions.clone(),
            promotion_queue,
            cluster,
            Arc::clone(scope),
            shutdown,
            promotion::reconcile,
        )
        .await;
    };
    future::join3(over_connections, over_integrations, over_promotions).await;
}

/// Watches one of the operator's kinds into its store.
fn changes<K, F>(
    (context, watching, namespace): (&Context, &Client, Option<&str>),
    watched: watcher::Config,
    writer: Writer<K>,
    fingerprint: impl Fn(&K) -> F + Send + 'static,
) -> impl Stream<Item = watch::Change<F>> + Send
where
    K: HasStatus + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    F: PartialEq + Send + 'static,
{
    watch::objects(
        (watch::api::<DeserializeGuard<K>>(watching, namespace), watched),
        writer,
        (
            context.cluster.health.clone(),
            cache_gate::<K>(namespace),
            context.cluster.stale_reads.clone(),
        ),
        fingerprint,
        undecodable::teller::<K>(&context.cluster, &context.shard),
    )
}

/// Waits for the CRDs instead of exiting, because they may be installed a moment later. Signals if the API server
/// keeps refusing the namespace.
async fn definitions(
    context: &Context,
    client: &Client,
    namespace: Option<&str>,
    unreadable: &CancellationToken,
) {
    async fn of<K>(
        context: &Context,
        client: &Client,
        namespace: Option<&str>,
        unreadable: &CancellationToken,
    ) where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + DeserializeOwned + Debug,
    {
        let api: Api<PartialObjectMeta<K>> = watch::api(client, namespace);
        let plural = plural::<K>();
        let mut refused_since = None;
        while let Err(error) = api.list(&ListParams::default().limit(1)).await {
            let code = match &error {
                kube::Error::Api(status) => status.code,
                _ => 0,
            };
            let place = namespace.map_or(String::new(), |namespace| format!(" in namespace {namespace}"));
            let why = format!("failed to list {plural}{place}: {error}");
            let (health, cache) = (&context.cluster.health, cache_gate::<K>(namespace));
            if code != 404 {
                health.close(cache.clone(), &why);
            }
            health.watch_failed(cache, why);
            let now = context.clock.instant();
            if code == 403 && now.duration_since(*refused_since.get_or_insert(now)) >= REFUSED_FOR_GOOD_AFTER
            {
                unreadable.cancel();
            }
            tracing::warn!(%error, crd = plural, "waiting for the CRD");
            context.clock.sleep(LOOK_FOR_DEFINITIONS_EVERY).await;
        }
        context.cluster.health.open(&Gate::Definition(plural));
    }
    of::<PingOneConnection>(context, client, namespace, unreadable).await;
    of::<AICIntegration>(context, client, namespace, unreadable).await;
    of::<Promotion>(context, client, namespace, unreadable).await;
}
