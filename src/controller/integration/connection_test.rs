//! The tenant's connection test decides: an integration is Active if it passes with the credential that is in the Secret.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::{
    dereference::Inputs,
    esv::{self, LONGEST_CACHE},
    pass::Pass,
};
use crate::{
    aic::ConnectionTest,
    api::{
        Reason,
        conditions::{ACTIVE, Conclusion, Finding, SECRET_MAPPED},
    },
    controller::{
        engine::requeue::{Flow, Requeue, When},
        tenant::promoted::{Promoted, of_mapping},
    },
};

const ASK_AGAIN: Duration = Duration::from_secs(15);

/// Has the tenant test the connection, and concludes what is left to do.
pub(super) async fn run(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Conclusion> {
    let test = match inputs
        .tenant
        .test_connection(inputs.realm, &inputs.name, inputs.credential.secrets())
        .await
    {
        Ok(test) => test,
        Err(error) => return Err(pass.tenant_error(&error)),
    };
    match decide(&test, &inputs.credential.id, is_fresh(pass, inputs)) {
        Decision::Proved if esv::is_repair(pass) && is_fresh(pass, inputs) => {
            Err(not_told_apart(pass, inputs))
        }
        Decision::Proved => {
            let message = format!(
                "the tenant works with credential {} in the PingOne environment {}",
                inputs.credential.id, inputs.credential.environment_name
            );
            pass.find(ACTIVE, &Finding::yes(Reason::TestPassed, &message));
            if !inputs.is_mutable() {
                // The mapping was not read. A passing test has used it.
                let message = format!("the tenant's test went through the mapping to {}", inputs.esv);
                pass.find(SECRET_MAPPED, &Finding::yes(Reason::LabelMapped, message));
            }
            pass.context
                .metrics
                .test_passed(&pass.uid(), pass.context.clock.now());
            esv::retire_older_versions(pass, inputs).await?;
            pass.status.credential_id = Some(inputs.credential.id.clone());
            Ok(Conclusion::Done(Reason::TestPassed, message))
        }
        Decision::NotYetServed(other) => {
            // A promoted mapping to another ESV looks the same where no test has passed before.
            if !inputs.is_mutable() && pass.status.credential_id.is_none() {
                check_promoted_mapping(pass, inputs, true).await?;
            }
            Err(not_yet_served(pass, inputs, &other))
        }
        Decision::Failed { served, message } => {
            if !inputs.is_mutable() {
                check_promoted_mapping(pass, inputs, false).await?;
            }
            if served.as_ref() != Some(&inputs.credential.id)
                && !is_fresh(pass, inputs)
                && !pass.has_repaired
                && esv::send_again(pass, inputs, served.as_deref()).await?
            {
                let other = served.map_or("none".to_owned(), |id| format!("credential {id}"));
                return Err(not_yet_served(pass, inputs, &other));
            }
            pass.find(ACTIVE, &Finding::no(Reason::TestFailed, &message));
            Err(Requeue {
                conclusion: Conclusion::InProgress(Reason::TestFailed, message),
                when: When::Retry(None),
            })
        }
    }
}

fn not_yet_served(pass: &mut Pass<'_>, inputs: &Inputs, other: &str) -> Requeue {
    let message = format!(
        "version {} with credential {} is written; the tenant still works with {other}, as it may for about ten minutes",
        pass.status
            .esv
            .as_ref()
            .and_then(|esv| esv.version.as_deref())
            .unwrap_or("?"),
        inputs.credential.id
    );
    pass.find(ACTIVE, &Finding::no(Reason::CredentialNotYetServed, &message));
    Requeue {
        conclusion: Conclusion::InProgress(Reason::CredentialNotYetServed, message),
        when: When::Poll(ASK_AGAIN),
    }
}

/// The newest version replaces a credential under the same id. A passing test may still have used the former one.
fn not_told_apart(pass: &mut Pass<'_>, inputs: &Inputs) -> Requeue {
    let message = format!(
        "credential {} was replaced under the same id, and for about ten minutes the tenant's test cannot tell the two apart; the operator tests it again after that",
        inputs.credential.id
    );
    if !pass.status.conditions.is_true(ACTIVE) {
        pass.find(ACTIVE, &Finding::no(Reason::CredentialNotYetServed, &message));
    }
    Requeue {
        conclusion: Conclusion::InProgress(Reason::CredentialNotYetServed, message),
        when: When::Poll(LONGEST_CACHE.saturating_sub(age(pass, inputs))),
    }
}

/// A test can fail, or pass with another credential, because the promoted mapping is wrong, which only a promotion can
/// correct.
async fn check_promoted_mapping(pass: &mut Pass<'_>, inputs: &Inputs, has_passed: bool) -> Flow<()> {
    let mapping = pass.tried(inputs.tenant.mapping(inputs.realm, &inputs.label).await)?;
    let what = match of_mapping(mapping.as_ref(), &inputs.label, &inputs.esv) {
        Promoted::Right => {
            let message = format!("the worker's label is mapped to {}", inputs.esv);
            pass.find(SECRET_MAPPED, &Finding::yes(Reason::LabelMapped, message));
            return Ok(());
        }
        // A passing test has used a mapping, whatever a 404 says.
        Promoted::Wrong(what) if mapping.is_some() || !has_passed => what,
        Promoted::Wrong(_) | Promoted::NotShown => return Ok(()),
    };
    let message = format!(
        "{what}: the mapping came with a promotion, so correct it in the environment below and promote it"
    );
    for type_ in [SECRET_MAPPED, ACTIVE] {
        pass.find(type_, &Finding::no(Reason::DriftDetected, &message));
    }
    Err(pass.stalled(Reason::DriftDetected, message))
}

/// Whether the version is so new that the tenant may not use it yet.
fn is_fresh(pass: &Pass<'_>, inputs: &Inputs) -> bool {
    age(pass, inputs) < LONGEST_CACHE
}

/// The version's age by the tenant's clock. The absolute difference, so that a clock that was set back does not make
/// the operator wait for longer.
fn age(pass: &Pass<'_>, inputs: &Inputs) -> Duration {
    let written = pass.status.esv.as_ref().and_then(|esv| esv.written_at.as_ref());
    written
        .and_then(|at| at.parse::<Timestamp>().ok())
        .map_or(Duration::MAX, |at| {
            inputs.tenant.time().duration_since(at).unsigned_abs()
        })
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Proved,
    NotYetServed(String),
    Failed {
        /// The credential that the test named, if any.
        served: Option<String>,
        message: String,
    },
}

fn decide(test: &ConnectionTest, wanted: &str, fresh: bool) -> Decision {
    match test {
        test if test.proves(wanted) => Decision::Proved,
        ConnectionTest::Passed {
            credential_id: other, ..
        }
        | ConnectionTest::Failed {
            credential_id: Some(other),
            ..
        } if fresh && other != wanted => Decision::NotYetServed(format!("credential {other}")),
        ConnectionTest::Passed {
            credential_id: other, ..
        } => Decision::Failed {
            message: format!(
                "the tenant's test passes with credential {other}, and the Secret holds {wanted}: check which ESV the worker's label is mapped to"
            ),
            served: Some(other.clone()),
        },
        ConnectionTest::Failed {
            message,
            credential_id,
        } => Decision::Failed {
            served: credential_id.clone(),
            message: format!("the tenant's test failed: {message}"),
        },
        // Another version would not help.
        ConnectionTest::NoWorker => Decision::Failed {
            served: Some(wanted.to_owned()),
            message: "the tenant does not find the worker".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_credential_proves_and_only_a_fresh_version_is_waited_for() {
        let passed = |id: &str| ConnectionTest::Passed {
            credential_id: id.into(),
            environment: None,
        };
        let failed = |id: Option<&str>| ConnectionTest::Failed {
            message: "no".into(),
            credential_id: id.map(Into::into),
        };
        let not_yet = || Decision::NotYetServed("credential old".into());
        let is_failed = |verdict: &Decision| matches!(verdict, Decision::Failed { .. });
        assert_eq!(decide(&passed("new"), "new", true), Decision::Proved);
        assert_eq!(decide(&passed("old"), "new", true), not_yet());
        assert_eq!(decide(&failed(Some("old")), "new", true), not_yet());
        for verdict in [
            decide(&passed("old"), "new", false),
            decide(&failed(Some("old")), "new", false),
            decide(&failed(Some("new")), "new", true),
            decide(&failed(None), "new", true),
            decide(&ConnectionTest::NoWorker, "new", true),
        ] {
            assert!(is_failed(&verdict), "{verdict:?}");
        }
    }
}
