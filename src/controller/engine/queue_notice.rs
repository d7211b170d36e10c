//! Tells in the status of an object why it waits in the queue for long.

use std::{fmt::Debug, sync::Arc, time::Duration};

use kube::runtime::reflector::Store;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::{
    cluster::Cluster,
    queue::{Queue, Ref},
    status::{self, HasStatus, NotWritten},
    stores::find,
};
use crate::api::{
    Conditions, Reason,
    conditions::{Conclusion, READY},
};

/// An object that waits longer is told once.
const LONG: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// A kind whose objects wait for a vendor's rate limit.
pub(crate) trait RateLimited: HasStatus<Status: Default> + Clone + Debug + DeserializeOwned {
    /// The host whose rate limit it waits for, if it is known.
    fn host_key(&self) -> Option<&str>;
    /// Whether a person has suspended it.
    fn is_suspended(&self) -> bool;
    fn conditions_mut(status: &mut Self::Status) -> &mut Conditions;
}

/// Checks which objects wait, while this process leads and until `shutdown`.
pub(crate) async fn report_queued<K: RateLimited + 'static>(
    store: &Store<K>,
    queue: &Arc<Queue<Ref>>,
    cluster: &Cluster,
    shutdown: &CancellationToken,
) {
    tokio::select! {
        () = cluster.leadership.acquired() => {}
        () = shutdown.cancelled() => return,
    }
    loop {
        tokio::select! {
            () = cluster.clock.sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        for item in queue.waits_for(LONG) {
            // A reconciliation in between would have newer findings, and this status would replace them.
            let Some(since) = queue.hold(&item) else {
                continue;
            };
            let is_told = match find(store, &item).filter(|object| is_worth_a_word(&**object)) {
                Some(object) => tell(&*object, cluster).await,
                None => Ok(()),
            };
            if let Err(error) = &is_told {
                tracing::info!(?item, %error, "failed to report that an object waits in the queue");
            }
            queue.put_back(&item, since, is_told.is_ok());
        }
    }
}

/// An object that is suspended, or already says what is wrong, keeps its message.
fn is_worth_a_word<K: RateLimited>(object: &K) -> bool {
    let ready = object
        .status()
        .and_then(|status| K::conditions(status).get(READY));
    let has_said = ready
        .is_some_and(|ready| ready.status != "True" && ready.observed_generation == object.meta().generation);
    !has_said && !object.is_suspended() && object.meta().deletion_timestamp.is_none()
}

async fn tell<K: RateLimited>(object: &K, cluster: &Cluster) -> Result<(), NotWritten> {
    let mut object = object.clone();
    let mut told = object.status().cloned().unwrap_or_default();
    let host = object.host_key().unwrap_or("the vendor");
    let message = format!("waiting for the rate limit of {host}, where others have priority");
    let conclusion = Conclusion::InProgress(Reason::WaitingForTurn, message);
    let (generation, now) = (object.meta().generation, cluster.clock.now());
    K::conditions_mut(&mut told).conclude(&conclusion, generation, now);
    status::write(cluster, &mut object, &told).await.map(drop)
}
