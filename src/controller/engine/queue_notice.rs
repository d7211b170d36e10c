//! Whoever waits long for its turn at a vendor is told why.

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

/// What takes longer is worth a word; it is said once.
const LONG: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// A kind whose objects take turns at a vendor.
pub(crate) trait RateLimited: HasStatus<Status: Default> + Clone + Debug + DeserializeOwned {
    /// Where its turns are, as far as it is known: what waits for one host waits for each other.
    fn host_key(&self) -> Option<&str>;
    /// Whether it stands still by a person's will.
    fn is_suspended(&self) -> bool;
    fn conditions_mut(status: &mut Self::Status) -> &mut Conditions;
}

/// Looks who waits, from when this process leads until `shutdown`.
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
            // A pass meanwhile would have better news, and this would stand when it is over.
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

/// What is wrong already, or stands still by a person's will, has better to say.
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
