//! A run's object is gone before its lock is: somebody has taken its finalizer away. This process still has the key.

use kube::{Api, ResourceExt};

use super::{super::context::Context, run::WITH_AN_OPEN_LOCK};
use crate::{
    aic::{Error, RunState, Tenant},
    api::Promotion,
    controller::{queue::Ref, runs::Key},
    http::Lane,
};

/// Gives the locks of such runs back, in the background. Whoever ends waits for that: nobody else has the key.
pub(in super::super) fn give_back(context: &Context, gone: &Ref) {
    let tasks = &context.tasks;
    for (uid, key) in context.runs.keys_of(gone) {
        let (context, gone) = (context.clone(), gone.clone());
        let task = async move {
            if is_there(&context, &gone, &uid).await {
                return;
            }
            let Some(id) = key.lock_id.clone() else { return };
            tracing::warn!(
                namespace = &*gone.namespace,
                name = &*gone.name,
                id,
                "a Promotion is gone without its finalizer, and its lock is open: it is given back"
            );
            until_gone(&context, &key, &id).await;
            context.runs.forget(&uid);
            tracing::warn!(
                namespace = &*gone.namespace,
                name = &*gone.name,
                id,
                "the lock of a Promotion that is gone is given back"
            );
        };
        tasks.spawn(task);
    }
}

/// One that cannot be decoded any more, or read, is there.
async fn is_there(context: &Context, gone: &Ref, uid: &str) -> bool {
    let api: Api<Promotion> = Api::namespaced(context.client.clone(), &gone.namespace);
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

async fn until_gone(context: &Context, key: &Key, id: &str) {
    let tenant = context
        .aic
        .tenant(key.host.clone(), key.account.clone())
        .in_lane(Lane::Lock);
    loop {
        match ask_back(&tenant, id).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::warn!(id, %error, "failed to ask a lock back"),
        }
        context.clock.sleep(WITH_AN_OPEN_LOCK).await;
    }
}

/// Whether the lock is gone. It is not taken from what is under way.
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
