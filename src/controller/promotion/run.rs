//! One pass over a run: the object as it was read, its status as it is becoming, and who it is.

use std::{sync::Arc, time::Duration};

use kube::{Api, Resource, ResourceExt, runtime::reflector::ObjectRef};

use super::{
    super::{
        Next,
        context::{Context, ScopeContext},
        finalizer,
        status::{self, LOOK_AT_DEFINITIONS_AGAIN, NotWritten},
    },
    End,
    group::Member,
};
use crate::api::{
    PingOneConnection, Promotion, PromotionPhase, PromotionStatus, Reason, StageStatus,
    conditions::Conclusion,
};

/// How soon something is tried again that went wrong while a lock is open.
pub(super) const WITH_AN_OPEN_LOCK: Duration = Duration::from_secs(15);

/// How soon a lock is looked for again that a lost request may still take.
const LOOK_FOR_SUSPECT: Duration = Duration::from_secs(50);

/// In bytes.
const LONGEST_MESSAGE: usize = 2000;

pub(super) struct Run<'a> {
    pub(super) context: &'a Context,
    pub(super) scope: &'a ScopeContext,
    pub(super) object: Promotion,
    pub(super) status: PromotionStatus,
    /// `namespace/name`: a stage is promoted once under it.
    pub(super) key: String,
    pub(super) uid: String,
}

impl<'a> Run<'a> {
    /// Reads the object from the API server itself; `None` if it is gone.
    pub(super) async fn read(
        object: &Promotion,
        scope: &'a ScopeContext,
    ) -> Result<Option<Self>, kube::Error> {
        let namespace = object.namespace().unwrap_or_default();
        let api: Api<Promotion> = Api::namespaced(scope.context.client.clone(), &namespace);
        let object = api.get_opt(&object.name_any()).await?;
        Ok(object.map(|object| Self {
            context: &scope.context,
            scope,
            status: object.status.clone().unwrap_or_default(),
            key: format!("{namespace}/{}", object.name_any()),
            uid: object.uid().unwrap_or_default(),
            object,
        }))
    }

    /// The stage of this name as status remembers it.
    pub(super) fn stage(&self, name: &str) -> StageStatus {
        let known = self.status.stages.iter().find(|stage| stage.name == name);
        known.cloned().unwrap_or_else(|| StageStatus {
            name: name.to_owned(),
            ..StageStatus::default()
        })
    }

    /// Sets a stage in the status that is becoming. One that has not begun is not told of.
    pub(super) fn set_stage(&mut self, mut stage: StageStatus) {
        // A tenant's words can be as long as it likes; a status that is too long cannot be recorded.
        if let Some(message) = &mut stage.message {
            message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
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

    /// Writes the status as it is, before anything is sent that must be remembered. What could not be recorded is not
    /// going to be done.
    pub(super) async fn record(&mut self) -> Result<(), End> {
        if self.may_hold_lock() {
            self.keep_finalizer().await?;
        }
        let Err(error) = status::write(self.context, &mut self.object, &self.status).await else {
            self.update_key();
            return Ok(());
        };
        self.status = self.object.status.clone().unwrap_or_default();
        Err(match error {
            error @ NotWritten::Outdated(_) => self.outdated(&error),
            error => self.unrecorded(&error),
        })
    }

    /// Goes on if the definition in the cluster keeps all that has to be remembered.
    pub(super) async fn check_definition(&self) -> Result<(), End> {
        match status::check_definition(self.context, &self.object).await {
            Ok(()) => Ok(()),
            Err(error @ NotWritten::Outdated(_)) => Err(self.outdated(&error)),
            Err(error) => Err(self.unrecorded(&error)),
        }
    }

    fn outdated(&self, error: &NotWritten) -> End {
        End {
            phase: self.phase(),
            conclusion: Conclusion::Stalled(Reason::CRDOutdated, error.to_string()),
            next: Next::Poll(LOOK_AT_DEFINITIONS_AGAIN),
        }
    }

    pub(super) fn unrecorded(&self, error: &impl std::fmt::Display) -> End {
        tracing::warn!(run = self.key, %error, "what is about to be done could not be recorded first");
        End {
            phase: self.phase(),
            conclusion: Conclusion::InProgress(
                Reason::NotReached,
                "what is about to be done could not be recorded first".to_owned(),
            ),
            next: self.again(None),
        }
    }

    /// When to try again what went wrong. A lock that is open is not left alone for long.
    pub(super) fn again(&self, at_least: Option<Duration>) -> Next {
        if self.may_hold_lock() {
            Next::Poll(at_least.unwrap_or_default().max(WITH_AN_OPEN_LOCK))
        } else {
            Next::Retry(at_least)
        }
    }

    /// The same, for a request for a lock that may still have an effect: what comes of it has to be seen soon.
    fn soon_enough(&self, next: Next) -> Next {
        match (next, self.held().and_then(|stage| stage.suspect.as_ref())) {
            (Next::Poll(after), Some(_)) => Next::Poll(after.min(LOOK_FOR_SUSPECT)),
            (_, Some(_)) => Next::Poll(LOOK_FOR_SUSPECT),
            (next, None) => next,
        }
    }

    /// The phase of a run that cannot go on for now. Whoever meets an obstacle is not in the way of others in the queue.
    pub(super) fn phase(&self) -> PromotionPhase {
        match self.status.phase {
            Some(phase) if phase.is_terminal() => phase,
            _ if self.status.stages.iter().any(StageStatus::occupies) => PromotionPhase::Running,
            _ => PromotionPhase::Pending,
        }
    }

    /// Has the object wait for its lock when it is deleted. Somebody may have taken the finalizer away.
    pub(super) async fn keep_finalizer(&mut self) -> Result<(), End> {
        let is_going = self.object.metadata.deletion_timestamp.is_some();
        if is_going || finalizer::is_set(&self.object) {
            return Ok(());
        }
        let set = finalizer::set(self.context, &mut self.object, true).await;
        set.map_err(|error| self.unrecorded(&error))
    }

    /// Sets what is left to do.
    pub(super) fn conclude(&mut self, conclusion: &Conclusion) {
        let (generation, now) = (self.object.meta().generation, self.context.clock.now());
        self.status.conditions.conclude(conclusion, generation, now);
        self.status.observed_generation = generation.unwrap_or_default();
    }

    /// Writes what the pass has found, if it is news.
    pub(super) async fn finish(mut self, phase: PromotionPhase, conclusion: &Conclusion, next: Next) -> Next {
        let next = self.soon_enough(next);
        self.status.phase = Some(phase);
        self.conclude(conclusion);
        if !self.may_hold_lock() {
            self.let_go().await;
        }
        let before = self
            .object
            .status
            .as_ref()
            .map(|status| status.conditions.clone());
        match status::write(self.context, &mut self.object, &self.status).await {
            Ok(changed) => {
                if changed {
                    self.context
                        .announce(&self.object, before.as_ref(), &self.status.conditions)
                        .await;
                }
                next
            }
            Err(NotWritten::Conflict) => self.again(None),
            Err(error) => {
                tracing::warn!(run = self.key, %error, "failed to write a status");
                self.again(None)
            }
        }
    }
}
