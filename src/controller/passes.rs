//! Passes over the objects of one kind: one when it is due, on the object as it is.

use std::{fmt::Debug, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use kube::{Api, Resource, ResourceExt, api::ListParams, runtime::reflector::Store};
use serde::de::DeserializeOwned;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use super::{
    Context, Next,
    context::ScopeContext,
    queue::{Due, Queue, Ref},
    status::HasStatus,
    wake,
};
use crate::http::Lane;

/// Passes under way may take so long to end by themselves. What must not be cut off is a task of its own.
const GRACE: Duration = Duration::from_secs(10);

/// Runs a pass over each object when it is due.
///
/// There is no limit: one that dead tenants fill would hold up all others. The queue and budgets limit what passes do.
pub(super) async fn run<K, P>(
    store: Store<K>,
    queue: &Arc<Queue<Ref>>,
    scope: Arc<ScopeContext>,
    shutdown: &CancellationToken,
    pass: fn(Arc<K>, Arc<ScopeContext>, Lane) -> P,
) where
    K: HasStatus + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    P: Future<Output = Next> + Send + 'static,
{
    // Those who stand by have warm caches, and wait here.
    tokio::select! {
        () = scope.context.leadership.acquired() => {}
        () = shutdown.cancelled() => return,
    }
    let of = |item: &Ref| wake::find(&store, item);
    queue.begin(|item| of(item).map(|object| wake::lane(&*object, false)));
    let metrics = &scope.context.metrics;
    let kind = kind::<K>();
    metrics.queue(kind, {
        let queue = Arc::clone(queue);
        move || queue.load()
    });
    let mut due = pin!(Arc::clone(queue).due().take_until(shutdown.cancelled()));
    let (under_way, cut) = (TaskTracker::new(), CancellationToken::new());
    while let Some(Due { item, lane, waited }) = due.next().await {
        metrics.begun(kind, lane, waited);
        let Some(object) = of(&item) else {
            queue.done(&item, Next::OnChange);
            continue;
        };
        let span = tracing::info_span!(
            "reconcile",
            kind,
            namespace = &*item.namespace,
            name = &*item.name
        );
        let (queue, scope) = (Arc::clone(queue), Arc::clone(&scope));
        let pass = async move {
            let next = match current(&scope.context, object).await {
                Ok(Some(object)) => {
                    let pass = AssertUnwindSafe(pass(object, scope, lane)).catch_unwind();
                    // A mistake of ours that one object brings to light stops no other.
                    pass.await.unwrap_or_else(|_| {
                        tracing::error!("the pass panicked; it is tried again");
                        Next::Retry(None)
                    })
                }
                Ok(None) => Next::OnChange,
                Err(error) => {
                    tracing::warn!(%error, "failed to read the object");
                    Next::Retry(None)
                }
            };
            queue.done(&item, next);
        };
        let cut = cut.clone();
        under_way.spawn(async move { cut.run_until_cancelled(pass.instrument(span)).await });
    }
    under_way.close();
    // Whoever does not lead any more must stop: another acts.
    let context = &scope.context;
    let grace = async {
        if context.leadership.holds_for(GRACE) {
            context.clock.sleep(GRACE).await;
        }
    };
    tokio::select! { () = under_way.wait() => {}, () = grace => cut.cancel() }
    under_way.wait().await;
}

/// What a kind is called in metrics and traces.
fn kind<K: Resource<DynamicType = ()>>() -> &'static str {
    match K::kind(&()) {
        std::borrow::Cow::Borrowed(kind) => kind,
        std::borrow::Cow::Owned(_) => "object",
    }
}

/// The object as it is, where the cache is known to be behind; `None` if it is gone.
async fn current<K>(context: &Context, known: Arc<K>) -> kube::Result<Option<Arc<K>>>
where
    K: HasStatus + Clone + Debug + DeserializeOwned,
{
    if !context.replaced.has(known.meta()) {
        return Ok(Some(known));
    }
    let api: Api<K> = Api::namespaced(context.client.clone(), &known.namespace().unwrap_or_default());
    // A list, which the operator may make anyway.
    let of_this_name = ListParams::default().fields(&format!("metadata.name={}", known.name_any()));
    let found = api.list(&of_this_name).await?.items.pop();
    Ok(found.map(Arc::new))
}
