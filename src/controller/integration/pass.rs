//! One pass over an integration: the object as it was read, and its status as it is becoming.

use std::ops::ControlFlow::{self, Break, Continue};

use kube::Resource;

use super::super::{
    Next,
    context::{Context, ScopeContext},
    fleet::Fleet,
    status::{self, LOOK_AT_DEFINITIONS_AGAIN, NotWritten},
};
use crate::{
    api::{
        AICIntegration, IntegrationStatus, Reason,
        conditions::{Conclusion, Finding},
    },
    http::Lane,
};

pub(super) struct Pass<'a> {
    pub(super) context: &'a Context,
    pub(super) fleet: &'a Fleet<AICIntegration>,
    pub(super) object: AICIntegration,
    pub(super) status: IntegrationStatus,
    /// Whose turns its calls take.
    pub(super) lane: Lane,
    /// What this pass has seen of the environment's lock.
    pub(super) lock: Lock,
}

/// A promotion's lock, as a pass has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    NotLookedAt,
    Unlocked,
    /// Or on the way there or back.
    Locked,
}

/// How a pass ends: what is left to do, and when it goes on.
#[derive(Debug)]
pub(super) struct End {
    pub(super) conclusion: Conclusion,
    pub(super) next: Next,
}

impl<'a> Pass<'a> {
    pub(super) fn new(object: &AICIntegration, scope: &'a ScopeContext, lane: Lane) -> Self {
        Self {
            context: &scope.context,
            fleet: &scope.fleet,
            object: object.clone(),
            status: object.status.clone().unwrap_or_default(),
            lane,
            lock: Lock::NotLookedAt,
        }
    }

    /// Sets a condition.
    pub(super) fn find(&mut self, type_: &'static str, finding: &Finding) {
        self.status.conditions.set(
            type_,
            finding,
            self.object.meta().generation,
            self.context.clock.now(),
        );
    }

    /// Sets what is left to do.
    pub(super) fn conclude(&mut self, conclusion: &Conclusion) {
        let generation = self.object.meta().generation;
        let now = self.context.clock.now();
        self.status.conditions.conclude(conclusion, generation, now);
    }

    /// Writes the status as it is, before something is done that must be remembered. Only when it stands may
    /// anything be sent.
    pub(super) async fn record(&mut self) -> ControlFlow<End> {
        match status::write(self.context, &mut self.object, &self.status).await {
            Ok(_) => Continue(()),
            Err(error @ NotWritten::Outdated(_)) => Break(Self::outdated(&error)),
            Err(NotWritten::Conflict | NotWritten::Failed(_)) => Break(End {
                conclusion: Conclusion::InProgress(
                    Reason::NotReached,
                    "what is about to be done could not be recorded first".to_owned(),
                ),
                next: Next::Retry(None),
            }),
        }
    }

    /// Goes on if the definition in the cluster keeps all that has to be remembered.
    pub(super) async fn check_definition(&self) -> ControlFlow<End> {
        match status::check_definition(self.context, &self.object).await {
            Ok(()) => Continue(()),
            Err(error @ NotWritten::Outdated(_)) => Break(Self::outdated(&error)),
            Err(error) => Break(End {
                conclusion: Conclusion::InProgress(Reason::NotReached, error.to_string()),
                next: Next::Retry(None),
            }),
        }
    }

    /// Ends the pass until the definitions are those of this version.
    fn outdated(error: &NotWritten) -> End {
        End {
            conclusion: Conclusion::Stalled(Reason::CRDOutdated, error.to_string()),
            next: Next::Poll(LOOK_AT_DEFINITIONS_AGAIN),
        }
    }

    /// Ends the pass until a person acts, or something that is watched changes.
    pub(super) fn stalled(&self, reason: Reason, message: impl Into<String>) -> End {
        let next = Next::Check(self.object.spec.interval.into());
        End {
            conclusion: Conclusion::Stalled(reason, message.into()),
            next,
        }
    }

    /// Ends the pass until something that is watched changes.
    pub(super) fn waiting(&self, reason: Reason, message: impl Into<String>) -> End {
        let next = Next::Check(self.object.spec.interval.into());
        End {
            conclusion: Conclusion::InProgress(reason, message.into()),
            next,
        }
    }
}
