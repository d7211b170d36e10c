//! One pass over an integration: the object as it was read, and its status as it is becoming.

use kube::Resource;

use super::super::{
    Next,
    context::{Context, ScopeContext},
    fleet::Fleet,
};
use crate::api::{
    AICIntegration, IntegrationStatus, Reason,
    conditions::{Conclusion, Finding},
};

pub(super) struct Pass<'a> {
    pub(super) context: &'a Context,
    pub(super) fleet: &'a Fleet,
    pub(super) object: AICIntegration,
    pub(super) status: IntegrationStatus,
    /// The environment was seen unlocked in this pass.
    pub(super) unlocked: bool,
}

/// How a pass ends: what is left to do, and when it goes on.
#[derive(Debug)]
pub(super) struct End {
    pub(super) conclusion: Conclusion,
    pub(super) next: Next,
}

impl<'a> Pass<'a> {
    pub(super) fn new(object: &AICIntegration, scope: &'a ScopeContext) -> Self {
        Self {
            context: &scope.context,
            fleet: &scope.fleet,
            object: object.clone(),
            status: object.status.clone().unwrap_or_default(),
            unlocked: false,
        }
    }

    /// Sets a condition.
    pub(super) fn find(&mut self, type_: &str, finding: &Finding) {
        self.status.conditions.set(
            type_,
            finding,
            self.object.meta().generation,
            self.context.clock.now(),
        );
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
