//! Carries out acts: records each, then sends it.
//!
//! A request that must not be repeated, and the recording of its answer, are one task that nothing cuts off.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tracing::Instrument;

use super::{
    lock_answer::LockAnswer,
    lock_protocol::{SeenReport, dry_run_refused, lock_accepted, lock_refused, whole_seconds},
    orphaned_lock,
    reports::ObserveError,
    requeue::RunRequeue,
    run::Run,
};
use crate::{
    aic::{Error, Order, Tenant},
    api::{
        Action, IGNORE_REPORT_ANNOTATION, PromotionPhase, Reason, RunMark, StageStatus,
        conditions::Conclusion,
    },
    controller::{
        engine::{finalizer, queue::Ref},
        promotion_registry::Key,
        tenant::error::{classify, classify_anew},
    },
    http::{self, Guard, Outcome},
};

impl Run<'_> {
    /// Requests the lock, once.
    pub(super) async fn lock(&mut self, tenant: &Tenant, mut stage: StageStatus) -> Result<(), RunRequeue> {
        self.keep_finalizer().await?;
        // From here on only the status write comes before the request.
        let guard = self.context.guard();
        let attempt = uuid::Uuid::new_v4().to_string();
        if let Some(lock) = &mut stage.lock {
            lock.attempt.clone_from(&attempt);
            lock.requested_at = Time(whole_seconds(self.context.clock.now()));
        }
        self.keep_key(tenant, stage.clone(), true);
        self.set_stage(stage.clone());
        // The rest of the status waits for the answer, so that a run whose request is refused again and again keeps
        // its message.
        self.status.phase = Some(PromotionPhase::Running);
        self.begins(&stage.name);
        if let Err(end) = self.record().await {
            // The write may have succeeded all the same.
            self.context.runs.void(&attempt);
            self.context.runs.learn(&self.uid, |key| key.is_asking = false);
            return Err(end);
        }
        let (context, asked, uid) = (self.context.clone(), tenant.clone(), self.uid.clone());
        let (object, status) = (self.object.clone(), self.status.clone());
        let task = async move {
            let (after, refused) = match asked.lock(guard).await {
                Ok(id) => (lock_accepted(&stage, &id), None),
                Err(error) if error.outcome() == Outcome::NotDone => {
                    context.runs.void(&attempt);
                    (lock_refused(&stage), Some(error))
                }
                // The next checks find out whether the lock was given.
                Err(error) => {
                    tracing::warn!(%error, host = %asked.host(), "the answer to the request for a lock is not known");
                    context.runs.learn(&uid, |key| key.is_asking = false);
                    orphaned_lock::see_to(&context, &Ref::of(&object));
                    return (object, status, None);
                }
            };
            context.runs.learn(&uid, |key| {
                key.stage = after.clone();
                key.is_asking = false;
            });
            let answer = LockAnswer {
                context: &context,
                tenant: &asked,
                uid: &uid,
                attempt: &attempt,
                after,
            };
            let (object, status) = answer.record(object, status).await;
            (object, status, refused)
        };
        let task = self.context.tasks.spawn(task.in_current_span());
        if let Ok((object, status, refused)) = task.await {
            self.object = object;
            self.status = status;
            self.update_key();
            if let Some(error) = refused {
                // Its object may be gone, and then nobody reads this.
                if self.held().is_none_or(|held| held.suspect.is_none()) {
                    self.context.runs.drop_key(&self.uid);
                }
                return Err(self.refused(&error));
            }
        }
        Ok(())
    }

    /// The lock was not given: the run is as before.
    fn refused(&self, error: &Error) -> RunRequeue {
        let mut end = self.tenant_error(error);
        end.phase = PromotionPhase::Pending;
        if matches!(error, Error::Call(refusal) if refusal.status() == Some(409)) {
            let message = if self.held().is_some_and(|held| held.suspect.is_some()) {
                "the environments are locked already, by somebody else or by an earlier request of this run: the operator checks again"
            } else {
                "somebody else has locked the environments in the same moment"
            };
            end.conclusion = Conclusion::InProgress(Reason::EnvironmentLocked, message.to_owned());
        }
        end
    }

    /// Requests a dry run. It may be repeated, so its answer is not recorded. Its report proves the lock to be ours, so
    /// only the leader requests it, and only soon after the check of the lock, when the guard was taken.
    pub(super) async fn dry_run(
        &mut self,
        tenant: &Tenant,
        stage: StageStatus,
        guard: Guard,
    ) -> Result<(), RunRequeue> {
        let order = self.order(&stage.name);
        self.set_stage(stage.clone());
        self.record().await?;
        if let Err(error) = tenant.dry_run(&order, guard).await {
            tracing::warn!(%error, "the dry run may not have begun");
            if is_refusal(&error) && error.outcome() == Outcome::NotDone {
                let now = self.context.clock.now();
                self.set_stage(dry_run_refused(&stage, &error.to_string(), now));
                self.record().await?;
            }
        }
        Ok(())
    }

    /// Requests the promotion or the rollback, once under this lock, whatever the answer.
    pub(super) async fn promote(
        &mut self,
        tenant: &Tenant,
        mut stage: StageStatus,
        guard: Guard,
    ) -> Result<(), RunRequeue> {
        let (order, action) = (self.order(&stage.name), stage.action);
        self.set_stage(stage.clone());
        let tenant = tenant.clone();
        self.record().await?;
        let task = async move {
            match action {
                Action::Rollback => tenant.roll_back(&order, guard).await,
                Action::Promotion | Action::Unknown => tenant.promote(&order, guard).await,
            }
        };
        let task = self.context.tasks.spawn(task.in_current_span());
        if let Ok(Err(error)) = task.await {
            tracing::warn!(%error, "failed to learn what became of the request to promote: the operator looks for its effect");
            if error.outcome() == Outcome::NotDone {
                stage.message = Some(error.to_string());
                self.set_stage(stage);
            }
        }
        Ok(())
    }

    /// Releases a lock. The next check shows the result, whatever the answer.
    pub(super) async fn unlock(&self, tenant: &Tenant, id: &str) -> Result<(), Error> {
        // Only a leader that has just checked the lock knows that it is idle.
        let is_unproved = |stage: &StageStatus| stage.lock.as_ref().is_some_and(|lock| lock.unproved);
        let guard = self
            .status
            .stages
            .iter()
            .any(is_unproved)
            .then(|| self.context.guard());
        let result = tenant.unlock(id, guard).await;
        match &result {
            Ok(()) => tracing::info!(run = self.key, id, "deleting lock"),
            Err(error) => tracing::warn!(run = self.key, id, %error, "failed to delete a lock"),
        }
        result
    }

    /// Keeps what is needed to release the stage's lock, because Secret, object and status may go before the lock.
    pub(super) fn keep_key(&self, tenant: &Tenant, stage: StageStatus, is_asking: bool) {
        let key = Key {
            run: Ref::of(&self.object),
            host: tenant.host().clone(),
            account: Arc::clone(tenant.account()),
            stage,
            is_asking,
        };
        self.context.runs.keep_key(&self.uid, key);
    }

    /// Updates the key to the recorded stage. Without an open lock there is none.
    pub(super) fn update_key(&self) {
        let runs = &self.context.runs;
        match self.held() {
            Some(stage) => runs.learn(&self.uid, |key| key.stage.clone_from(stage)),
            None => runs.drop_key(&self.uid),
        }
    }

    /// The stage that may hold a lock.
    pub(super) fn held(&self) -> Option<&StageStatus> {
        self.status.stages.iter().find(|stage| stage.may_hold_lock())
    }

    /// Removes what only an open lock needs: finalizer and claim.
    pub(super) async fn let_go(&mut self) {
        if self.context.runs.key(&self.uid).is_some() {
            // Status has forgotten a lock that may be open.
            return;
        }
        let occupies = self.status.stages.iter().any(StageStatus::occupies);
        if !occupies || self.object.metadata.deletion_timestamp.is_some() {
            self.context.runs.forget(&self.uid);
        }
        if finalizer::is_set(&self.object) {
            // If this fails, the next reconciliation tries again.
            if let Err(error) = finalizer::set(&self.context.cluster, &mut self.object, false).await {
                tracing::warn!(run = self.key, %error, "failed to remove the finalizer");
            }
        }
    }

    fn order(&self, stage: &str) -> Order {
        let spec = &self.object.spec;
        let mark = RunMark {
            key: self.key.clone(),
            stage: stage.to_owned(),
            run: self.uid.clone(),
        };
        Order {
            promoter: spec.promoter.clone(),
            description: mark.describe(spec.description.as_deref()),
            ticket_reference: spec.ticket_reference.clone(),
            ignore_encrypted_secrets: spec.ignore_encrypted_secrets,
        }
    }

    /// Ends the reconciliation with a tenant's error.
    pub(super) fn tenant_error(&self, error: &Error) -> RunRequeue {
        let (reason, is_stalled, message) = classify_anew(error, &self.status.conditions);
        RunRequeue {
            phase: self.phase(),
            conclusion: Conclusion::unfinished(is_stalled, reason, message),
            next: self.again(error.wait()),
        }
    }

    /// Ends the reconciliation with what could not be read.
    pub(super) fn observe_error(&self, error: &ObserveError) -> RunRequeue {
        let ObserveError::Report(id, error) = error else {
            return self.tenant_error(error.error());
        };
        let (reason, _, message) = classify(error);
        let message = format!(
            "report {id} is listed and cannot be read, so the operator cannot tell whether it is of a run of this name: {message}. If it is not, annotate this Promotion with {IGNORE_REPORT_ANNOTATION}: {id} to ignore it"
        );
        // An unreadable report stays unreadable.
        let is_stalled = matches!(error, Error::Call(http::Error::Unreadable { .. }));
        RunRequeue {
            phase: self.phase(),
            conclusion: Conclusion::unfinished(is_stalled, reason, message),
            next: self.again(error.wait()),
        }
    }

    /// Sends an event about a report that the run ignores, once for each process.
    pub(super) async fn tell_of_ignored(&self, id: &str) {
        if self.context.runs.ignore(&self.uid, id) {
            let message = format!(
                "report {id} cannot be read, and the run ignores it, as {IGNORE_REPORT_ANNOTATION} says"
            );
            self.context
                .cluster
                .warn(&self.object, Reason::ReportIgnored, &message)
                .await;
        }
    }

    /// Sends an event that another run of this name promoted the stage before, so nothing is promoted now.
    pub(super) async fn tell_of_namesake(&self, stage: &StageStatus, report: &SeenReport) -> String {
        let message = format!(
            "stage {} was promoted before by another run of this name (report {} of {}), and nothing was promoted now: a new run needs a new name",
            stage.name, report.id, report.created
        );
        self.context
            .cluster
            .warn(&self.object, Reason::AlreadyPromoted, &message)
            .await;
        message
    }

    /// Sends an event that an idle lock is released after the answer to a request was lost.
    pub(super) async fn tell_of_unproved(&self, id: &str) {
        let message = format!(
            "the answer to the request for a lock was lost; lock {id} was idle for ten minutes and is released"
        );
        self.context
            .cluster
            .warn(&self.object, Reason::LockAnswerLost, &message)
            .await;
    }
}

/// Whether a tenant has understood the request and would refuse it again.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Call(error) if matches!(error.status(), Some(400 | 403)))
}
