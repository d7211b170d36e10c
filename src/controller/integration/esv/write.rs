//! One new version, written once: the intent is recorded, then the value is sent, then its number is recorded.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use tracing::Instrument;

use super::{decide::Written, record::settle};
use crate::{
    aic::{Error, Version},
    api::{EsvStatus, PendingVersion, Reason, conditions::Conclusion},
    controller::{
        engine::{
            requeue::{Flow, Requeue, When},
            status,
        },
        integration::{dereference::Inputs, lock, pass::Pass},
        tenant::ownership::is_remembered,
    },
    credential::Digest,
    http::Outcome,
};

/// A lost request can arrive this much later than it was recorded: the recording's own timeout, the request's, and a
/// minute for what stands in between.
const SETTLE: Duration = Duration::from_secs(90);

/// Writes the credential as the version after `base`. A refusal may be that of a lock, which is looked at; where there
/// is none, the tenant is asked once more.
pub(super) async fn version(pass: &mut Pass<'_>, inputs: &Inputs, base: &str) -> Flow<()> {
    // As long as a lock lasts, no intent is recorded and cleared again.
    if pass.status.conditions.said(Reason::EnvironmentLocked).is_some() {
        lock::check_unlocked(pass, &inputs.tenant).await?;
    }
    let answer = match write(pass, inputs, base).await? {
        Err(error) if error.may_be_a_lock() => {
            lock::refused(pass, &inputs.tenant, &error).await?;
            write(pass, inputs, base).await?
        }
        answer => answer,
    };
    match answer {
        Ok(version) => {
            lock::took_a_write(pass);
            let written = Written {
                version: version.version,
                create_date: Some(version.create_date),
            };
            settle(pass, inputs, written, "").await
        }
        Err(error) if error.outcome() == Outcome::NotDone => Err(pass.tenant_error(&error)),
        Err(error) => {
            let message =
                format!("{error}; the operator sends it again: the same value makes no second version");
            let conclusion = Conclusion::InProgress(Reason::TenantUnavailable, message);
            Err(Requeue {
                conclusion,
                when: When::Retry(error.wait()),
            })
        }
    }
}

/// Records the intent, sends the value, and records the answer.
async fn write(pass: &mut Pass<'_>, inputs: &Inputs, base: &str) -> Flow<Result<Version, Error>> {
    let pending = PendingVersion {
        credential_id: inputs.credential.id.clone(),
        digest: Digest::of([&inputs.credential.jwt]).to_string(),
        base: base.to_owned(),
        attempt: uuid::Uuid::new_v4().to_string(),
        requested_at: inputs.tenant.time().to_string(),
    };
    let memory = pass.status.esv.get_or_insert_default();
    memory.id = inputs.esv.to_string();
    // A memory without a version would let the next pass try to create what exists.
    memory.version.get_or_insert_with(|| base.to_owned());
    // What became of an earlier try is not known, and a refusal of this one does not tell.
    let before = memory.pending.replace(Box::new(pending));
    record(pass).await?;

    // From here on nothing may cut the pass off: the request and the recording of its answer are one task.
    let (tenant, esv, value) = (
        inputs.tenant.clone(),
        inputs.esv.clone(),
        inputs.credential.jwt.clone(),
    );
    let (context, mut object, mut status) = (pass.context.clone(), pass.object.clone(), pass.status.clone());
    let (credential_id, digest) = (
        inputs.credential.id.clone(),
        Digest::of([&inputs.credential.jwt]).to_string(),
    );
    let guard = pass.context.guard();
    let task = async move {
        let answer = tenant.create_esv_version(&esv, &value, guard).await;
        let known = match &answer {
            Ok(version) => {
                let before = status.esv.take().unwrap_or_default();
                let was_proved = is_same_version(&before, version);
                Some(EsvStatus {
                    version: Some(version.version.clone()),
                    create_date: Some(version.create_date.clone()),
                    credential_id: Some(credential_id),
                    digest: Some(digest),
                    // One that was there already is as old as it is, and served accordingly.
                    written_at: Some(written_at(version, tenant.time()).to_string()),
                    proven_version: before.proven_version.clone().filter(|_| was_proved),
                    pending: None,
                    ..before
                })
            }
            Err(error) if error.outcome() == Outcome::NotDone => status.esv.take().map(|esv| EsvStatus {
                pending: before,
                ..esv
            }),
            // Whether it was done is found out by sending it again.
            Err(_) => None,
        };
        if let Some(esv) = known {
            status.esv = Some(esv);
            // If this fails, the version is still pending for the next pass, which sends it again.
            if let Err(error) = status::write(&context.cluster, &mut object, &status).await {
                tracing::warn!(%error, "failed to record a version; it is sent again in the next pass");
            }
        }
        (answer, object, status)
    };
    let task = pass.context.tasks.spawn(task.in_current_span());
    let Ok((answer, object, status)) = task.await else {
        let conclusion = Conclusion::InProgress(Reason::NotReached, "a write was cut off".to_owned());
        return Err(Requeue {
            conclusion,
            when: When::Retry(None),
        });
    };
    pass.object = object;
    let is_known = answer.as_ref().map_or_else(Error::outcome, |_| Outcome::NotDone) == Outcome::NotDone;
    if is_known {
        pass.status = status;
    }
    Ok(answer)
}

