//! One reconciliation of a run: the object as it was read, its new status, and its identity.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Api, Resource, ResourceExt, runtime::reflector::ObjectRef};
use parking_lot::Mutex;

use super::{
    group::Member,
    lock_protocol::{Wait, whole_seconds},
    report_summary,
    reports::Newest,
    requeue::{LOOK_AGAIN, RunRequeue},
};
use crate::{
    aic::Report,
    api::{
        Outcome, PingOneConnection, Promotion, PromotionPhase, PromotionStatus, Reason, ReportStatus,
        StageStatus, Step, clip,
        conditions::{Conclusion, LONGEST_MESSAGE, READY},
    },
    controller::{
        context::{Context, ScopeContext},
        engine::{
            finalizer,
            requeue::{Requeue, When},
            status::{self, NotWritten, outdated},
        },
    },
};

/// How soon a failed step is tried again while a lock is open.
pub(super) const WITH_AN_OPEN_LOCK: Duration = Duration::from_secs(15);

/// How soon to check again for the effect of a lost request for a lock.
const LOOK_FOR_SUSPECT: Duration = Duration::from_secs(50);

pub(super) struct Run<'a> {
    pub(super) context: &'a Context,
    pub(super) scope: &'a ScopeContext,
    pub(super) object: Promotion,
    pub(super) status: PromotionStatus,
    /// `namespace/name`: a stage is promoted once under it.
    pub(super) key: String,
    pub(super) uid: String,
    /// The provisional report of the next stage, if it was read.
    pub(super) provisional: Option<ReportStatus>,
    /// The reports of this name that were read and are not in status yet, by id.
    pub(super) read_reports: Mutex<HashMap<String, Report>>,
    /// The newest report of the environment below, if it was read.
    pub(super) newest_below: Option<Newest>,
}

impl<'a> Run<'a> {
    /// Reads the object from the API server itself; `None` if it is gone.
    pub(super) async fn read(
        object: &Promotion,
        scope: &'a ScopeContext,
    ) -> Result<Option<Self>, kube::Error> {
        let namespace = object.namespace().unwrap_or_default();
        let api: Api<Promotion> = Api::namespaced(scope.context.cluster.client.clone(), &namespace);
        let object = api.get_opt(&object.name_any()).await?;
        Ok(object.map(|object| Self {
            context: &scope.context,
            scope,
            status: object.status.clone().unwrap_or_default(),
            key: format!("{namespace}/{}", object.name_any()),
            uid: object.uid().unwrap_or_default(),
            provisional: None,
            read_reports: Mutex::default(),
            newest_below: None,
            object,
        }))
    }

    /// The stage with this name, as status has it.
    pub(super) fn stage(&self, name: &str) -> StageStatus {
        let known = self.status.stages.iter().find(|stage| stage.name == name);
        known.cloned().unwrap_or_else(|| StageStatus {
            name: name.to_owned(),
            ..StageStatus::default()
        })
    }

    /// Sets a stage in the new status.
    pub(super) fn set_stage(&mut self, mut stage: StageStatus) {
        // A tenant's message can have any length, and a status that is too long cannot be written.
        if let Some(message) = &mut stage.message {
            *message = clip(message, LONGEST_MESSAGE);
        }
        match self
            .status
            .stages
            .iter_mut()
            .find(|known| known.name == stage.name)
        {
            Some(known) => *known = stage,
            None => self.status.stages.push(stage),
        }
    }

    /// The present time, as status keeps it.
    pub(super) fn now(&self) -> Time {
        Time(whole_seconds(self.context.clock.now()))
    }

    /// The names of what belongs to this run's integrations in a report: workers, labels, and the worker service.
    pub(super) fn own_items(&self) -> BTreeSet<String> {
        let namespace = self.object.namespace().unwrap_or_default();
        let named = self
            .object
            .spec
            .order
            .iter()
            .flat_map(|stage| &stage.integrations);
        let known: Vec<_> = named
            .filter_map(|name| {
                let reference = ObjectRef::new(name).within(&namespace);
                self.scope.integrations.get(&reference)
            })
            .collect();
        report_summary::own_items(known.iter().map(|integration| &**integration))
    }

    /// The connection of an integration.
    pub(super) fn connection(&self, member: &Member) -> Result<Arc<PingOneConnection>, String> {
        let name = &member.integration.spec.connection_ref.name;
        let reference = ObjectRef::new(name).within(&self.object.namespace().unwrap_or_default());
        let connection = self.scope.connections.get(&reference);
        connection.ok_or_else(|| format!("PingOneConnection {name} does not exist"))
    }

    /// Whether the run is to stop where it safely can.
    pub(super) fn stops(&self) -> bool {
        self.status.aborting || self.object.metadata.deletion_timestamp.is_some()
    }

    /// Whether a lock may be open.
    pub(super) fn may_hold_lock(&self) -> bool {
        self.status.may_hold_lock()
    }

    /// Writes the status before a request that must be remembered. If this fails, nothing is sent.
    pub(super) async fn record(&mut self) -> Result<(), RunRequeue> {
        if self.may_hold_lock() {
            self.keep_finalizer().await?;
        }
        self.status.set_current(self.now());
        let Err(error) = status::write(&self.context.cluster, &mut self.object, &self.status).await else {
            self.update_key();
            return Ok(());
        };
        self.status = self.object.status.clone().unwrap_or_default();
        Err(match error {
            error @ NotWritten::Outdated(_) => self.outdated(&error),
            error => self.unrecorded(&error),
        })
    }

