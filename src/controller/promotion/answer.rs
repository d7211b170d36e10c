//! What was answered to the request for a lock is recorded; a lock that cannot be recorded is given back.

use kube::{Api, ResourceExt};

use super::{
    super::{context::Context, status},
    protocol::LOCK_SETTLES,
    run::WITH_AN_OPEN_LOCK,
};
use crate::{
    aic::Tenant,
    api::{Promotion, PromotionStatus, StageStatus, Step},
    http::ONCE_ONLY_TIMEOUT,
};

pub(super) struct Answer<'a> {
    pub(super) context: &'a Context,
    pub(super) tenant: &'a Tenant,
    /// The request that was answered.
    pub(super) attempt: &'a str,
    /// The stage with the answer.
    pub(super) after: StageStatus,
}

impl Answer<'_> {
    /// Comes to its end whatever happens to this process's leadership: nobody else has the key. No pass is made over
    /// the run meanwhile. The object and its status as they are then.
    pub(super) async fn record(
        &self,
        mut object: Promotion,
        before: PromotionStatus,
    ) -> (Promotion, PromotionStatus) {
        let mut known = before.clone();
        if let Some(place) = known
            .stages
            .iter_mut()
            .find(|known| known.name == self.after.name)
        {
            *place = self.after.clone();
        }
        let Err(error) = status::write(self.context, &mut object, &known).await else {
            return (object, known);
        };
        tracing::warn!(%error, "failed to record the answer to the request for a lock");
        let Some(id) = self.after.lock.as_ref().and_then(|lock| lock.id.as_deref()) else {
            return (object, before);
        };
        let clock = &self.context.clock;
        let taken = clock.instant();
        loop {
            if self.context.leadership.holds_for(ONCE_ONLY_TIMEOUT)
                && let Some(recorded) = self.record_anew(&object).await
            {
                return recorded;
            }
            if let Err(error) = self.tenant.unlock(id, None).await {
                tracing::warn!(id, %error, "failed to give back a lock that could not be recorded");
            }
            clock.sleep(WITH_AN_OPEN_LOCK).await;
            let is_settled = clock.instant().saturating_duration_since(taken) >= LOCK_SETTLES;
            match self.tenant.lock_state().await {
                Ok(lock) if lock.is_free_of(id) && is_settled => {
                    tracing::info!(id, "a lock that could not be recorded is gone");
                    self.context.runs.void(self.attempt);
                    return (object, before);
                }
                _ => {}
            }
        }
    }

    /// Somebody may have changed the object meanwhile, or the answer was recorded and that alone was not answered.
    async fn record_anew(&self, object: &Promotion) -> Option<(Promotion, PromotionStatus)> {
        let namespace = object.namespace().unwrap_or_default();
        let api: Api<Promotion> = Api::namespaced(self.context.client.clone(), &namespace);
        let mut fresh = api.get_opt(&object.name_any()).await.ok()??;
        let mut status = fresh.status.clone()?;
        let is_asked_for = |stage: &&mut StageStatus| {
            let attempt = stage.lock.as_ref().map(|lock| lock.attempt.as_str());
            attempt == Some(self.attempt)
        };
        let place = status.stages.iter_mut().find(is_asked_for)?;
        if place.lock.as_ref().map(|lock| &lock.id) == self.after.lock.as_ref().map(|lock| &lock.id) {
            return Some((fresh, status));
        }
        if place.step != Some(Step::LockRequested) {
            return None;
        }
        *place = self.after.clone();
        status::write(self.context, &mut fresh, &status).await.ok()?;
        Some((fresh, status))
    }
}
