//! PingOne is asked whether it accepts the credential.

use std::time::Duration;

use super::super::{Next, context::Context};
use crate::{
    api::{
        Conditions, Reason,
        conditions::{Conclusion, Finding},
    },
    credential::{Credential, Grant},
    http::{Error, Host, Lane, REFUSAL_STANDS_FOR},
    pingone::Environment,
};

/// How PingOne says that it does not accept a credential. Anything else says nothing of it.
const NOT_ACCEPTED: [&str; 2] = ["invalid_client", "invalid_grant"];

/// What is to be thought of the credential.
pub(super) struct Judgement {
    /// `None`: PingOne could not be asked now, and what was known stays known.
    pub(super) active: Option<Finding>,
    pub(super) conclusion: Conclusion,
    pub(super) next: Next,
    /// Where a gateway credential has just been exchanged for a token.
    pub(super) exchanged_at: Option<Host>,
}

/// What was known before PingOne is asked.
pub(super) struct Before<'a> {
    pub(super) conditions: &'a Conditions,
    /// Whether the credential's authorization server has exchanged a gateway credential before.
    pub(super) has_exchanged: bool,
    pub(super) interval: Duration,
}

pub(super) async fn ask(
    credential: &Credential,
    before: &Before<'_>,
    lane: Lane,
    context: &Context,
) -> Judgement {
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
    let token = match context.pingone.token(auth, environment_id, &grant, lane).await {
        Ok(token) => token,
        Err(error) if is_exchange && is_no_exchange(&error) && !has_exchanged => {
            return cannot_exchange(credential, &error, interval);
        }
        Err(error) => return failed(credential, &error, conditions, interval),
    };
    let environment = context
        .pingone
        .environment(api, environment_id, &token, lane)
        .await;
    Judgement {
        exchanged_at: is_exchange.then(|| auth.host().clone()),
        ..accepted(credential, environment, conditions, interval)
    }
}

/// An assumption about claim names that turns out wrong must cost a warning, not the product.
fn cannot_ask(credential: &Credential, interval: Duration) -> Judgement {
    let message = format!(
        "the credential names no server, or neither a client nor a gateway, under a name that the operator knows, so PingOne cannot be asked from here; the tenant's own test decides (claims: {})",
        credential.claim_names.join(", ")
    );
    Judgement::warning(message, interval)
}

/// Whether an answer may mean that the exchange wants a client authentication that AIC does not have either: nobody
/// has seen whether it does. One that PingOne never gave, or that will be another soon, means nothing.
fn is_no_exchange(error: &Error) -> bool {
    matches!(error.status(), Some(400..=499)) && !error.is_retryable()
}

/// Only where an exchange has succeeded before does a refusal speak of the credential.
fn cannot_exchange(credential: &Credential, error: &Error, interval: Duration) -> Judgement {
    let message = format!(
        "PingOne does not exchange gateway credential {} for a token: {error}. No gateway credential has been exchanged there before, so the credential need not be at fault; the tenant's own test decides. Check in PingOne that the product connection is enabled and has this credential",
        credential.id
    );
    Judgement::warning(message, interval.max(REFUSAL_STANDS_FOR))
}

impl Judgement {
    fn of(active: Finding, conclusion: Conclusion, next: Next) -> Self {
        Self {
            active: Some(active),
            conclusion,
            next,
            exchanged_at: None,
        }
    }

    fn warning(message: String, interval: Duration) -> Self {
        Self::of(
            Finding::unknown(Reason::CannotAskPingOne, &message),
            Conclusion::Done(Reason::CannotAskPingOne, message),
            Next::Check(interval),
        )
    }
}

