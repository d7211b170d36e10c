//! Classifies a tenant's errors: the reason, whether a person has to act, and the message.

use crate::{
    aic::Error,
    api::{Conditions, Reason},
    http,
};

const WAITS: &str = "; the operator waits";
const TRIES_AGAIN: &str = "; the operator tries again";

/// The reason, whether a person is needed, and what to say.
pub(crate) fn classify(error: &Error) -> (Reason, bool, String) {
    match error {
        Error::ScopeMissing(_) => (Reason::ScopeMissing, true, error.to_string()),
        Error::Assertion(_) => (Reason::ServiceAccountInvalid, true, error.to_string()),
        Error::Token(http::Error::Status {
            status: 400 | 401,
            by_service: true,
            ..
        }) => (
            Reason::ServiceAccountRefused,
            true,
            format!(
                "the tenant issues no access token for the service account: {error}. Check in the tenant's console that the account exists, has the scopes fr:am:* and fr:idc:esv:*, and that its key is the one in the Secret"
            ),
        ),
        Error::Call(http::Error::HostNotAllowed { .. })
        | Error::Token(http::Error::HostNotAllowed { .. }) => {
            (Reason::HostNotAllowed, true, error.to_string())
        }
        Error::Token(inner) | Error::Call(inner) if inner.is_throttled() => {
            (Reason::RateLimited, false, format!("{error}{WAITS}"))
        }
        Error::Token(inner) | Error::Call(inner) if inner.is_retryable() => {
            (Reason::TenantUnavailable, false, format!("{error}{TRIES_AGAIN}"))
        }
        Error::Token(_) | Error::Call(_) => (
            Reason::TenantRefused,
            true,
            format!("{error}; the operator tries again by itself"),
        ),
    }
}

/// The same, with the former message. If a tenant does not answer now, the former message about its failure says
/// more.
pub(crate) fn classify_anew(error: &Error, before: &Conditions) -> (Reason, bool, String) {
    let (reason, needs_person, message) = classify(error);
    let said = before.said(reason).filter(|_| error.is_down());
    (reason, needs_person, said.map_or(message, ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::jiff::Timestamp;

    use super::*;
    use crate::{api::conditions::Conclusion, http::RetryAfter};

    fn asked(seconds: u64) -> RetryAfter {
        RetryAfter {
            wait: Duration::from_secs(seconds),
            until: Some("2026-01-01T14:05:00Z".parse().unwrap()),
        }
    }

    fn status(status: u16, wait: Option<u64>) -> http::Error {
        http::Error::Status {
            host: "t.id.forgerock.io".parse().unwrap(),
            operation: "read the ESV",
            status,
            message: String::new(),
            code: None,
            retry_after: wait.map(asked),
            transaction_id: None,
            outcome: http::Outcome::NotDone,
            by_service: true,
        }
    }

    fn told(reason: Reason, message: &str) -> Conditions {
        let mut conditions = Conditions::default();
        let conclusion = Conclusion::InProgress(reason, message.to_owned());
        conditions.conclude(&conclusion, None, Timestamp::UNIX_EPOCH);
        conditions
    }

    fn host() -> http::Host {
        "t.id.forgerock.io".parse().unwrap()
    }

    #[test]
    fn why_a_tenant_does_not_answer_is_said_once() {
        let (host, wait) = (host(), Duration::from_mins(1));
        let down = Error::Call(http::Error::Down { host, wait });
        let says = |before: &Conditions| classify_anew(&down, before).2;
        let why = classify(&Error::Call(status(502, None))).2;
        let told_why = told(Reason::TenantUnavailable, &why);
        assert_eq!(says(&told_why), why);
        let own = classify(&down).2;
        assert_eq!(says(&told(Reason::RateLimited, "something else")), own);
        let answered = Error::Call(status(503, None));
        assert_eq!(
            classify_anew(&answered, &told_why),
            classify(&answered),
            "it was asked again"
        );
    }

    #[test]
    fn a_page_of_the_load_balancer_says_nothing_of_the_account() {
        for code in [400, 401, 403, 404] {
            let mut error = status(code, None);
            if let http::Error::Status { by_service, .. } = &mut error {
                *by_service = false;
            }
            for error in [Error::Token(error.clone()), Error::Call(error)] {
                let (reason, needs_person, _) = classify(&error);
                assert_eq!(
                    (reason, needs_person),
                    (Reason::TenantUnavailable, false),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn until_when_a_tenant_is_left_alone_is_said_the_same_by_every_try() {
        let says = |error: http::Error| classify(&Error::Call(error)).2;
        let first = says(status(429, Some(3600)));
        assert!(first.contains("until 14:05 UTC"), "{first}");
        assert_eq!(says(status(503, Some(60))), first);
        let (host, asked) = (host(), asked(30));
        assert_eq!(says(http::Error::Throttled { host, asked }), first);
    }

    #[test]
    fn every_failure_says_whether_a_person_is_needed() {
        for (error, reason, stalled) in [
            (
                Error::Token(status(400, None)),
                Reason::ServiceAccountRefused,
                true,
            ),
            (Error::Token(status(500, None)), Reason::TenantUnavailable, false),
            (Error::Call(status(401, None)), Reason::TenantRefused, true),
            (Error::Call(status(403, None)), Reason::TenantRefused, true),
            (Error::Call(status(429, Some(60))), Reason::RateLimited, false),
            (Error::Call(status(429, None)), Reason::RateLimited, false),
            (Error::Call(status(503, Some(60))), Reason::RateLimited, false),
            (Error::Call(status(503, None)), Reason::TenantUnavailable, false),
            (Error::Call(status(502, None)), Reason::TenantUnavailable, false),
            (Error::ScopeMissing("fr:am:*".into()), Reason::ScopeMissing, true),
        ] {
            let (classified, needs_person, _) = classify(&error);
            assert_eq!((classified, needs_person), (reason, stalled), "{error}");
        }
    }
}