/// Writes the credential once a version of another one, which may still arrive, would have done so: it must not come
/// last.
pub(super) async fn after_pending(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    base: &str,
    pending: &PendingVersion,
) -> Flow<()> {
    let wait = remaining(pending, inputs.tenant.time());
    if wait.is_zero() {
        return version(pass, inputs, base).await;
    }
    let message = format!(
        "a version with credential {} was being written and may still arrive; the operator writes credential {} after that",
        pending.credential_id, inputs.credential.id
    );
    Err(Requeue {
        conclusion: Conclusion::InProgress(Reason::NotReached, message),
        when: When::Poll(wait),
    })
}

/// An ESV that was made again counts its versions anew: the same number is another version.
fn is_same_version(memory: &EsvStatus, version: &Version) -> bool {
    memory.version.as_ref() == Some(&version.version) && is_remembered(memory, version)
}

/// When a version was written, as far as the tenant tells it.
fn written_at(version: &Version, now: Timestamp) -> Timestamp {
    version.create_date.parse().unwrap_or(now)
}

/// How much longer a request may arrive.
fn remaining(pending: &PendingVersion, now: Timestamp) -> Duration {
    let Ok(requested_at) = pending.requested_at.parse::<Timestamp>() else {
        return Duration::ZERO;
    };
    // A tenant whose clock was set back would make it wait until it has come to that time again.
    SETTLE.saturating_sub(now.duration_since(requested_at).unsigned_abs())
}

/// Records the intent. Only when it stands may anything be sent.
async fn record(pass: &mut Pass<'_>) -> Flow<()> {
    let before = pass.status.esv.as_ref().map(|esv| EsvStatus {
        pending: None,
        ..esv.clone()
    });
    let recorded = pass.record().await;
    if recorded.is_err() {
        // Nothing is sent, so nothing is to be recovered.
        pass.status.esv = before;
    }
    recorded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_request_may_arrive_for_as_long_as_it_takes_to_settle() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let pending = |requested_at: &str| PendingVersion {
            requested_at: requested_at.into(),
            ..PendingVersion::default()
        };
        let requested = pending("2026-01-01T00:00:10.5Z");
        assert_eq!(
            remaining(&requested, at("2026-01-01T00:00:20.5Z")),
            Duration::from_secs(80)
        );
        assert_eq!(remaining(&requested, at("2026-01-01T00:05:00Z")), Duration::ZERO);
        assert_eq!(
            remaining(&requested, at("2025-12-31T00:00:00Z")),
            Duration::ZERO,
            "the tenant's clock was set back by a day"
        );
        assert_eq!(
            remaining(&pending("?"), at("2026-01-01T00:00:00Z")),
            Duration::ZERO
        );
    }
}
