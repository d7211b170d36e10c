//! Reports a lock that may be open and that no object remembers, until it is gone.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::lock_protocol::LOST_REQUEST_SETTLES;
use crate::{
    aic::{LockState, Tenant},
    controller::context::Context,
    http::Priority,
};

/// A person is asked meanwhile, who may take hours.
const LOOK_AT_A_REPORTED_LOCK_EVERY: Duration = Duration::from_mins(1);
/// Its tenant may be gone, so that nobody sees the end of the lock.
const REPORTED_FOR: Duration = Duration::from_hours(24);

/// Its id is not known if the answer to its request was lost. `false` if it is reported already.
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
