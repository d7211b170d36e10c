//! Reconciles the objects of any kind: watches, queue, loop, status, events, finalizer. It knows no kind.

pub(super) mod cluster;
mod events;
pub(super) mod finalizer;
pub(super) mod queue;
pub(super) mod queue_notice;
pub(super) mod reconcile_loop;
pub(super) mod requeue;
pub(super) mod secret;
pub(super) mod shard;
mod stale_reads;
pub(super) mod status;
pub(super) mod stores;
pub(super) mod undecodable;
pub(super) mod watch;
