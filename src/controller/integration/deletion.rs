//! The object is being deleted: mapping, worker and ESV go, in that order, as far as the environment allows.
//!
//! A deletion is never stuck. After five minutes (thirty while the environment is locked), or without a service
//! account, the object goes, and an event names what stays.

use std::time::Duration;

use kube::{Api, ResourceExt};

use super::{
    pass::{Lock, Pass},
    teardown::{self, Left},
};
use crate::{
    api::{AICIntegration, DeletionPolicy, Reason, conditions::Conclusion},
    controller::engine::{
        finalizer,
        requeue::{Flow, Requeue, When},
    },
};

const TRY_AGAIN: Duration = Duration::from_secs(15);

/// Reconciles an object that is being deleted.
pub(super) async fn reconcile(mut pass: Pass<'_>) -> When {
    if !finalizer::is_set(&pass.object) {
        return When::Check(pass.object.spec.interval.into());
    }
    // A cache that is behind would show the object with its finalizer, and the event would be sent again.
    match read_anew(&pass).await {
        Ok(Some(object)) if finalizer::is_set(&object) => {
            pass.status = object.status.clone().unwrap_or_default();
            pass.object = object;
        }
        Ok(_) => return When::Check(pass.object.spec.interval.into()),
        Err(error) => {
            tracing::warn!(name = pass.object.name_any(), %error, "failed to read an object that is being deleted");
            return When::Retry(None);
        }
    }
    let uid = pass.object.uid().unwrap_or_default();
    pass.context.deletions.begin(&uid, pass.context.clock.instant());
    let left = match remove(&mut pass).await {
        Ok(left) => left,
        Err(end) => {
            let (deletions, now) = (&pass.context.deletions, pass.context.clock.instant());
            if pass.lock == Lock::Locked {
                deletions.met_a_lock(&uid, now);
            }
            let remaining = deletions.remaining(&uid, now);
            if !remaining.is_zero() {
                return wait(pass, &end, remaining).await;
            }
            let (_, why) = end.conclusion.text();
            Some(Left {
                what: "what it made".to_owned(),
                why: why.to_owned(),
            })
        }
    };
    if let Some(Left { what, why }) = &left {
        let message = format!(
            "{what} stays in {}: {why}. If nobody else uses it, remove it in the tenant's console",
            pass.object.spec.tenant.url
        );
        pass.context.metrics.left_behind();
        pass.context
            .cluster
            .warn(&pass.object, Reason::LeftBehind, &message)
            .await;
    }
    match finalizer::set(&pass.context.cluster, &mut pass.object, false).await {
        // Gone already.
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => {
            tracing::warn!(name = pass.object.name_any(), %error, "failed to remove the finalizer");
            return When::Retry(None);
        }
        Ok(()) => tracing::info!(name = pass.object.name_any(), left = ?left, "object is let go"),
    }
    pass.context.deletions.end(&uid);
    When::Check(pass.object.spec.interval.into())
}

/// The object from the API server; `None` if it is gone, or another one has its name.
async fn read_anew(pass: &Pass<'_>) -> Result<Option<AICIntegration>, kube::Error> {
    let namespace = pass.object.namespace().unwrap_or_default();
    let api: Api<AICIntegration> = Api::namespaced(pass.context.cluster.client.clone(), &namespace);
    let object = api.get_opt(&pass.object.name_any()).await?;
    Ok(object.filter(|object| object.uid() == pass.object.uid()))
}

async fn remove(pass: &mut Pass<'_>) -> Flow<Option<Left>> {
    if pass.object.spec.deletion_policy != DeletionPolicy::Delete {
        return Ok(None);
    }
    if pass.object.spec.suspend {
        return Ok(Some(Left {
            what: "what it made".to_owned(),
            why: "spec.suspend is true".to_owned(),
        }));
    }
    teardown::run(pass).await
}

/// Says what the deletion waits for.
async fn wait(mut pass: Pass<'_>, end: &Requeue, remaining: Duration) -> When {
    let (_, why) = end.conclusion.text();
    let (patience, again) = match pass.lock {
        Lock::Locked => ("thirty minutes", end.when),
        Lock::NotLookedAt | Lock::Unlocked => ("five minutes", When::Poll(remaining.min(TRY_AGAIN))),
    };
    let message = format!("it is being deleted, and waits for its tenant for at most {patience}: {why}");
    let conclusion = Conclusion::InProgress(Reason::Deleting, message);
    pass.conclude(&conclusion);
    // The object may be gone by now. The next reconciliation sees that.
    let _ = pass.record().await;
    again
}
