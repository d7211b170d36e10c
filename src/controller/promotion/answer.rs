//! What was answered to the request for a lock is recorded; a lock that cannot be recorded is given back.

use kube::{Api, ResourceExt};

use super::{
    super::{
        context::Context,
        status::{self, NotWritten},
    },
    protocol::{LOCK_SETTLES, QUIET_PERIOD},
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
    /// Comes to its end whatever happens to this process's leadership: nobody else has the key, nor knows of a refusal.
    /// No pass is made over the run meanwhile. The object and its status as they are then.
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
        let recorded = match self.after.lock.as_ref().and_then(|lock| lock.id.as_deref()) {
            Some(id) => self.record_or_give_back(&object, id).await,
            None => self.record_refusal(&object).await,
        };
        recorded.unwrap_or((object, before))
    }

    /// Tries to record a lock, and gives it back as long as it cannot.
    async fn record_or_give_back(
        &self,
        object: &Promotion,
        id: &str,
    ) -> Option<(Promotion, PromotionStatus)> {
        let clock = &self.context.clock;
        let taken = clock.instant();
        let mut is_asked_back = false;
        loop {
            // What is asked back is recorded no more: it is about to go.
            if !is_asked_back
                && self.context.leadership.holds_for(ONCE_ONLY_TIMEOUT)
                && let Ok(Some(recorded)) = self.record_anew(object).await
            {
                return Some(recorded);
            }
            match self.tenant.unlock(id, None).await {
                Ok(()) => is_asked_back = true,
                Err(error) => {
                    tracing::warn!(id, %error, "failed to give back a lock that could not be recorded");
                }
            }
            clock.sleep(WITH_AN_OPEN_LOCK).await;
            let is_settled = clock.instant().saturating_duration_since(taken) >= LOCK_SETTLES;
            match self.tenant.lock_state().await {
                Ok(lock) if lock.is_free_of(id) && is_settled => {
                    tracing::info!(id, "a lock that could not be recorded is gone");
                    self.context.runs.void(self.attempt);
                    return None;
                }
                _ => {}
            }
        }
    }

    /// Whoever leads next takes a refusal that is not recorded for an answer that was lost, and another's lock for what
    /// may be ours: until it gives that back, there is time.
    async fn record_refusal(&self, object: &Promotion) -> Option<(Promotion, PromotionStatus)> {
        let clock = &self.context.clock;
        let refused = clock.instant();
        while clock.instant().saturating_duration_since(refused) < QUIET_PERIOD {
            if let Ok(recorded) = self.record_anew(object).await {
                return recorded;
            }
            clock.sleep(WITH_AN_OPEN_LOCK).await;
        }
        None
    }

    /// Somebody may have changed the object meanwhile, or the answer was recorded and that alone was not answered.
    /// `None` if status does not remember this request any more.
    async fn record_anew(
        &self,
        object: &Promotion,
    ) -> Result<Option<(Promotion, PromotionStatus)>, NotWritten> {
        let namespace = object.namespace().unwrap_or_default();
        let api: Api<Promotion> = Api::namespaced(self.context.client.clone(), &namespace);
        let Some(mut fresh) = api.get_opt(&object.name_any()).await? else {
            return Ok(None);
        };
        let mut status = fresh.status.clone().unwrap_or_default();
        let is_asked_for = |stage: &&mut StageStatus| {
            let attempt = stage.lock.as_ref().map(|lock| lock.attempt.as_str());
            attempt == Some(self.attempt)
        };
        let Some(place) = status.stages.iter_mut().find(is_asked_for) else {
            return Ok(None);
        };
        if place.lock.as_ref().map(|lock| &lock.id) == self.after.lock.as_ref().map(|lock| &lock.id) {
            return Ok(Some((fresh, status)));
        }
        if place.step != Some(Step::LockRequested) {
            return Ok(None);
        }
        *place = self.after.clone();
        status::write(self.context, &mut fresh, &status).await?;
        Ok(Some((fresh, status)))
    }
}
