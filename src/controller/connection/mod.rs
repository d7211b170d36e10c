//! `PingOneConnection`: read the Secret → check the claims → ask PingOne → say what was found.

mod claims;
mod proof;
mod vouch;

use std::{sync::Arc, time::Duration};

use kube::{Resource, ResourceExt};

pub(super) use self::vouch::vouched;
use super::{
    Next,
    context::{Context, ScopeContext},
    secret::SecretValues,
    status::{self, HasStatus, LOOK_AT_DEFINITIONS_AGAIN, NotWritten},
    waits::TakesTurns,
};
use crate::{
    api::{
        Conditions, ConnectionStatus, CredentialStatus, PingOneConnection, REQUESTED_AT_ANNOTATION, Reason,
        conditions::{ACTIVE, CREDENTIAL_VALID, Conclusion, Finding},
    },
    credential::Credential,
    http::{Host, Lane},
};

impl HasStatus for PingOneConnection {
    type Status = ConnectionStatus;

    fn status(&self) -> Option<&ConnectionStatus> {
        self.status.as_ref()
    }

    fn last_handled_request(status: &ConnectionStatus) -> Option<&String> {
        status.last_handled_request.as_ref()
    }

    fn conditions(status: &ConnectionStatus) -> &Conditions {
        &status.conditions
    }

    fn complete() -> ConnectionStatus {
        ConnectionStatus::complete()
    }
}

impl TakesTurns for PingOneConnection {
    /// Where its credential is proved.
    fn place(&self) -> Option<&str> {
        self.status.as_ref()?.credential.as_ref()?.auth_url.as_deref()
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }

    fn conditions_mut(status: &mut ConnectionStatus) -> &mut Conditions {
        &mut status.conditions
    }
}

/// What a pass found.
struct Found {
    valid: Finding,
    /// `None`: what was known stays known.
    active: Option<Finding>,
    conclusion: Conclusion,
    credential: Option<CredentialStatus>,
    next: Next,
    /// Where a gateway credential has just been exchanged for a token.
    exchanged_at: Option<Host>,
}

/// One pass.
pub(super) async fn reconcile(
    connection: Arc<PingOneConnection>,
    scope: Arc<ScopeContext>,
    lane: Lane,
) -> Next {
    let context = &scope.context;
    if connection.meta().deletion_timestamp.is_some() {
        return Next::Check(connection.spec.interval.into());
    }
    let started = context.clock.instant();
    let mut status = connection.status.clone().unwrap_or_default();
    let generation = connection.meta().generation;
    let now = context.clock.now();
    let definition = status::check_definition(context, &*connection).await;
    let (conclusion, next) = if let Err(error @ NotWritten::Outdated(_)) = &definition {
        let conclusion = Conclusion::Stalled(Reason::CRDOutdated, error.to_string());
        (conclusion, Next::Poll(LOOK_AT_DEFINITIONS_AGAIN))
    } else if let Err(error) = &definition {
        tracing::warn!(name = connection.name_any(), %error, "failed to look at the definition");
        return Next::Retry(None);
    } else if connection.spec.suspend {
        let conclusion = Conclusion::Done(
            Reason::Suspended,
            "spec.suspend is true: nothing is checked".to_owned(),
        );
        (conclusion, Next::Check(connection.spec.interval.into()))
    } else {
        let Found {
            valid,
            active,
            conclusion,
            credential,
            next,
            exchanged_at,
        } = look(&connection, &status, lane, &scope).await;
        let same = credential.is_some()
            && credential.as_ref().map(|c| &c.id) == status.credential.as_ref().map(|c| &c.id);
        status.conditions.set(CREDENTIAL_VALID, &valid, generation, now);
        // Only what PingOne itself has said of this very credential outlives a time in which it cannot be asked.
        let asked = status
            .conditions
            .get(ACTIVE)
            .is_some_and(|before| before.reason != Reason::NotReached.as_str());
        if let Some(active) = active.or_else(|| (!(same && asked)).then(|| not_yet(&conclusion))) {
            status.conditions.set(ACTIVE, &active, generation, now);
        }
        status.credential = credential;
        if let Some(host) = exchanged_at {
            status.token_exchange_host = Some(host.to_string());
        }
        (conclusion, next)
    };
    status.conditions.conclude(&conclusion, generation, now);
    status.observed_generation = generation.unwrap_or_default();
    status.last_handled_request = connection.annotations().get(REQUESTED_AT_ANNOTATION).cloned();
    let (reason, _) = conclusion.text();
    context
        .metrics
        .reconciled("PingOneConnection", reason, context.clock.instant() - started);
    finish(&connection, &status, context, next).await
}

