//! Writes one new version, once: records the intent, sends the value, and records the version's number.

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

/// How much later than its intent a lost request can arrive: the timeouts of the status write and of the request, and
/// a minute for gateways.
const SETTLE: Duration = Duration::from_secs(90);

/// Writes the credential as the version after `base`. If the tenant refuses, a lock may be the reason: the operator
/// reads it, and sends the value once more if there is none.
pub(super) async fn version(pass: &mut Pass<'_>, inputs: &Inputs, base: &str) -> Flow<()> {
    // During a lock the intent is not recorded and cleared again and again.
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
    // Without a version, the next reconciliation would try to create the ESV.
    memory.version.get_or_insert_with(|| base.to_owned());
    // A refusal of this write does not tell what became of an earlier one.
    let before = memory.pending.replace(Box::new(pending));
    record(pass).await?;

    // The request and the recording of its answer are one task, which nothing cuts off.
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
                    // A version that existed before has its own age, which decides when the tenant uses it.
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
            // Sending it again finds out whether it was done.
            Err(_) => None,
        };
        if let Some(esv) = known {
            status.esv = Some(esv);
            // If this fails, the version stays pending, and the next reconciliation sends it again.
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

/// Waits until a write of another credential cannot arrive any more, and writes this one after it.
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

/// An ESV that was created again counts from 1, so the same number can be another version.
fn is_same_version(memory: &EsvStatus, version: &Version) -> bool {
    memory.version.as_ref() == Some(&version.version) && is_remembered(memory, version)
}

/// When a version was written, by the tenant's date if it has one.
fn written_at(version: &Version, now: Timestamp) -> Timestamp {
    version.create_date.parse().unwrap_or(now)
}

/// How much longer a lost request may arrive.
fn remaining(pending: &PendingVersion, now: Timestamp) -> Duration {
    let Ok(requested_at) = pending.requested_at.parse::<Timestamp>() else {
        return Duration::ZERO;
    };
    // The absolute difference, so that a clock that was set back does not make this wait for longer.
    SETTLE.saturating_sub(now.duration_since(requested_at).unsigned_abs())
}

/// Records the intent. Nothing may be sent if this fails.
async fn record(pass: &mut Pass<'_>) -> Flow<()> {
    let before = pass.status.esv.as_ref().map(|esv| EsvStatus {
        pending: None,
        ..esv.clone()
    });
    let recorded = pass.record().await;
    if recorded.is_err() {
        // Nothing was sent, so there is nothing to recover.
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
