//! The controllers. A reconciliation reads an object, observes the world, decides, acts, and records what it found.
//!
//! Contract: time comes from the clock that is passed in; a reconciliation does not fail but concludes; one that
//! changes nothing writes nothing.

mod connection;
mod context;
mod deletions;
mod dependents;
mod engine;
mod fingerprint;
mod integration;
mod promotion;
mod promotion_registry;
mod tenant;
mod triggers;
mod wiring;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use kube::runtime::reflector;
use tokio_util::sync::CancellationToken;

use self::{
    dependents::Dependents,
    engine::{shard, stores::Stores},
    wiring::{Everywhere, Writers},
};
use crate::{
    api::Promotion,
    runtime::{Fleet, Health},
};
pub use context::Context;
pub use promotion::own_items;

/// Registers the gates before anything was read.
pub fn close_gates(health: &Health, namespaces: &[String]) {
    for namespace in shard::named(namespaces) {
        wiring::close_gates(health, namespace.as_deref());
    }
}

/// Runs the controllers of every watched namespace until `shutdown`, and until current reconciliations have ended.
pub async fn run(context: &Context, watching: &kube::Client, shutdown: &CancellationToken) {
    let (mut everywhere, mut scopes) = (vec![], vec![]);
    let mut all_connections = vec![];
    for namespace in context.shard.namespaces().iter().cloned() {
        let (connections, connection_writer) = reflector::store();
        let (integration_store, integration_writer) = reflector::store();
        let (promotion_store, promotion_writer) = reflector::store();
        let own = Dependents::new(&context.clock, integration_store, promotion_store);
        everywhere.push(own.clone());
        all_connections.push((connections.clone(), own.unreadable.clone()));
        let writers = Writers {
            connections: connection_writer,
            integrations: integration_writer,
            promotions: promotion_writer,
        };
        scopes.push((namespace, connections, own, writers));
    }
    let all = Everywhere {
        integrations: Stores::new(
            everywhere
                .iter()
                .map(|own| (own.integrations.clone(), own.unreadable.clone())),
        ),
        promotions: Stores::new(
            everywhere
                .iter()
                .map(|own| (own.promotions.clone(), own.unreadable.clone())),
        ),
        dependents: everywhere.into(),
    };
    // Every pod tells of every lock that it knows, for a run that has lost its labels is nobody's.
    context.metrics.milestones.oldest_lock({
        let (promotions, clock) = (all.promotions.clone(), context.clock.clone());
        move || {
            let runs = promotions.all();
            let held = runs
                .iter()
                .filter_map(|run| promotion::oldest_lock(run, clock.now()));
            held.max()
        }
    });
    context.metrics.fleet({
        let (connections, integrations) = (Stores::new(all_connections), all.integrations.clone());
        let (promotions, clock) = (all.promotions.clone(), context.clock.clone());
        let (leadership, shard) = (context.cluster.leadership.clone(), context.shard.clone());
        // The cache of promotions has those of other releases, too, which tell of them.
        let own = move |run: &Arc<Promotion>| shard.has(&run.metadata);
        move || {
            leadership.holds_for(Duration::ZERO).then(|| Fleet {
                connections: connections.all(),
                integrations: integrations.all(),
                promotions: promotions.all().into_iter().filter(&own).collect(),
                now: clock.now(),
            })
        }
    });
    join_all(scopes.into_iter().map(|(namespace, connections, own, writers)| {
        let caches = (&all, connections, own, writers);
        wiring::run(context, watching, namespace, caches, shutdown)
    }))
    .await;
}
