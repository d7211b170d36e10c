//! Records the answer to the request for a lock. Releases a lock that cannot be recorded: row 4b.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Api, ResourceExt};

use super::{
    lock_protocol::{QUIET_PERIOD, whole_seconds},
    orphaned_lock::until_gone,
    run::WITH_AN_OPEN_LOCK,
};
use crate::{
    aic::Tenant,
    api::{Promotion, PromotionStatus, StageStatus, Step},
    controller::{
        context::Context,
        engine::status::{self, NotWritten},
    },
    http::ONCE_ONLY_TIMEOUT,
};

/// A status write arrives within this time or never: the API server's limit for a request.
const WRITE_ARRIVES_WITHIN: Duration = Duration::from_mins(1);

/// How long to try to record a lock, which blocks everybody.
const TRIES_TO_RECORD: Duration = Duration::from_mins(1);

pub(super) struct LockAnswer<'a> {
    pub(super) context: &'a Context,
    pub(super) tenant: &'a Tenant,
    /// The run's object.
    pub(super) uid: &'a str,
    /// The request that was answered.
    pub(super) attempt: &'a str,
    /// The stage with the answer.
    pub(super) after: StageStatus,
}

/// The object and its status with the answer.
type Recorded = (Promotion, PromotionStatus);

impl LockAnswer<'_> {
    /// Records the answer, even if this process loses the leadership, because nobody else has the key or knows of a
    /// refusal. The run is not reconciled meanwhile. Returns the object and its status as they are then.
    pub(super) async fn record(&self, mut object: Promotion, before: PromotionStatus) -> Recorded {
        let mut known = before.clone();
        if let Some(place) = known
            .stages
            .iter_mut()
            .find(|known| known.name == self.after.name)
        {
            *place = self.after.clone();
        }
        known.set_current(self.now());
        let Err(error) = status::write(&self.context.cluster, &mut object, &known).await else {
            return (object, known);
        };
        tracing::warn!(%error, "failed to record the answer to the request for a lock");
        let recorded = match self.lock_id() {
            Some(id) => self.record_or_release(&object, id).await,
            None => self.record_refusal(&object).await,
        };
        recorded.unwrap_or((object, before))
    }

    fn now(&self) -> Time {
        Time(whole_seconds(self.context.clock.now()))
    }

    fn lock_id(&self) -> Option<&str> {
        self.after.lock.as_ref()?.id.as_deref()
    }

    /// Tries for a while to record a lock, while this process leads. If it fails, its write may still arrive, and the
    /// next leader continues with it. Only a later read of the status shows that the lock is not recorded.
    async fn record_or_release(&self, object: &Promotion, id: &str) -> Option<Recorded> {
        let clock = &self.context.clock;
        let (host, requested_at) = (self.tenant.host().as_str(), clock.now());
        let taken = clock.instant();
        let mut written = taken;
        let recorded = loop {
            let tries = clock.instant().saturating_duration_since(taken) < TRIES_TO_RECORD;
            if tries && self.context.cluster.leadership.holds_for(ONCE_ONLY_TIMEOUT) {
                match self.record_anew(object).await {
                    Ok(Some(recorded)) => break Some(recorded),
                    Err(NotWritten::Failed(error)) if !is_refusal(&error) => written = clock.instant(),
                    Ok(None) | Err(_) => {}
                }
            }
            if clock.instant().saturating_duration_since(written) >= WRITE_ARRIVES_WITHIN {
                match self.find(object, id).await {
                    Ok(Some(recorded)) => break Some(recorded),
                    Ok(None) => {
                        self.context.metrics.lock_is_unrecorded(host, id, requested_at);
                        self.release(id);
                        return None;
                    }
                    Err(error) => {
                        tracing::error!(%error, host, id, "a lock exists, and whether it is recorded cannot be read: it is released if it is not");
                        self.context.metrics.lock_is_unrecorded(host, id, requested_at);
                    }
                }
            }
            clock.sleep(WITH_AN_OPEN_LOCK).await;
        };
        self.context.metrics.lock_is_recorded(host, id);
        recorded
    }

    /// Releases the lock in the background. The run is reconciled meanwhile, so a person can still decide.
    fn release(&self, id: &str) {
        let (context, tenant) = (self.context.clone(), self.tenant.clone());
        let (uid, attempt, id) = (self.uid.to_owned(), self.attempt.to_owned(), id.to_owned());
        self.context.tasks.spawn(async move {
            until_gone(&context, &tenant, &id).await;
            let host = tenant.host().as_str();
            tracing::info!(host, id, "a lock that could not be recorded is gone");
            context.runs.void(&attempt);
            context.runs.drop_key(&uid);
            context.metrics.lock_is_recorded(host, &id);
        });
    }

    /// The next leader takes an unrecorded refusal for a lost answer, and somebody else's lock for one that may be
    /// ours. So this keeps trying until that leader could release the lock.
    async fn record_refusal(&self, object: &Promotion) -> Option<Recorded> {
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

    /// Somebody may have changed the object meanwhile, or the write succeeded and only its answer was lost.
    /// `None` if the status has no such request any more.
    async fn record_anew(&self, object: &Promotion) -> Result<Option<Recorded>, NotWritten> {
        let Some((mut fresh, mut status)) = self.read(object).await? else {
            return Ok(None);
        };
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
        status.set_current(self.now());
        status::write(&self.context.cluster, &mut fresh, &status).await?;
        Ok(Some((fresh, status)))
    }

    /// The object, if its status has the lock.
    async fn find(&self, object: &Promotion, id: &str) -> Result<Option<Recorded>, kube::Error> {
        let knows = |stage: &StageStatus| {
            let lock = stage.lock.as_ref();
            lock.is_some_and(|lock| lock.id.as_deref() == Some(id) && !lock.unproved)
        };
        let read = self.read(object).await?;
        Ok(read.filter(|(_, status)| status.stages.iter().any(knows)))
    }

    /// The object from the API server, and not another one with its name.
    async fn read(&self, object: &Promotion) -> Result<Option<Recorded>, kube::Error> {
        let namespace = object.namespace().unwrap_or_default();
        let api: Api<Promotion> = Api::namespaced(self.context.cluster.client.clone(), &namespace);
        let fresh = api.get_opt(&object.name_any()).await?;
        let same = fresh.filter(|fresh| fresh.uid().as_deref() == Some(self.uid));
        Ok(same.map(|fresh| {
            let status = fresh.status.clone().unwrap_or_default();
            (fresh, status)
        }))
    }
}

/// Whether the API server has refused a write, which then cannot arrive later.
fn is_refusal(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if (400..500).contains(&status.code) && status.code != 429)
}
