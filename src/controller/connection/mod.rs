//! `PingOneConnection`: read the Secret → check the claims → ask PingOne → say what was found.

mod pass;
mod token_check;

use std::sync::Arc;

use kube::{Resource, ResourceExt};

use self::{
    pass::{Pass, publish},
    token_check::Decision,
};
use super::{
    context::ScopeContext,
    engine::{
        queue_notice::RateLimited,
        requeue::{Flow, Requeue, When},
        secret::SecretValues,
        status::{self, HasStatus, NotWritten, outdated},
    },
    tenant::credential::check_claims,
};
use crate::{
    api::{
        Conditions, ConnectionStatus, PingOneConnection, Reason,
        conditions::{CREDENTIAL_VALID, Conclusion, Finding},
    },
    credential::Credential,
    http::{Host, Priority},
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
}

impl RateLimited for PingOneConnection {
    /// The host that checks its credential.
    fn host_key(&self) -> Option<&str> {
        self.status.as_ref()?.credential.as_ref()?.auth_url.as_deref()
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }

    fn conditions_mut(status: &mut ConnectionStatus) -> &mut Conditions {
        &mut status.conditions
    }
}

/// Reconciles a connection once.
pub(super) async fn reconcile(
    connection: Arc<PingOneConnection>,
    scope: Arc<ScopeContext>,
    priority: Priority,
) -> When {
    let context = &scope.context;
    if connection.meta().deletion_timestamp.is_some() {
        return When::Check(connection.spec.interval.into());
    }
    let started = context.clock.instant();
    let mut pass = Pass::new(&connection, &scope, priority);
    let requeue = match status::check_definition(&context.cluster, &*connection).await {
        Ok(()) => run(&mut pass).await.unwrap_or_else(|requeue| requeue),
        Err(error @ NotWritten::Outdated(_)) => outdated(&error),
        Err(error) => {
            tracing::warn!(name = connection.name_any(), %error, "failed to check the definition");
            return When::Retry(None);
        }
    };
    let (reason, _) = requeue.conclusion.text();
    let took = context.clock.instant() - started;
    context.metrics.reconciled("PingOneConnection", reason, took);
    pass.finish(&requeue).await
}

/// The procedure, in order.
async fn run(pass: &mut Pass<'_>) -> Flow<Requeue> {
    if pass.connection.spec.suspend {
        let message = "spec.suspend is true: the operator checks nothing".to_owned();
        return Ok(pass.after_the_interval(Conclusion::Done(Reason::Suspended, message)));
    }
    let credential = read_credential(pass).await?;
    Ok(check_token(pass, &credential).await)
}

/// The credential in the Secret, if its claims match the spec. Sends nothing to PingOne.
async fn read_credential(pass: &mut Pass<'_>) -> Flow<Credential> {
    let context = &pass.scope.context;
    let reference = &pass.connection.spec.credential_secret_ref;
    let namespace = pass.connection.namespace().unwrap_or_default();
    let secret = match SecretValues::read(&context.cluster, &namespace, &reference.name).await {
        Ok(Some(secret)) => secret,
        Ok(None) => {
            let message = format!(
                "Secret {} does not exist: create it with the credential under the key {}",
                reference.name, reference.key
            );
            let invalid = pass.invalid(Reason::SecretNotFound, &message, None);
            return Err(Requeue {
                conclusion: Conclusion::InProgress(Reason::SecretNotFound, message),
                ..invalid
            });
        }
        Err(error) => return Err(pass.unread(&error)),
    };
    let value = match secret.get(&reference.key) {
        Ok(value) => value,
        Err(error) => {
            let message = format!("{error}: correct the Secret, or spec.credentialSecretRef.key");
            return Err(pass.invalid(Reason::SecretKeyMissing, &message, None));
        }
    };
    check_claims(value, &pass.connection.spec, &context.pingone).map_err(|refusal| {
        let published = refusal.credential.as_deref().map(publish);
        pass.invalid(refusal.reason, &refusal.message, published)
    })
}

/// Asks PingOne whether it accepts the credential.
async fn check_token(pass: &mut Pass<'_>, credential: &Credential) -> Requeue {
    let scope = pass.scope;
    let auth_url = credential.auth_url.as_ref();
    let known = token_check::Before {
        conditions: &pass.status.conditions,
        has_exchanged: auth_url.is_some_and(|url| has_exchanged(&pass.status, scope, url.host())),
        interval: pass.connection.spec.interval.into(),
    };
    let Decision {
        active,
        requeue,
        exchanged_at,
    } = token_check::check(credential, &known, pass.priority, &scope.context).await;
    let message = format!(
        "credential {} belongs to {}",
        credential.id, credential.environment_name
    );
    pass.find(CREDENTIAL_VALID, &Finding::yes(Reason::ClaimsMatch, message));
    pass.set_active(active, &requeue.conclusion, Some(&credential.id));
    pass.status.credential = Some(publish(credential));
    if let Some(host) = exchanged_at {
        pass.status.token_exchange_host = Some(host.to_string());
    }
    requeue
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
