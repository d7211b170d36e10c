//! A run's object is gone before its lock, because somebody removed the finalizer. This process still has the key.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::{Api, ResourceExt};

use super::{
    lock_protocol::{LOST_REQUEST_SETTLES, RUN_SETTLES},
    run::WITH_AN_OPEN_LOCK,
};
use crate::{
    aic::{Error, LockState, RunState, Tenant},
    api::Promotion,
    controller::{context::Context, engine::queue::Ref, promotion_registry::Key},
    http::Priority,
};

/// A person is asked meanwhile, who may take hours.
const LOOK_AT_A_REPORTED_LOCK_EVERY: Duration = Duration::from_mins(1);
/// Its tenant may be gone, so that nobody sees the end of the lock.
const REPORTED_FOR: Duration = Duration::from_hours(24);

/// Releases the locks of such runs in the background, and reports those that nobody knows. A process that ends waits
/// for this, because nobody else has the key.
pub(in super::super) fn see_to(context: &Context, gone: &Ref) {
    let tasks = &context.tasks;
    for (uid, key) in context.runs.keys_of(gone) {
        // The task that waits for the answer handles it.
        if key.is_asking {
            continue;
        }
        let (context, gone) = (context.clone(), gone.clone());
        tasks.spawn(async move {
            if !is_there(&context, &gone, &uid).await {
                release(&context, &gone, &key).await;
                context.runs.forget(&uid);
            }
        });
    }
}

async fn release(context: &Context, gone: &Ref, key: &Key) {
    let lock = key.stage.open_lock();
    let proved = lock.filter(|lock| !lock.unproved);
    let (namespace, name, host) = (&*gone.namespace, &*gone.name, &key.host);
    if let Some(id) = proved.and_then(|lock| lock.id.as_deref()) {
        tracing::warn!(
            namespace,
            name,
            %host,
            id,
            "a Promotion is gone without its finalizer, and its lock is open: the operator releases it"
        );
        let_settle(context, key).await;
        until_gone(context, &tenant(context, key), id).await;
        tracing::warn!(namespace, name, %host, id, "the lock of a Promotion that is gone is released");
        return;
    }
    let suspect = key.stage.suspect.as_ref().map(|suspect| &suspect.requested_at);
    let Some(requested_at) = lock.map(|lock| &lock.requested_at).or(suspect) else {
        return;
    };
    tracing::error!(
        namespace,
        name,
        %host,
        requested_at = %requested_at.0,
        "a Promotion is gone, and the answer to its request for a lock was lost, so no object remembers it: if the environment is locked, and nobody else is promoting, unlock it in the tenant's console"
    );
    report(
        context,
        host.as_str(),
        Some(tenant(context, key)),
        None,
        requested_at.0,
    );
}

/// Reports a lock that may be open, and that no object remembers, until it is gone. Its id is not known if the answer to
/// its request was lost. `false` if it is reported already.
pub(super) fn report(
    context: &Context,
    host: &str,
    tenant: Option<Tenant>,
    id: Option<&str>,
    requested_at: Timestamp,
) -> bool {
    let known = id.unwrap_or_default();
    let is_reported = context.metrics.unrecorded_since(host, known).is_some();
    context.metrics.lock_is_unrecorded(host, known, requested_at);
    if !is_reported {
        let (context, host, id) = (context.clone(), host.to_owned(), id.map(ToOwned::to_owned));
        let tenant = tenant.map(|tenant| tenant.with_priority(Priority::Check));
        // Nothing that an end has to wait for: this releases nothing.
        tokio::spawn(async move { until_unlocked(&context, &host, tenant.as_ref(), id.as_deref()).await });
    }
    !is_reported
}

async fn until_unlocked(context: &Context, host: &str, tenant: Option<&Tenant>, id: Option<&str>) {
    let known = id.unwrap_or_default();
    while let Some(since) = context.metrics.unrecorded_since(host, known) {
        context.clock.sleep(LOOK_AT_A_REPORTED_LOCK_EVERY).await;
        let passed = context.clock.now().duration_since(since);
        let passed = Duration::try_from(passed).unwrap_or_default();
        // A lost request may have an effect until then.
        if passed < LOST_REQUEST_SETTLES {
            continue;
        }
        let is_gone = |state: LockState| id.map_or(state.is_unlocked(), |id| state.is_free_of(id));
        let is_seen_gone = match tenant {
            Some(tenant) => tenant.lock_state().await.is_ok_and(is_gone),
            None => false,
        };
        if is_seen_gone || passed > REPORTED_FOR {
            context.metrics.lock_is_recorded(host, known);
            tracing::info!(host, id, %since, is_seen_gone, "a lock that no object remembers is not reported any more");
        }
    }
}

/// A request under the lock may be in flight, and would run under the next lock.
async fn let_settle(context: &Context, key: &Key) {
    let Some(promote) = &key.stage.promote else { return };
    let passed = context.clock.now().duration_since(promote.requested_at.0);
    let passed = passed.try_into().unwrap_or_default();
    context.clock.sleep(RUN_SETTLES.saturating_sub(passed)).await;
}

fn tenant(context: &Context, key: &Key) -> Tenant {
    let tenant = context.aic.tenant(key.host.clone(), key.account.clone());
    tenant.with_priority(Priority::Lock)
}

/// An object that cannot be decoded or read exists.
async fn is_there(context: &Context, gone: &Ref, uid: &str) -> bool {
    let api: Api<Promotion> = Api::namespaced(context.cluster.client.clone(), &gone.namespace);
    loop {
        match api.get_metadata_opt(&gone.name).await {
            Ok(found) => return found.is_some_and(|found| found.uid().as_deref() == Some(uid)),
            Err(error) => {
                tracing::warn!(namespace = &*gone.namespace, name = &*gone.name, %error, "failed to look whether a Promotion is gone");
                context.clock.sleep(WITH_AN_OPEN_LOCK).await;
            }
        }
    }
}

/// Deletes a lock that is proved ours until it is gone.
pub(super) async fn until_gone(context: &Context, tenant: &Tenant, id: &str) {
    loop {
        match ask_back(tenant, id).await {
            Ok(true) => return,
            Ok(false) => tracing::info!(host = %tenant.host(), id, "waiting until a lock is gone"),
            Err(error) => tracing::warn!(host = %tenant.host(), id, %error, "failed to delete a lock"),
        }
        context.clock.sleep(WITH_AN_OPEN_LOCK).await;
    }
}

/// Whether the lock is gone. It is not deleted while something runs under it.
async fn ask_back(tenant: &Tenant, id: &str) -> Result<bool, Error> {
    if tenant.lock_state().await?.is_free_of(id) {
        return Ok(true);
    }
    let run = tenant.promotion_progress().await?;
    if run.state() == RunState::Idle || (run.blocking_error && run.state() != RunState::Running) {
        tenant.unlock(id, None).await?;
    }
    Ok(false)
}