fn accepted(
    credential: &Credential,
    environment: Result<Environment, Error>,
    before: &Conditions,
    interval: Duration,
) -> Judgement {
    let message = match environment {
        Ok(environment) if !environment.id.eq_ignore_ascii_case(&credential.environment_id) => {
            let message = format!(
                "PingOne answered with environment {} when asked for {}: add a new credential in the right environment",
                environment.id, credential.environment_id
            );
            return Judgement::of(
                Finding::no(Reason::EnvironmentMismatch, &message),
                Conclusion::Stalled(Reason::EnvironmentMismatch, message),
                Next::Check(interval),
            );
        }
        Ok(environment) if environment.name != credential.environment_name => format!(
            "PingOne accepts credential {}; its environment was renamed from {:?} to {:?} since the credential was issued",
            credential.id, credential.environment_name, environment.name
        ),
        Ok(_) => format!("PingOne accepts credential {}", credential.id),
        Err(error) if error.status() == Some(403) => format!(
            "PingOne accepts credential {}, which may not read its environment, so that only the claims were compared",
            credential.id
        ),
        Err(error) => return failed(credential, &error, before, interval),
    };
    Judgement::of(
        Finding::yes(Reason::CredentialAccepted, &message),
        Conclusion::Done(Reason::CredentialAccepted, message),
        Next::Check(interval),
    )
}

