//! One reconciliation of a connection: the object as it was read, and its new status.

use k8s_openapi::jiff::Timestamp;
use kube::{Resource, ResourceExt};

use crate::{
    api::{
        ConnectionStatus, CredentialStatus, PingOneConnection, REQUESTED_AT_ANNOTATION, Reason,
        conditions::{ACTIVE, CREDENTIAL_VALID, Conclusion, Finding},
    },
    controller::{
        context::ScopeContext,
        engine::{
            requeue::{Requeue, When},
            secret::Unread,
        },
    },
    credential::Credential,
    http::Priority,
};

pub(super) struct Pass<'a> {
    pub(super) scope: &'a ScopeContext,
    pub(super) connection: &'a PingOneConnection,
    pub(super) status: ConnectionStatus,
    now: Timestamp,
    /// The priority of its calls.
    pub(super) priority: Priority,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        connection: &'a PingOneConnection,
        scope: &'a ScopeContext,
        priority: Priority,
    ) -> Self {
        Self {
            scope,
            connection,
            status: connection.status.clone().unwrap_or_default(),
            now: scope.context.clock.now(),
            priority,
        }
    }

    /// Sets a condition.
    pub(super) fn find(&mut self, type_: &'static str, finding: &Finding) {
        let generation = self.connection.meta().generation;
        self.status.conditions.set(type_, finding, generation, self.now);
    }

    /// Sets `Active`. Without a finding it keeps what PingOne has said about this credential before.
    pub(super) fn set_active(
        &mut self,
        active: Option<Finding>,
        conclusion: &Conclusion,
        credential: Option<&str>,
    ) {
        let known = self.status.credential.as_ref().map(|known| known.id.as_str());
        let before = self.status.conditions.get(ACTIVE);
        let was_asked = before.is_some_and(|before| before.reason != Reason::NotReached.as_str());
        let stands = credential.is_some() && credential == known && was_asked;
        // PingOne has not accepted a credential that it was not asked about.
        let not_yet = || {
            let (reason, message) = conclusion.text();
            Finding::no(reason, message)
        };
        if let Some(active) = active.or_else(|| (!stands).then(not_yet)) {
            self.find(ACTIVE, &active);
        }
    }

    /// The credential does not match the spec. A person has to correct one of the two.
    pub(super) fn invalid(
        &mut self,
        reason: Reason,
        message: &str,
        credential: Option<CredentialStatus>,
    ) -> Requeue {
        self.find(CREDENTIAL_VALID, &Finding::no(reason, message));
        let not_asked = "the operator asks PingOne when the credential is valid";
        self.find(ACTIVE, &Finding::unknown(Reason::NotReached, not_asked));
        self.status.credential = credential;
        self.after_the_interval(Conclusion::Stalled(reason, message.to_owned()))
    }

    /// The Secret could not be read. What is known of the credential stays.
    pub(super) fn unread(&mut self, error: &Unread) -> Requeue {
        let message = error.to_string();
        if self.status.conditions.get(CREDENTIAL_VALID).is_none() {
            self.find(
                CREDENTIAL_VALID,
                &Finding::unknown(Reason::SecretNotFound, &message),
            );
        }
        let conclusion = Conclusion::InProgress(Reason::SecretNotFound, message);
        let known = self.status.credential.as_ref().map(|known| known.id.clone());
        self.set_active(None, &conclusion, known.as_deref());
        Requeue {
            conclusion,
            when: When::Retry(None),
        }
    }

    /// Nothing is left to do until the next check or a change.
    pub(super) fn after_the_interval(&self, conclusion: Conclusion) -> Requeue {
        let when = When::Check(self.connection.spec.interval.into());
        Requeue { conclusion, when }
    }

    /// Writes the status, if it has changed.
    pub(super) async fn finish(mut self, requeue: &Requeue) -> When {
        let context = &self.scope.context;
        let generation = self.connection.meta().generation;
        let conditions = &mut self.status.conditions;
        conditions.conclude(&requeue.conclusion, generation, self.now);
        self.status.observed_generation = generation.unwrap_or_default();
        let requested = self.connection.annotations().get(REQUESTED_AT_ANNOTATION);
        self.status.last_handled_request = requested.cloned();
        let mut object = self.connection.clone();
        let cluster = &context.cluster;
        cluster
            .finish(&mut object, &self.status, requeue.when, When::Retry(None))
            .await
    }
}

/// The claims of a credential that may be published.
pub(super) fn publish(credential: &Credential) -> CredentialStatus {
    CredentialStatus {
        id: credential.id.clone(),
        issued_at: credential.issued_at.map(|time| time.to_string()),
        environment_id: credential.environment_id.clone(),
        environment_name: credential.environment_name.clone(),
        organization_id: credential.organization_id.clone(),
        organization_name: credential.organization_name.clone(),
        region: credential.region.clone(),
        api_url: credential.api_url.as_ref().map(|url| format!("{url}/v1")),
        auth_url: credential.auth_url.as_ref().map(ToString::to_string),
        gateway_id: credential.gateway.as_ref().map(|gateway| gateway.id.clone()),
        gateway_type: credential
            .gateway
            .as_ref()
            .and_then(|gateway| gateway.kind.clone()),
    }
}
