//! What was answered to the request for a lock is recorded; a lock that cannot be recorded is released: row 4b.

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

/// A write that was sent arrives within this, or never: the API server's limit for a request.
const WRITE_ARRIVES_WITHIN: Duration = Duration::from_mins(1);

/// For so long a lock is tried to be recorded: it blocks everybody.
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

/// The object and its status as they are with the answer.
type Recorded = (Promotion, PromotionStatus);

impl LockAnswer<'_> {
    /// Comes to its end whatever happens to this process's leadership: nobody else has the key, nor knows of a refusal.
    /// No pass is made over the run meanwhile. The object and its status as they are then.
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

    /// Tries for a while to record a lock, as long as this process leads. Where it cannot, what it has written may still
    /// arrive, and whoever leads then goes on with it: only a status that is read after that, and does not know the lock,
    /// tells that nobody does.
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

    /// In the background: passes over the run go on meanwhile, and a person can have their say.
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

    /// Whoever leads next takes a refusal that is not recorded for an answer that was lost, and another's lock for what
    /// may be ours: until it releases that, there is time.
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

    /// Somebody may have changed the object meanwhile, or the answer was recorded and that alone was not answered.
    /// `None` if status does not remember this request any more.
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

    /// The object, if its status knows the lock.
    async fn find(&self, object: &Promotion, id: &str) -> Result<Option<Recorded>, kube::Error> {
        let knows = |stage: &StageStatus| {
            let lock = stage.lock.as_ref();
            lock.is_some_and(|lock| lock.id.as_deref() == Some(id) && !lock.unproved)
        };
        let read = self.read(object).await?;
        Ok(read.filter(|(_, status)| status.stages.iter().any(knows)))
    }

    /// The object as the API server has it, and not another of its name.
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

/// Whether the API server has refused a write, so that it does not arrive later.
fn is_refusal(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if (400..500).contains(&status.code) && status.code != 429)
}
