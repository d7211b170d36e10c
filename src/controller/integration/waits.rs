//! Whoever waits long for its turn at its tenant is told why.

use std::time::Duration;

use kube::Resource;
use tokio_util::sync::CancellationToken;

use super::super::{context::ScopeContext, status, wake};
use crate::api::{
    AICIntegration, Reason,
    conditions::{Conclusion, READY},
};

/// What takes longer is worth a word; it is said once.
const LONG: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Looks who waits, from when this process leads until `shutdown`.
pub(in super::super) async fn tell_who_waits(scope: &ScopeContext, shutdown: &CancellationToken) {
    tokio::select! {
        () = scope.context.leadership.acquired() => {}
        () = shutdown.cancelled() => return,
    }
    let queue = &scope.integration_queue;
    loop {
        tokio::select! {
            () = scope.context.clock.sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        for item in queue.waits_for(LONG) {
            // A pass meanwhile would have better news, and this would stand when it is over.
            let Some(since) = queue.hold(&item) else {
                continue;
            };
            let known = wake::find(&scope.integrations, &item);
            let is_told = match known.filter(|integration| is_worth_a_word(integration)) {
                Some(integration) => tell(&integration, scope).await,
                None => Ok(()),
            };
            if let Err(error) = &is_told {
                tracing::info!(?item, %error, "failed to tell that an integration waits for its turn");
            }
            queue.put_back(&item, since, is_told.is_ok());
        }
    }
}

/// What is wrong already, or stands still by a person's will, has better to say.
fn is_worth_a_word(integration: &AICIntegration) -> bool {
    let status = integration.status.as_ref();
    let ready = status.and_then(|status| status.conditions.get(READY));
    let has_said = ready.is_some_and(|ready| {
        ready.status != "True" && ready.observed_generation == integration.meta().generation
    });
    !has_said && !integration.spec.suspend && integration.meta().deletion_timestamp.is_none()
}

async fn tell(integration: &AICIntegration, scope: &ScopeContext) -> Result<(), status::NotWritten> {
    let mut object = integration.clone();
    let mut told = object.status.clone().unwrap_or_default();
    let message = format!(
        "others come first at {}, which is asked no faster than the installation allows",
        object.spec.tenant.url
    );
    let conclusion = Conclusion::InProgress(Reason::WaitingForTurn, message);
    let now = scope.context.clock.now();
    told.conditions
        .conclude(&conclusion, object.meta().generation, now);
    status::write(&scope.context, &mut object, &told).await.map(drop)
}
