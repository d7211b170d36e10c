//! The controllers: each pass reads an object, looks at the world, decides, acts, and writes what it saw.
//!
//! Contract: time comes from the clock that is passed in; a pass never fails, it concludes; a pass that changes nothing writes
//! nothing.

mod account;
mod connection;
mod context;
mod definitions;
mod deletions;
mod events;
mod finalizer;
mod fingerprint;
mod fleet;
mod integration;
mod passes;
mod promotion;
mod queue;
mod replaced;
mod runs;
mod scope;
mod secret;
mod shard;
mod status;
mod triggers;
mod undecodable;
mod waits;
mod wake;
mod watch;

use futures::future::join_all;
use kube::runtime::reflector;
use tokio_util::sync::CancellationToken;

use self::{fleet::Fleet, scope::Fleets, triggers::Triggers};
use crate::runtime::Health;
pub use context::Context;

/// When an object is looked at again, if nothing happens to it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// After its interval: all is as it can be.
    Check(std::time::Duration),
    /// After this long, or up to ten seconds more if that is long: something is on its way.
    Poll(std::time::Duration),
    /// Later and later with each failure, but not before the other side allows it.
    Retry(Option<std::time::Duration>),
    /// Not at all: it is over, or gone.
    OnChange,
}

/// Says what is missing before anything has been looked at.
pub fn close_gates(health: &Health, namespaces: &[String]) {
    for namespace in shard::named(namespaces) {
        scope::close_gates(health, namespace.as_deref());
    }
}

/// Runs the controllers of every watched namespace until `shutdown`, and until the passes under way have ended.
pub async fn run(context: &Context, watching: &kube::Client, shutdown: &CancellationToken) {
    let (mut everywhere, mut scopes) = (vec![], vec![]);
    for namespace in context.shard.namespaces().iter().cloned() {
        let (integration_store, integration_writer) = reflector::store();
        let (promotion_store, promotion_writer) = reflector::store();
        let own = Triggers::new(&context.clock, integration_store, promotion_store);
        everywhere.push(own.clone());
        scopes.push((namespace, own, integration_writer, promotion_writer));
    }
    let fleets = Fleets {
        integrations: Fleet::new(everywhere.iter().map(|own| own.integrations.clone())),
        promotions: Fleet::new(everywhere.iter().map(|own| own.promotions.clone())),
        everywhere: everywhere.into(),
    };
    context.metrics.milestones.oldest_lock({
        let (promotions, clock) = (fleets.promotions.clone(), context.clock.clone());
        move || {
            let all = promotions.all();
            let held = all
                .iter()
                .filter_map(|run| promotion::oldest_lock(run, clock.now()));
            held.max()
        }
    });
    join_all(
        scopes
            .into_iter()
            .map(|(namespace, own, integrations, promotions)| {
                let written = (&fleets, own, integrations, promotions);
                scope::run(context, watching, namespace, written, shutdown)
            }),
    )
    .await;
}
