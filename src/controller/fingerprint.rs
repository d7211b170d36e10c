//! Fingerprints of objects. A change that is not in the fingerprint triggers nothing.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::engine::watch::{Asked, asked_for};
use crate::api::{
    AICIntegration, Active, PingOneConnection, Reason,
    conditions::{ACTIVE, CREDENTIAL_VALID, ESV_READY, READY, SECRET_MAPPED, WORKER_READY},
};

/// What a connection has verified. A change triggers its integrations.
pub(super) type Verified = (Option<i64>, bool, Active, Option<String>);

pub(super) fn told_of_connection(connection: &PingOneConnection) -> (Asked, Verified) {
    let status = connection.status.as_ref();
    let credential = status.and_then(|status| status.credential.as_ref());
    let verified = (
        status.map(|status| status.observed_generation),
        status.is_some_and(|status| status.conditions.is_true(CREDENTIAL_VALID)),
        status.map_or(Active::Unknown, |status| status.conditions.active()),
        credential.map(|credential| credential.id.clone()),
    );
    (asked_for(connection), verified)
}

/// A digest of what a run may wait for in an integration.
pub(super) type Shown = u64;

pub(super) fn told_of_integration(integration: &AICIntegration) -> (Asked, Shown) {
    let mut digest = DefaultHasher::new();
    if let Some(status) = &integration.status {
        let conditions = &status.conditions;
        let version = status.esv.as_ref().and_then(|esv| esv.version.as_ref());
        (status.observed_generation, &status.name, version).hash(&mut digest);
        for type_ in [READY, ESV_READY, WORKER_READY, SECRET_MAPPED, ACTIVE] {
            let condition = conditions.get(type_);
            condition.map(|condition| &condition.status).hash(&mut digest);
        }
        // The only reason that a run distinguishes.
        let is_elsewhere = conditions.said(Reason::TenantOfAnotherInstallation).is_some();
        is_elsewhere.hash(&mut digest);
    }
    (asked_for(integration), digest.finish())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::api::{
        EsvStatus,
        conditions::{Conclusion, Finding},
    };

    fn integration() -> AICIntegration {
        let mut integration: AICIntegration = serde_json::from_value(json!({
            "metadata": {"namespace": "n", "name": "i"},
            "spec": {
                "connectionRef": {"name": "c"}, "name": "Name", "realm": "alpha",
                "tenant": {
                    "url": "https://t.id.forgerock.io", "environment": "Staging",
                    "serviceAccountSecretRef": {"name": "s"},
                },
            },
        }))
        .unwrap();
        let status = integration.status.get_or_insert_default();
        for type_ in [ESV_READY, WORKER_READY, SECRET_MAPPED, ACTIVE] {
            let finding = Finding::no(Reason::NotReached, "before");
            status
                .conditions
                .set(type_, &finding, None, Timestamp::UNIX_EPOCH);
        }
        let before = Conclusion::InProgress(Reason::RateLimited, "before".to_owned());
        conclude(&mut integration, &before);
        integration
    }

    fn conclude(integration: &mut AICIntegration, conclusion: &Conclusion) {
        let status = integration.status.get_or_insert_default();
        status
            .conditions
            .conclude(conclusion, None, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn what_an_integration_shows_is_news_and_how_it_says_so_is_not() {
        let shown = |change: &dyn Fn(&mut AICIntegration)| {
            let (before, mut after) = (integration(), integration());
            change(&mut after);
            let (before, after) = (told_of_integration(&before), told_of_integration(&after));
            assert_eq!(before.0, after.0, "nothing is asked for");
            before != after
        };
        let sets = |type_: &'static str, finding: Finding| {
            shown(&|integration| {
                let status = integration.status.get_or_insert_default();
                status
                    .conditions
                    .set(type_, &finding, None, Timestamp::UNIX_EPOCH);
            })
        };
        for type_ in [ESV_READY, WORKER_READY, SECRET_MAPPED, ACTIVE] {
            assert!(sets(type_, Finding::yes(Reason::TestPassed, "after")), "{type_}");
            assert!(!sets(type_, Finding::no(Reason::TestFailed, "after")), "{type_}");
        }
        let concludes = |conclusion: Conclusion| shown(&|integration| conclude(integration, &conclusion));
        let words = || "after".to_owned();
        assert!(concludes(Conclusion::Done(Reason::TestPassed, words())));
        assert!(!concludes(Conclusion::InProgress(
            Reason::TenantUnavailable,
            words()
        )));
        let elsewhere = Conclusion::Stalled(Reason::TenantOfAnotherInstallation, words());
        assert!(concludes(elsewhere));
        assert!(shown(&|integration| {
            integration.status.get_or_insert_default().observed_generation = 7;
        }));
        assert!(shown(&|integration| {
            let version = Some("2".to_owned());
            let esv = EsvStatus {
                version,
                ..EsvStatus::default()
            };
            integration.status.get_or_insert_default().esv = Some(esv);
        }));
        assert!(!shown(&|integration| {
            integration.status.get_or_insert_default().last_handled_request = Some(words());
        }));
        assert!(!shown(&|_| {}));
    }
}
