//! One new version, written once: the intent is recorded, then the value is sent, then its number is recorded.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use tracing::Instrument;

use super::{
    super::{
        dereference::Inputs,
        mark::Mark,
        pass::{End, Pass},
    },
    number, our_mark, settle, settle_by_test,
};
use crate::{
    aic::{Esv, Version},
    api::{EsvStatus, PendingVersion, Reason, conditions::Conclusion},
    controller::{Next, status},
    credential::Digest,
    http::Outcome,
};

/// A lost request can arrive this much later than it was recorded: the recording's own timeout, the request's, and a
/// minute for what stands in between.
const SETTLE: Duration = Duration::from_secs(90);

/// Writes the credential as the version after `base`.
pub(super) async fn version(pass: &mut Pass<'_>, inputs: &Inputs, base: &str) -> ControlFlow<End> {
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
    memory.pending = Some(pending);
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
        let time = tenant.time().to_string();
        let known = match &answer {
            Ok(version) => Some(EsvStatus {
                version: Some(version.version.clone()),
                credential_id: Some(credential_id),
                digest: Some(digest),
                written_at: Some(time),
                pending: None,
                ..status.esv.take().unwrap_or_default()
            }),
            Err(error) if error.outcome() == Outcome::NotDone => {
                status.esv.take().map(|esv| EsvStatus { pending: None, ..esv })
            }
            // Whether it was done is found out by looking.
            Err(_) => None,
        };
        if let Some(esv) = known {
            status.esv = Some(esv);
            // If this fails, the pending version is recovered from what the tenant has.
            if let Err(error) = status::write(&context, &mut object, &status).await {
                tracing::warn!(%error, "failed to record a version; it is recovered in the next pass");
            }
        }
        (answer, object, status)
    };
    let task = pass.context.tasks.spawn(task.in_current_span());
    let Ok((answer, object, status)) = task.await else {
        let conclusion = Conclusion::InProgress(Reason::TenantUnavailable, "a write was cut off".to_owned());
        return Break(End {
            conclusion,
            next: Next::Retry(None),
        });
    };
    pass.object = object;
    match answer {
        Ok(version) => {
            pass.status = status;
            settle(pass, inputs, version.version, &inputs.credential.id, "").await
        }
        Err(error) if error.outcome() == Outcome::NotDone => {
            pass.status = status;
            Break(pass.trouble(&error))
        }
        Err(error) => {
            let message = format!("{error}; the operator finds out whether it was done");
            let conclusion = Conclusion::InProgress(Reason::TenantUnavailable, message);
            Break(End {
                conclusion,
                next: Next::Retry(error.wait()),
            })
        }
    }
}

/// Finds out what became of a version that was being written.
pub(super) async fn recover(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    esv: &Esv,
    pending: PendingVersion,
) -> ControlFlow<End> {
    let versions = pass.tried(inputs.tenant.esv_versions(&inputs.esv).await)?;
    match judge(&pending, &versions, inputs.tenant.time()) {
        Fate::Wait(wait) => {
            let message = format!(
                "whether the version after {} was written is not known yet; the operator looks again by itself",
                pending.base
            );
            let conclusion = Conclusion::InProgress(Reason::TenantUnavailable, message);
            Break(End {
                conclusion,
                next: Next::Poll(wait),
            })
        }
        Fate::Written(written) => {
            settle(pass, inputs, written, &pending.credential_id, &esv.description).await?;
            if pending.credential_id == inputs.credential.id
                && pending.digest == Digest::of([&inputs.credential.jwt]).to_string()
            {
                return Continue(());
            }
            // The Secret has changed again since.
            let base = pass
                .status
                .esv
                .as_ref()
                .and_then(|esv| esv.version.clone())
                .unwrap_or_default();
            version(pass, inputs, &base).await
        }
        // What the newest version holds, when the count does not tell: the mark was set after a version was recorded.
        Fate::Unclear if mark_tells(pass, inputs, esv) => {
            let version = esv.active_version.clone();
            settle(pass, inputs, version, &inputs.credential.id, &esv.description).await
        }
        Fate::Unclear => settle_by_test(pass, inputs, esv).await,
        Fate::NotWritten => version(pass, inputs, &esv.active_version).await,
    }
}

fn mark_tells(pass: &Pass<'_>, inputs: &Inputs, esv: &Esv) -> bool {
    let ours = our_mark(pass, &inputs.credential.id, &esv.active_version);
    Mark::read(&esv.description) == Some(ours)
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// The request may still arrive.
    Wait(Duration),
    NotWritten,
    Written(String),
    /// Somebody else has written, too: a duplicate is harmless, a stale credential is an outage.
    Unclear,
}

fn judge(pending: &PendingVersion, versions: &[Version], now: Timestamp) -> Fate {
    let newest = versions.iter().max_by_key(|version| number(&version.version));
    let requested_at = pending.requested_at.parse::<Timestamp>().ok();
    let (Some(newest), Some(base), Some(requested_at)) = (newest, number(&pending.base), requested_at) else {
        return Fate::Unclear;
    };
    let made_since = || {
        // The tenant's dates have whole seconds.
        newest
            .create_date
            .parse::<Timestamp>()
            .is_ok_and(|made| made.as_second() >= requested_at.as_second())
    };
    match number(&newest.version) {
        Some(number) if number == base => {
            let passed: Duration = now.duration_since(requested_at).try_into().unwrap_or_default();
            SETTLE
                .checked_sub(passed)
                .filter(|wait| !wait.is_zero())
                .map_or(Fate::NotWritten, Fate::Wait)
        }
        Some(number) if number == base + 1 && made_since() => Fate::Written(newest.version.clone()),
        _ => Fate::Unclear,
    }
}

/// Records the intent. Only when it stands may anything be sent.
async fn record(pass: &mut Pass<'_>) -> ControlFlow<End> {
    let before = pass.status.esv.as_ref().map(|esv| EsvStatus {
        pending: None,
        ..esv.clone()
    });
    let recorded = pass.record().await;
    if recorded.is_break() {
        // Nothing is sent, so nothing is to be recovered.
        pass.status.esv = before;
    }
    recorded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: &str, create_date: &str) -> Version {
        Version {
            version: version.into(),
            create_date: create_date.into(),
            status: "ENABLED".into(),
        }
    }

    #[test]
    fn what_became_of_a_lost_write_is_read_from_the_newest_version() {
        let pending = PendingVersion {
            base: "1".into(),
            requested_at: "2026-01-01T00:00:10.5Z".into(),
            ..PendingVersion::default()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (soon, later) = (at("2026-01-01T00:00:20.5Z"), at("2026-01-01T00:05:00Z"));
        let old = || version("1", "2025-01-01T00:00:00Z");
        let table = [
            (vec![old()], soon, Fate::Wait(Duration::from_secs(80))),
            (vec![old()], later, Fate::NotWritten),
            (
                vec![version("2", "2026-01-01T00:00:10Z"), old()],
                soon,
                Fate::Written("2".into()),
            ),
            (
                vec![version("2", "2026-01-01T00:00:09Z"), old()],
                soon,
                Fate::Unclear,
            ),
            (
                vec![version("3", "2026-01-01T00:00:12Z"), old()],
                soon,
                Fate::Unclear,
            ),
            (vec![], soon, Fate::Unclear),
        ];
        for (versions, now, fate) in table {
            assert_eq!(judge(&pending, &versions, now), fate, "{versions:?}");
        }
    }
}