    /// Succeeds if the CRD in the cluster keeps every field that must be remembered.
    pub(super) async fn check_definition(&self) -> Result<(), RunRequeue> {
        match status::check_definition(&self.context.cluster, &self.object).await {
            Ok(()) => Ok(()),
            Err(error @ NotWritten::Outdated(_)) => Err(self.outdated(&error)),
            Err(error) => Err(self.unrecorded(&error)),
        }
    }

    fn outdated(&self, error: &NotWritten) -> RunRequeue {
        let Requeue { conclusion, when } = outdated(error);
        RunRequeue {
            phase: self.phase(),
            conclusion,
            next: when,
        }
    }

    pub(super) fn unrecorded(&self, error: &impl std::fmt::Display) -> RunRequeue {
        tracing::warn!(run = self.key, %error, "failed to record what is about to be done");
        RunRequeue {
            phase: self.phase(),
            conclusion: Conclusion::InProgress(
                Reason::NotReached,
                "failed to record what is about to be done".to_owned(),
            ),
            next: self.again(None),
        }
    }

    /// When to try again after an error: soon, if a lock is open.
    pub(super) fn again(&self, at_least: Option<Duration>) -> When {
        if self.may_hold_lock() {
            When::Poll(at_least.unwrap_or_default().max(WITH_AN_OPEN_LOCK))
        } else {
            When::Retry(at_least)
        }
    }

    /// The same for a lost request for a lock, whose effect must be noticed soon.
    fn soon_enough(&self, next: When) -> When {
        match (next, self.held().and_then(|stage| stage.suspect.as_ref())) {
            (When::Poll(after), Some(_)) => When::Poll(after.min(LOOK_FOR_SUSPECT)),
            (_, Some(_)) => When::Poll(LOOK_FOR_SUSPECT),
            (next, None) => next,
        }
    }

    /// The phase of a run that cannot continue for now. A run with an obstacle does not occupy an environment.
    pub(super) fn phase(&self) -> PromotionPhase {
        match self.status.phase {
            Some(phase) if phase.is_terminal() => phase,
            _ if self.status.stages.iter().any(StageStatus::occupies) => PromotionPhase::Running,
            // What the gate shows counts when it is raised, whatever goes wrong until then.
            Some(PromotionPhase::Gated) => PromotionPhase::Gated,
            _ => PromotionPhase::Pending,
        }
    }

    /// Another run is first. The stage goes into status, so that younger runs see what it waits for.
    pub(super) fn queued(&mut self, stage: StageStatus, other: &str) -> RunRequeue {
        self.set_stage(stage);
        RunRequeue {
            phase: PromotionPhase::Queued,
            conclusion: Conclusion::InProgress(
                Reason::Queued,
                format!("Promotion {other} is first in one of the two environments"),
            ),
            next: When::Poll(LOOK_AGAIN),
        }
    }

    /// Ends the reconciliation with a wait.
    pub(super) fn waiting(&self, wait: Wait) -> RunRequeue {
        let Wait {
            reason,
            is_stalled,
            message,
            after,
        } = wait;
        RunRequeue {
            phase: self.phase(),
            conclusion: Conclusion::unfinished(is_stalled, reason, message),
            next: When::Poll(after),
        }
    }

    /// The stage with its end.
    pub(super) fn over(
        &self,
        stage: StageStatus,
        outcome: Outcome,
        reason: Reason,
        message: String,
    ) -> StageStatus {
        let now = Time(whole_seconds(self.context.clock.now()));
        StageStatus {
            step: Some(Step::Done),
            outcome: Some(outcome),
            reason: Some(reason.as_str().to_owned()),
            message: Some(message),
            started_at: stage.started_at.clone().or_else(|| Some(now.clone())),
            finished_at: Some(now),
            ..stage
        }
    }

    /// Sets the finalizer, which somebody may have removed, so that a deletion waits for the lock.
    pub(super) async fn keep_finalizer(&mut self) -> Result<(), RunRequeue> {
        let is_going = self.object.metadata.deletion_timestamp.is_some();
        if is_going || finalizer::is_set(&self.object) {
            return Ok(());
        }
        let set = finalizer::set(&self.context.cluster, &mut self.object, true).await;
        set.map_err(|error| self.unrecorded(&error))
    }

    /// A run that begins a stage is not Ready any more.
    pub(super) fn begins(&mut self, stage: &str) {
        if self.status.conditions.is_true(READY) {
            let message = format!("stage {stage} begins");
            self.conclude(&Conclusion::InProgress(Reason::Running, message));
        }
    }

    /// Sets what is left to do.
    pub(super) fn conclude(&mut self, conclusion: &Conclusion) {
        let (generation, now) = (self.object.meta().generation, self.context.clock.now());
        self.status.conditions.conclude(conclusion, generation, now);
        self.status.observed_generation = generation.unwrap_or_default();
    }

    /// Writes the status, if it has changed.
    pub(super) async fn finish(mut self, phase: PromotionPhase, conclusion: &Conclusion, next: When) -> When {
        let next = self.soon_enough(next);
        self.status.phase = Some(phase);
        self.conclude(conclusion);
        if !self.may_hold_lock() {
            self.let_go().await;
        }
        self.status.set_current(self.now());
        let again = self.again(None);
        let cluster = &self.context.cluster;
        cluster.finish(&mut self.object, &self.status, next, again).await
    }
}
