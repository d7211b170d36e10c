//! A run's object is gone before its lock, because somebody removed the finalizer. This process still has the key.

use kube::{Api, ResourceExt};

use super::{lock_protocol::RUN_SETTLES, run::WITH_AN_OPEN_LOCK, unrecorded_lock};
use crate::{
    aic::{Error, RunState, Tenant},
    api::Promotion,
    controller::{context::Context, engine::queue::Ref, promotion_registry::Key},
    http::Priority,
};

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
    let tenant = tenant(context, key);
    unrecorded_lock::report(context, host.as_str(), Some(tenant), None, requested_at.0);
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
