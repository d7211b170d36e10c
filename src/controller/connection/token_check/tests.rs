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

fn refused(code: u16, error: &str, retry_after: Option<Duration>) -> Decision {
    failed(
        &credential(),
        &status(code, error, retry_after),
        &Conditions::default(),
        INTERVAL,
    )
}

const INTERVAL: Duration = Duration::from_mins(1);

#[test]
fn every_answer_of_pingone_has_its_decision() {
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
    for (decision, active, reason) in table {
        let says = match decision.active.and_then(|finding| finding.status) {
            Some(true) => Active::True,
            Some(false) => Active::False,
            None => Active::Unknown,
        };
        assert_eq!((says, decision.requeue.conclusion.text().0), (active, reason));
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
    let why = failed(&credential(), &status(503, "", None), &before, INTERVAL)
        .requeue
        .conclusion;
    before.conclude(&why, None, Timestamp::UNIX_EPOCH);
    let host = || "auth.pingone.eu".parse().unwrap();
    let wait = Duration::from_mins(1);
    let down = failed(
        &credential(),
        &Error::Down { host: host(), wait },
        &before,
        INTERVAL,
    );
    assert_eq!(down.requeue.conclusion, why);
    let again = failed(&credential(), &status(502, "", None), &before, INTERVAL);
    assert_ne!(again.requeue.conclusion, why, "it was asked again");
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
    let says = |error: &Error| {
        failed(&credential(), error, &Conditions::default(), INTERVAL)
            .requeue
            .conclusion
    };
    let first = says(&refused(60));
    assert!(first.text().1.contains("until 14:05 UTC"), "{first:?}");
    assert_eq!(says(&refused(59)), first);
    let (host, asked) = (host(), asked(58));
    assert_eq!(says(&Error::Throttled { host, asked }), first);
}

#[test]
fn a_refused_credential_is_left_alone_and_a_wait_is_kept() {
    assert_eq!(
        refused(401, "invalid_client", None).requeue.when,
        When::Check(REFUSAL_STANDS_FOR)
    );
    let wait = Some(Duration::from_mins(20));
    assert_eq!(refused(429, "", wait).requeue.when, When::Retry(wait));
    for status in [429, 503] {
        let unnamed = When::Retry(Some(Duration::from_secs(10)));
        assert_eq!(refused(status, "", None).requeue.when, unnamed);
    }
}
