//! Reconciles the objects of one kind when they are due.

use std::{fmt::Debug, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use kube::{Api, Resource, ResourceExt, runtime::reflector::Store};
use serde::de::DeserializeOwned;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use super::{
    cluster::Cluster,
    queue::{Due, Queue, Ref, priority_of},
    requeue::When,
    status::HasStatus,
    stores::find,
    watch::of_name,
};
use crate::http::Priority;

/// Current reconciliations have this long to end when the process shuts down. What must not be cut off is a task of
/// its own.
const GRACE: Duration = Duration::from_secs(10);

/// Reconciles each object when it is due.
///
/// The number of reconciliations has no limit here, because tenants that do not answer would fill it. The queue and
/// the rate limits do that for each host.
pub(crate) async fn run<K, S, P>(
    store: Store<K>,
    queue: &Arc<Queue<Ref>>,
    cluster: &Cluster,
    scope: Arc<S>,
    shutdown: &CancellationToken,
    pass: fn(Arc<K>, Arc<S>, Priority) -> P,
) where
    K: HasStatus + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    S: Send + Sync + 'static,
    P: Future<Output = When> + Send + 'static,
{
    // A standby process waits here with full caches.
    tokio::select! {
        () = cluster.leadership.acquired() => {}
        () = shutdown.cancelled() => return,
    }
    let of = |item: &Ref| find(&store, item);
    queue.begin(|item| of(item).map(|object| priority_of(&*object, false)));
    let metrics = &cluster.metrics;
    let kind = kind::<K>();
    metrics.queue(kind, {
        let queue = Arc::clone(queue);
        move || queue.load()
    });
    let mut due = pin!(Arc::clone(queue).due().take_until(shutdown.cancelled()));
    let (under_way, cut) = (TaskTracker::new(), CancellationToken::new());
    while let Some(Due {
        item,
        priority,
        waited,
    }) = due.next().await
    {
        metrics.begun(kind, priority, waited);
        let Some(object) = of(&item) else {
            queue.done(&item, When::OnChange);
            continue;
        };
        let span = tracing::info_span!(
            "reconcile",
            kind,
            namespace = &*item.namespace,
            name = &*item.name
        );
        let (queue, cluster, scope) = (Arc::clone(queue), cluster.clone(), Arc::clone(&scope));
        let pass = async move {
            let next = match current(&cluster, object).await {
                Ok(Some(object)) => {
                    let pass = AssertUnwindSafe(pass(object, scope, priority)).catch_unwind();
                    // A panic about one object does not stop the others.
                    pass.await.unwrap_or_else(|_| {
                        tracing::error!("the pass panicked; it is tried again");
                        When::Retry(None)
                    })
                }
                Ok(None) => When::OnChange,
                Err(error) => {
                    tracing::warn!(%error, "failed to read the object");
                    When::Retry(None)
                }
            };
            queue.done(&item, next);
        };
        let cut = cut.clone();
        under_way.spawn(async move { cut.run_until_cancelled(pass.instrument(span)).await });
    }
    under_way.close();
    // A process that does not lead any more must stop, because another one acts.
    let grace = async {
        if cluster.leadership.holds_for(GRACE) {
            cluster.clock.sleep(GRACE).await;
        }
    };
    tokio::select! { () = under_way.wait() => {}, () = grace => cut.cancel() }
    under_way.wait().await;
}

/// A kind's name in metrics and traces.
fn kind<K: Resource<DynamicType = ()>>() -> &'static str {
    match K::kind(&()) {
        std::borrow::Cow::Borrowed(kind) => kind,
        std::borrow::Cow::Owned(_) => "object",
    }
}

/// The object from the API server if the cache is known to be behind; `None` if it is gone.
async fn current<K>(cluster: &Cluster, known: Arc<K>) -> kube::Result<Option<Arc<K>>>
where
    K: HasStatus + Clone + Debug + DeserializeOwned,
{
    if !cluster.stale_reads.has(known.meta()) {
        return Ok(Some(known));
    }
    let api: Api<K> = Api::namespaced(cluster.client.clone(), &known.namespace().unwrap_or_default());
    let found = api.list(&of_name(&known.name_any())).await?.items.pop();
    Ok(found.map(Arc::new))
}