fn failed(credential: &Credential, error: &Error, before: &Conditions, interval: Duration) -> Judgement {
    // OAuth's own word is what counts: a proxy's 401 says nothing of the credential.
    let is_refused = error.code().is_some_and(|code| NOT_ACCEPTED.contains(&code));
    if matches!(error.status(), Some(400 | 401)) && is_refused {
        let message = format!(
            "PingOne refuses credential {}: {error}. Add a new credential in PingOne and put it into the Secret, or enable its product connection",
            credential.id
        );
        return Judgement::of(
            Finding::no(Reason::CredentialRefused, &message),
            Conclusion::Stalled(Reason::CredentialRefused, message),
            Next::Check(interval.max(REFUSAL_STANDS_FOR)),
        );
    }
    let reason = match error {
        _ if error.is_throttled() => Reason::RateLimited,
        _ => Reason::PingOneUnavailable,
    };
    // How PingOne failed has been said, and that says more.
    let why = before.said(reason).filter(|_| error.is_down());
    let message = why.map_or_else(
        || format!("PingOne could not be asked: {error}. It is asked again"),
        str::to_owned,
    );
    Judgement {
        active: None,
        conclusion: Conclusion::InProgress(reason, message),
        next: Next::Retry(error.wait()),
        exchanged_at: None,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::*;
    use crate::{
        api::Active,
        http::{Outcome, RetryAfter},
    };

    fn credential() -> Credential {
        Credential {
            id: "c1".into(),
            issued_at: None,
            environment_id: "e1".into(),
            environment_name: "dev".into(),
            organization_id: None,
            organization_name: None,
            region: None,
            api_url: None,
            auth_url: None,
            client: None,
            gateway: None,
            claim_names: vec!["jti".into()],
            jwt: "x.y.z".into(),
        }
    }

    fn status(status: u16, code: &str, retry_after: Option<Duration>) -> Error {
        Error::Status {
            host: "auth.pingone.eu".parse().unwrap(),
            operation: "get a token",
            status,
            message: String::new(),
            code: Some(code.into()),
            retry_after: retry_after.map(|wait| RetryAfter { wait, until: None }),
            transaction_id: None,
            outcome: Outcome::NotDone,
            by_service: true,
        }
    }

    fn refused(code: u16, error: &str, retry_after: Option<Duration>) -> Judgement {
        failed(
            &credential(),
            &status(code, error, retry_after),
            &Conditions::default(),
            INTERVAL,
        )
    }

    const INTERVAL: Duration = Duration::from_mins(1);

    #[test]
    fn every_answer_of_pingone_has_its_judgement() {
        let answered = |id: &str, name: &str| {
            let environment = Environment {
                id: id.into(),
                name: name.into(),
            };
            accepted(&credential(), Ok(environment), &Conditions::default(), INTERVAL)
        };
        let forbidden = Err(status(403, "ACCESS_FAILED", None));
        let forbidden = accepted(&credential(), forbidden, &Conditions::default(), INTERVAL);
        let table = [
            (answered("e1", "dev"), Active::True, Reason::CredentialAccepted),
            (answered("e1", "new"), Active::True, Reason::CredentialAccepted),
            (answered("e2", "dev"), Active::False, Reason::EnvironmentMismatch),
            (forbidden, Active::True, Reason::CredentialAccepted),
            (
                refused(401, "invalid_client", None),
                Active::False,
                Reason::CredentialRefused,
            ),
            (
                refused(400, "invalid_grant", None),
                Active::False,
                Reason::CredentialRefused,
            ),
            (
                cannot_exchange(&credential(), &status(401, "invalid_client", None), INTERVAL),
                Active::Unknown,
                Reason::CannotAskPingOne,
            ),
            (
                refused(401, "proxy", None),
                Active::Unknown,
                Reason::PingOneUnavailable,
            ),
            (
                refused(503, "", None),
                Active::Unknown,
                Reason::PingOneUnavailable,
            ),
            (refused(429, "", None), Active::Unknown, Reason::RateLimited),
            (
                cannot_ask(&credential(), INTERVAL),
                Active::Unknown,
                Reason::CannotAskPingOne,
            ),
        ];
        for (judgement, active, reason) in table {
            let says = match judgement.active.and_then(|finding| finding.status) {
                Some(true) => Active::True,
                Some(false) => Active::False,
                None => Active::Unknown,
            };
            assert_eq!((says, judgement.conclusion.text().0), (active, reason));
        }
    }

    #[test]
    fn only_a_definite_answer_may_mean_that_there_is_no_exchange() {
        for (code, error, may) in [
            (400, "unsupported_grant_type", true),
            (401, "invalid_client", true),
            (403, "", true),
            (404, "", true),
            (408, "", false),
            (429, "", false),
            (503, "", false),
        ] {
            assert_eq!(is_no_exchange(&status(code, error, None)), may, "{code}");
        }
    }

    #[test]
    fn why_pingone_does_not_answer_is_said_once() {
        let mut before = Conditions::default();
        let why = failed(&credential(), &status(503, "", None), &before, INTERVAL).conclusion;
        before.conclude(&why, None, Timestamp::UNIX_EPOCH);
        let host = || "auth.pingone.eu".parse().unwrap();
        let wait = Duration::from_mins(1);
        let down = failed(
            &credential(),
            &Error::Down { host: host(), wait },
            &before,
            INTERVAL,
        );
        assert_eq!(down.conclusion, why);
        let again = failed(&credential(), &status(502, "", None), &before, INTERVAL);
        assert_ne!(again.conclusion, why, "it was asked again");
    }

    #[test]
    fn until_when_pingone_is_left_alone_is_said_the_same_by_every_try() {
        let until = Some("2026-01-01T14:05:00Z".parse().unwrap());
        let asked = |minutes| RetryAfter {
            wait: Duration::from_mins(minutes),
            until,
        };
        let host = || "auth.pingone.eu".parse().unwrap();
        let refused = |minutes| Error::Status {
            host: host(),
            operation: "get a token",
            status: 429,
            message: format!("{minutes} minutes"),
            code: None,
            retry_after: Some(asked(minutes)),
            transaction_id: Some(minutes.to_string()),
            outcome: Outcome::NotDone,
            by_service: true,
        };
        let says = |error: &Error| failed(&credential(), error, &Conditions::default(), INTERVAL).conclusion;
        let first = says(&refused(60));
        assert!(first.text().1.contains("until 14:05 UTC"), "{first:?}");
        assert_eq!(says(&refused(59)), first);
        let (host, asked) = (host(), asked(58));
        assert_eq!(says(&Error::Throttled { host, asked }), first);
    }

    #[test]
    fn a_refused_credential_is_left_alone_and_a_wait_is_kept() {
        assert_eq!(
            refused(401, "invalid_client", None).next,
            Next::Check(REFUSAL_STANDS_FOR)
        );
        let wait = Some(Duration::from_mins(20));
        assert_eq!(refused(429, "", wait).next, Next::Retry(wait));
        for status in [429, 503] {
            let unnamed = Next::Retry(Some(Duration::from_secs(10)));
            assert_eq!(refused(status, "", None).next, unnamed);
        }
    }
}
