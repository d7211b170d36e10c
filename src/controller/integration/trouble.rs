//! What a tenant's failure means for the integration.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{
    super::Next,
    pass::{End, Pass},
};
use crate::{
    aic::Error,
    api::{
        Conditions, Reason,
        conditions::{Conclusion, READY},
    },
    http,
};

impl Pass<'_> {
    /// Goes on with what a tenant answered, or ends the pass with its failure.
    pub(super) fn tried<T>(&self, result: Result<T, Error>) -> ControlFlow<End, T> {
        match result {
            Ok(value) => Continue(value),
            Err(error) => Break(self.trouble(&error)),
        }
    }

    /// Ends the pass with a tenant's failure. What was known of the conditions stays known.
    pub(super) fn trouble(&self, error: &Error) -> End {
        let (reason, stalled, message) = judge_anew(error, &self.status.conditions);
        if stalled {
            return self.stalled(reason, message);
        }
        End {
            conclusion: Conclusion::InProgress(reason, message),
            next: Next::Retry(error.wait()),
        }
    }
}

/// The same, where something may have been said: why a tenant is left alone has been, and that says more.
pub(in super::super) fn judge_anew(error: &Error, said: &Conditions) -> (Reason, bool, String) {
    let (reason, needs_person, message) = judge(error);
    let said = said.get(READY).filter(|ready| ready.reason == reason.as_str());
    match said {
        Some(ready) if error.is_left_alone() => (reason, needs_person, ready.message.clone()),
        _ => (reason, needs_person, message),
    }
}

/// The reason, whether a person is needed, and what to say.
pub(in super::super) fn judge(error: &Error) -> (Reason, bool, String) {
    match error {
        Error::ScopeMissing(_) => (Reason::ScopeMissing, true, error.to_string()),
        Error::Assertion(_) => (Reason::ServiceAccountInvalid, true, error.to_string()),
        Error::Token(http::Error::Status {
            status: 400 | 401, ..
        }) => (
            Reason::ServiceAccountRefused,
            true,
            format!(
                "the tenant gives no access token to the service account: {error}. Check in the tenant's console that the account exists, has the scopes fr:am:* and fr:idc:esv:*, and that its key is the one in the Secret"
            ),
        ),
        Error::Call(http::Error::HostNotAllowed { .. })
        | Error::Token(http::Error::HostNotAllowed { .. }) => {
            (Reason::HostNotAllowed, true, error.to_string())
        }
        Error::Token(inner) | Error::Call(inner) if inner.is_throttled() => (
            Reason::RateLimited,
            false,
            format!("{error}; the operator waits as it was asked to"),
        ),
        Error::Token(inner) | Error::Call(inner) if inner.is_retryable() => (
            Reason::TenantUnavailable,
            false,
            format!("{error}; the operator tries again"),
        ),
        Error::Token(_) | Error::Call(_) => (
            Reason::TenantRefused,
            true,
            format!("{error}; the operator looks again after the interval"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn status(status: u16, wait: Option<u64>) -> http::Error {
        http::Error::Status {
            host: "t.id.forgerock.io".parse().unwrap(),
            operation: "read the ESV",
            status,
            message: String::new(),
            code: None,
            retry_after: wait.map(Duration::from_secs),
            transaction_id: None,
        }
    }

    #[test]
    fn why_a_tenant_is_left_alone_is_said_once() {
        let told = |reason: Reason, message: &str| {
            let mut conditions = Conditions::default();
            let conclusion = Conclusion::InProgress(reason, message.to_owned());
            conditions.conclude(&conclusion, None, Timestamp::UNIX_EPOCH);
            conditions
        };
        let wait = Duration::from_mins(1);
        let host = || "t.id.forgerock.io".parse().unwrap();
        let throttled = Error::Call(http::Error::Throttled { host: host(), wait });
        let says = |error: &Error, said: &Conditions| judge_anew(error, said).2;
        assert_eq!(says(&throttled, &told(Reason::RateLimited, "why")), "why");
        assert_ne!(
            says(&throttled, &told(Reason::TenantUnavailable, "other")),
            "other"
        );
        let new = Error::Call(status(429, Some(60)));
        assert_ne!(says(&new, &told(Reason::RateLimited, "why")), "why");
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
            (Error::Call(status(502, None)), Reason::TenantUnavailable, false),
            (Error::ScopeMissing("fr:am:*".into()), Reason::ScopeMissing, true),
        ] {
            let (judged, needs_person, _) = judge(&error);
            assert_eq!((judged, needs_person), (reason, stalled), "{error}");
        }
    }
}
