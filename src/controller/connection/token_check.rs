//! Asks PingOne whether it accepts the credential.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{
    api::{
        Conditions, Reason,
        conditions::{Conclusion, Finding},
    },
    controller::{
        context::Context,
        engine::requeue::{Requeue, When},
    },
    credential::{Credential, Grant},
    http::{Error, Host, Priority, REFUSAL_STANDS_FOR},
    pingone::Environment,
};

/// How PingOne refuses a credential. Any other error says nothing about it.
const NOT_ACCEPTED: [&str; 2] = ["invalid_client", "invalid_grant"];

/// What the answer means for the credential.
pub(super) struct Decision {
    /// `None`: PingOne did not answer, and `Active` keeps its value.
    pub(super) active: Option<Finding>,
    pub(super) requeue: Requeue,
    /// The server that has just exchanged a gateway credential for a token.
    pub(super) exchanged_at: Option<Host>,
}

/// What is known before PingOne is asked.
pub(super) struct Before<'a> {
    pub(super) conditions: &'a Conditions,
    /// Whether the credential's authorization server has exchanged a gateway credential before.
    pub(super) has_exchanged: bool,
    pub(super) interval: Duration,
}

pub(super) async fn check(
    credential: &Credential,
    before: &Before<'_>,
    priority: Priority,
    context: &Context,
) -> Decision {
    let Before {
        conditions,
        has_exchanged,
        interval,
    } = *before;
    let (Some(api), Some(auth), Some(grant)) =
        (&credential.api_url, &credential.auth_url, credential.grant())
    else {
        return cannot_ask(credential, interval);
    };
    let environment_id = &credential.environment_id;
    let is_exchange = matches!(grant, Grant::Gateway(_));
    let token = match context
        .pingone
        .token(auth, environment_id, &grant, priority)
        .await
    {
        Ok(token) => token,
        Err(error) if is_exchange && is_no_exchange(&error) && !has_exchanged => {
            return cannot_exchange(credential, &error, interval);
        }
        Err(error) => return failed(credential, &error, conditions, interval),
    };
    let environment = context
        .pingone
        .environment(api, environment_id, &token, priority)
        .await;
    Decision {
        exchanged_at: is_exchange.then(|| auth.host().clone()),
        ..accepted(credential, environment, conditions, interval)
    }
}

/// A wrong assumption about claim names costs a warning, and does not stop the integration.
fn cannot_ask(credential: &Credential, interval: Duration) -> Decision {
    let message = format!(
        "the credential names no server, or neither a client nor a gateway, under a name that the operator knows, so the operator cannot ask PingOne; the tenant's connection test decides (claims: {})",
        credential.claim_names.join(", ")
    );
    Decision::warning(message, interval)
}

/// Whether a refusal may mean that the exchange needs a client authentication, which nobody has seen yet. A missing
/// or temporary answer means nothing.
fn is_no_exchange(error: &Error) -> bool {
    matches!(error.status(), Some(400..=499)) && !error.is_retryable()
}

/// A refusal counts against the credential only if an exchange has succeeded before.
fn cannot_exchange(credential: &Credential, error: &Error, interval: Duration) -> Decision {
    let message = format!(
        "PingOne does not exchange gateway credential {} for a token: {error}. No gateway credential has been exchanged there before, so the credential may be right; the tenant's connection test decides. Check in PingOne that the product connection is enabled and has this credential",
        credential.id
    );
    Decision::warning(message, interval.max(REFUSAL_STANDS_FOR))
}

impl Decision {
    fn of(active: Finding, conclusion: Conclusion, when: When) -> Self {
        Self {
            active: Some(active),
            requeue: Requeue { conclusion, when },
            exchanged_at: None,
        }
    }

    fn warning(message: String, interval: Duration) -> Self {
        Self::of(
            Finding::unknown(Reason::CannotAskPingOne, &message),
            Conclusion::Done(Reason::CannotAskPingOne, message),
            When::Check(interval),
        )
    }
}

fn accepted(
    credential: &Credential,
    environment: Result<Environment, Error>,
    before: &Conditions,
    interval: Duration,
) -> Decision {
    let message = match environment {
        Ok(environment) if !environment.id.eq_ignore_ascii_case(&credential.environment_id) => {
            let message = format!(
                "PingOne answered with environment {} when asked for {}: add a new credential in the right environment",
                environment.id, credential.environment_id
            );
            return Decision::of(
                Finding::no(Reason::EnvironmentMismatch, &message),
                Conclusion::Stalled(Reason::EnvironmentMismatch, message),
                When::Check(interval),
            );
        }
        Ok(environment) if environment.name != credential.environment_name => format!(
            "PingOne accepts credential {}; its environment was renamed from {:?} to {:?} since the credential was issued",
            credential.id, credential.environment_name, environment.name
        ),
        Ok(_) => format!("PingOne accepts credential {}", credential.id),
        Err(error) if error.status() == Some(403) => format!(
            "PingOne accepts credential {}, which may not read its environment, so the operator compared only the claims",
            credential.id
        ),
        Err(error) => return failed(credential, &error, before, interval),
    };
    Decision::of(
        Finding::yes(Reason::CredentialAccepted, &message),
        Conclusion::Done(Reason::CredentialAccepted, message),
        When::Check(interval),
    )
}

fn failed(credential: &Credential, error: &Error, before: &Conditions, interval: Duration) -> Decision {
    // Only OAuth's error code counts. A proxy's 401 says nothing about the credential.
    let is_refused = error.code().is_some_and(|code| NOT_ACCEPTED.contains(&code));
    if matches!(error.status(), Some(400 | 401)) && is_refused {
        let message = format!(
            "PingOne refuses credential {}: {error}. Add a new credential in PingOne and put it into the Secret, or enable its product connection",
            credential.id
        );
        return Decision::of(
            Finding::no(Reason::CredentialRefused, &message),
            Conclusion::Stalled(Reason::CredentialRefused, message),
            When::Check(interval.max(REFUSAL_STANDS_FOR)),
        );
    }
    let reason = match error {
        _ if error.is_throttled() => Reason::RateLimited,
        _ => Reason::PingOneUnavailable,
    };
    // The former message says more about PingOne's failure.
    let why = before.said(reason).filter(|_| error.is_down());
    let message = why.map_or_else(
        || format!("failed to ask PingOne: {error}. The operator tries again"),
        str::to_owned,
    );
    Decision {
        active: None,
        requeue: Requeue {
            conclusion: Conclusion::InProgress(reason, message),
            when: When::Retry(error.wait()),
        },
        exchanged_at: None,
    }
}