/// A credential that PingOne could not be asked about is not accepted yet.
fn not_yet(conclusion: &Conclusion) -> Finding {
    let (reason, message) = conclusion.text();
    Finding::no(reason, message)
}

async fn look(
    connection: &PingOneConnection,
    before: &ConnectionStatus,
    lane: Lane,
    scope: &ScopeContext,
) -> Found {
    let context = &scope.context;
    let interval: Duration = connection.spec.interval.into();
    let check = Next::Check(interval);
    let reference = &connection.spec.credential_secret_ref;
    let namespace = connection.namespace().unwrap_or_default();
    let stalled = |reason: Reason, message: String, credential: Option<CredentialStatus>| Found {
        valid: Finding::no(reason, &message),
        active: Some(Finding::unknown(
            Reason::NotReached,
            "PingOne is asked once the credential is valid",
        )),
        conclusion: Conclusion::Stalled(reason, message),
        credential,
        next: check,
        exchanged_at: None,
    };

    let secret = match SecretValues::read(context, &namespace, &reference.name).await {
        Ok(Some(secret)) => secret,
        Ok(None) => {
            let message = format!(
                "Secret {} does not exist: create it with the credential under the key {}",
                reference.name, reference.key
            );
            let found = stalled(Reason::SecretNotFound, message.clone(), None);
            return Found {
                conclusion: Conclusion::InProgress(Reason::SecretNotFound, message),
                ..found
            };
        }
        Err(error) => {
            let message = error.to_string();
            let valid = Finding::unknown(Reason::SecretNotFound, &message);
            let conclusion = Conclusion::InProgress(Reason::SecretNotFound, message);
            return Found {
                valid,
                active: None,
                conclusion,
                credential: before.credential.clone(),
                next: Next::Retry(None),
                exchanged_at: None,
            };
        }
    };
    let value = match secret.get(&reference.key) {
        Ok(value) => value,
        Err(error) => {
            let message = format!("{error}: correct the Secret, or spec.credentialSecretRef.key");
            return stalled(Reason::SecretKeyMissing, message, None);
        }
    };
    let credential = match claims::check(value, &connection.spec, &context.pingone) {
        Ok(credential) => credential,
        Err(refusal) => {
            let published = refusal.credential.as_deref().map(publish);
            return stalled(refusal.reason, refusal.message, published);
        }
    };
    let valid = Finding::yes(
        Reason::ClaimsMatch,
        format!(
            "credential {} belongs to {}",
            credential.id, credential.environment_name
        ),
    );
    let known = proof::Before {
        conditions: &before.conditions,
        has_exchanged: credential
            .auth_url
            .as_ref()
            .is_some_and(|url| has_exchanged(before, scope, url.host())),
        interval,
    };
    let proof::Judgement {
        active,
        conclusion,
        next,
        exchanged_at,
    } = proof::ask(&credential, &known, lane, context).await;
    Found {
        valid,
        active,
        conclusion,
        credential: Some(publish(&credential)),
        next,
        exchanged_at,
    }
}

/// Whether a gateway credential, of this connection or of another one, was once exchanged by an authorization server.
fn has_exchanged(own: &ConnectionStatus, scope: &ScopeContext, host: &Host) -> bool {
    let is_there = |status: &ConnectionStatus| status.token_exchange_host.as_deref() == Some(host.as_str());
    let another = || {
        let find = |other: &PingOneConnection| other.status.as_ref().is_some_and(is_there);
        scope.connections.find(find)
    };
    is_there(own) || another().is_some()
}

fn publish(credential: &Credential) -> CredentialStatus {
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

async fn finish(
    connection: &PingOneConnection,
    status: &ConnectionStatus,
    context: &Context,
    next: Next,
) -> Next {
    let before: Option<Conditions> = connection.status.as_ref().map(|status| status.conditions.clone());
    let mut written = connection.clone();
    match status::write(context, &mut written, status).await {
        Ok(changed) => {
            if changed {
                context
                    .announce(connection, before.as_ref(), &status.conditions)
                    .await;
            }
            next
        }
        // The cache is behind: what it shows next is worth a pass, and until then there is nothing to do.
        Err(NotWritten::Conflict) => Next::Retry(None),
        Err(error) => {
            tracing::warn!(name = connection.name_any(), %error, "failed to write a status");
            Next::Retry(None)
        }
    }
}
