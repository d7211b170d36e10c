//! One reconciliation of an integration: the object as it was read, and its new status.

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

/// How soon a tenant that refused a call is called again, whatever the interval.
const REFUSED_AGAIN: Duration = Duration::from_mins(5);

pub(super) struct Pass<'a> {
    pub(super) context: &'a Context,
    pub(super) fleet: &'a Stores<AICIntegration>,
    pub(super) object: AICIntegration,
    pub(super) status: IntegrationStatus,
    /// The priority of its calls.
    pub(super) priority: Priority,
    /// Whether the ESV's newest version needs a restart of the tenant.
    pub(super) needs_restart: bool,
    /// Whether this reconciliation has written the ESV or a version.
    pub(super) has_written: bool,
    /// Whether this reconciliation has written worker or mapping. A test may still show what was there before.
    pub(super) has_repaired: bool,
    /// What this reconciliation has seen of the lock.
    pub(super) lock: Lock,
}

/// A promotion lock, as this reconciliation has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    NotLookedAt,
    Unlocked,
    /// Locked, locking or unlocking.
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

    /// `namespace/name`, as in the object's marks.
    pub(super) fn owner(&self) -> String {
        let namespace = self.object.namespace().unwrap_or_default();
        format!("{namespace}/{}", self.object.name_any())
    }

    pub(super) fn uid(&self) -> String {
        self.object.meta().uid.clone().unwrap_or_default()
    }

    /// Whether a person has requested this check. It then uses nothing that another reconciliation has read.
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

    /// Writes the status before a request that must be remembered. Nothing may be sent if this fails.
    pub(super) async fn record(&mut self) -> Flow<()> {
        match status::write(&self.context.cluster, &mut self.object, &self.status).await {
            Ok(_) => Ok(()),
            Err(error @ NotWritten::Outdated(_)) => Err(outdated(&error)),
            Err(error @ (NotWritten::Conflict | NotWritten::Failed(_))) => {
                tracing::info!(%error, "failed to record what is about to be done; nothing was sent");
                Err(Requeue {
                    conclusion: Conclusion::InProgress(
                        Reason::NotReached,
                        "failed to record what is about to be done".to_owned(),
                    ),
                    when: When::Retry(None),
                })
            }
        }
    }

    /// Succeeds if the CRD in the cluster keeps every field that must be remembered.
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

    /// Nothing is left to do until the next check or a change.
    pub(super) fn after_the_interval(&self) -> When {
        When::Check(self.object.spec.interval.into())
    }

    /// Ends the reconciliation until a person acts or a watched object changes.
    pub(super) fn stalled(&self, reason: Reason, message: impl Into<String>) -> Requeue {
        Requeue {
            conclusion: Conclusion::Stalled(reason, message.into()),
            when: self.after_the_interval(),
        }
    }

    /// Ends the reconciliation until a watched object changes.
    pub(super) fn waiting(&self, reason: Reason, message: impl Into<String>) -> Requeue {
        Requeue {
            conclusion: Conclusion::InProgress(reason, message.into()),
            when: self.after_the_interval(),
        }
    }

    /// Succeeds if drift is to be corrected. Ends the reconciliation if the policy is to warn.
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

    /// Returns the tenant's answer, or ends the reconciliation with its error.
    pub(super) fn tried<T>(&self, result: Result<T, Error>) -> Flow<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(self.tenant_error(&error)),
        }
    }

    /// Ends the reconciliation with a tenant's error. The other conditions keep their values.
    pub(super) fn tenant_error(&self, error: &Error) -> Requeue {
        let (reason, stalled, message) = classify_anew(error, &self.status.conditions);
        if stalled {
            let interval: Duration = self.object.spec.interval.into();
            return Requeue {
                conclusion: Conclusion::Stalled(reason, message),
                // A refusal may pass, and no watch tells of that.
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
