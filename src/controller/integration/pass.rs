//! One pass over an integration: the object as it was read, and its status as it is becoming.

use std::time::Duration;

use kube::{Resource, ResourceExt};

use crate::{
    aic::Error,
    api::{
        AICIntegration, DriftPolicy, IntegrationStatus, REQUESTED_AT_ANNOTATION, Reason,
        conditions::{Conclusion, Finding},
    },
    controller::{
        context::{Context, ScopeContext},
        engine::{
            requeue::{Flow, Requeue, When},
            status::{self, NotWritten, outdated},
            stores::Stores,
        },
        tenant::error::classify_anew,
    },
    http::Priority,
};

/// How soon a tenant that refused a call is asked again, whatever the interval.
const REFUSED_AGAIN: Duration = Duration::from_mins(5);

pub(super) struct Pass<'a> {
    pub(super) context: &'a Context,
    pub(super) fleet: &'a Stores<AICIntegration>,
    pub(super) object: AICIntegration,
    pub(super) status: IntegrationStatus,
    /// Whose turns its calls take.
    pub(super) priority: Priority,
    /// Whether the newest version of the ESV, as this pass has seen it, waits for a restart of the tenant.
    pub(super) needs_restart: bool,
    /// Whether this pass has written the ESV or a version of it.
    pub(super) has_written: bool,
    /// Whether this pass has written worker or mapping: what a test shows now may be from before.
    pub(super) has_repaired: bool,
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

impl<'a> Pass<'a> {
    pub(super) fn new(object: &AICIntegration, scope: &'a ScopeContext, priority: Priority) -> Self {
        Self {
            context: &scope.context,
            fleet: &scope.all_integrations,
            object: object.clone(),
            status: object.status.clone().unwrap_or_default(),
            priority,
            needs_restart: false,
            has_written: false,
            has_repaired: false,
            lock: Lock::NotLookedAt,
        }
    }

    /// `namespace/name`, as the object's marks bear it.
    pub(super) fn owner(&self) -> String {
        let namespace = self.object.namespace().unwrap_or_default();
        format!("{namespace}/{}", self.object.name_any())
    }

    pub(super) fn uid(&self) -> String {
        self.object.meta().uid.clone().unwrap_or_default()
    }

    /// Whether a person asks for this check: then nothing is believed that another pass has seen.
    pub(super) fn is_requested(&self) -> bool {
        let request = self.object.annotations().get(REQUESTED_AT_ANNOTATION);
        request != self.status.last_handled_request.as_ref()
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
    pub(super) async fn record(&mut self) -> Flow<()> {
        match status::write(&self.context.cluster, &mut self.object, &self.status).await {
            Ok(_) => Ok(()),
            Err(error @ NotWritten::Outdated(_)) => Err(outdated(&error)),
            Err(NotWritten::Conflict | NotWritten::Failed(_)) => Err(Requeue {
                conclusion: Conclusion::InProgress(
                    Reason::NotReached,
                    "failed to record what is about to be done".to_owned(),
                ),
                when: When::Retry(None),
            }),
        }
    }

    /// Goes on if the definition in the cluster keeps all that has to be remembered.
    pub(super) async fn check_definition(&self) -> Flow<()> {
        match status::check_definition(&self.context.cluster, &self.object).await {
            Ok(()) => Ok(()),
            Err(error @ NotWritten::Outdated(_)) => Err(outdated(&error)),
            Err(error) => Err(Requeue {
                conclusion: Conclusion::InProgress(Reason::NotReached, error.to_string()),
                when: When::Retry(None),
            }),
        }
    }

    /// All is as it can be, unless something that is watched changes.
    pub(super) fn after_the_interval(&self) -> When {
        When::Check(self.object.spec.interval.into())
    }

    /// Ends the pass until a person acts, or something that is watched changes.
    pub(super) fn stalled(&self, reason: Reason, message: impl Into<String>) -> Requeue {
        Requeue {
            conclusion: Conclusion::Stalled(reason, message.into()),
            when: self.after_the_interval(),
        }
    }

    /// Ends the pass until something that is watched changes.
    pub(super) fn waiting(&self, reason: Reason, message: impl Into<String>) -> Requeue {
        Requeue {
            conclusion: Conclusion::InProgress(reason, message.into()),
            when: self.after_the_interval(),
        }
    }

    /// Goes on to correct a drift, or ends the pass where the policy is to warn.
    pub(super) fn drifted(&mut self, type_: &'static str, what: &str) -> Flow<()> {
        if self.object.spec.drift_policy == DriftPolicy::Correct {
            tracing::info!(what, "drift is corrected");
            return Ok(());
        }
        let message = format!(
            "{what}, and spec.driftPolicy allows no correction: correct it in the tenant, or set spec.driftPolicy to Correct"
        );
        self.find(type_, &Finding::no(Reason::DriftDetected, &message));
        Err(self.stalled(Reason::DriftDetected, message))
    }

    /// Goes on with what a tenant answered, or ends the pass with its failure.
    pub(super) fn tried<T>(&self, result: Result<T, Error>) -> Flow<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.tenant_error(&error)),
        }
    }

    /// Ends the pass with a tenant's failure. What was known of the conditions stays known.
    pub(super) fn tenant_error(&self, error: &Error) -> Requeue {
        let (reason, stalled, message) = classify_anew(error, &self.status.conditions);
        if stalled {
            let interval: Duration = self.object.spec.interval.into();
            return Requeue {
                conclusion: Conclusion::Stalled(reason, message),
                // What the tenant refuses may pass, and nothing tells of it.
                when: When::Check(match reason {
                    Reason::TenantRefused => interval.min(REFUSED_AGAIN),
                    _ => interval,
                }),
            };
        }
        Requeue {
            conclusion: Conclusion::InProgress(reason, message),
            when: When::Retry(error.wait()),
        }
    }
}
