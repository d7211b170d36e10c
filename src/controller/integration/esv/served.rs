//! Which version of the ESV the tenant uses, and what to do about that.

use k8s_openapi::jiff::Timestamp;

use super::{observe::LONGEST_CACHE, write};
use crate::{
    api::{
        DriftPolicy, EsvStatus, Reason,
        conditions::{ACTIVE, Finding},
    },
    controller::{
        engine::requeue::Flow,
        integration::{dereference::Inputs, lock, pass::Pass},
        tenant::ownership::number,
    },
};

/// Sends the credential again, because the connection test showed another one or none, although the tenant's cache
/// has expired: somebody may have created the ESV again. `true` if that created a version. Otherwise the newest
/// version has the credential, and AM uses an older one.
pub(in super::super) async fn send_again(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    served: Option<&str>,
) -> Flow<bool> {
    let Some(esv) = pass.status.esv.clone() else {
        return Ok(false);
    };
    if pass.needs_restart {
        let message = format!(
            "ESV {} is used in placeholders, and the tenant has not loaded its newest version: restart the tenant in its console; the operator never does",
            inputs.esv
        );
        pass.find(ACTIVE, &Finding::no(Reason::RestartNeeded, &message));
        return Err(pass.stalled(Reason::RestartNeeded, message));
    }
    let base = esv.version.clone().unwrap_or_default();
    let now = inputs.tenant.time();
    let sent_lately = esv
        .resent_at
        .as_ref()
        .and_then(|at| at.parse::<Timestamp>().ok())
        .is_some_and(|at| now.duration_since(at).unsigned_abs() < LONGEST_CACHE);
    if !sent_lately {
        match served {
            Some(id) => pass.drifted(ACTIVE, &format!("the tenant's test shows credential {id}"))?,
            // Nothing shows that the ESV is wrong. The test's message says more.
            None if pass.object.spec.drift_policy != DriftPolicy::Correct => return Ok(false),
            None => {}
        }
        write::version(pass, inputs, &base).await?;
        pass.status.esv.get_or_insert_default().resent_at = Some(now.to_string());
        let written = pass.status.esv.as_ref().and_then(|esv| esv.version.clone());
        if written.as_ref() != Some(&base) {
            return Ok(true);
        }
    }
    let Some(served) = served else {
        return Ok(false);
    };
    let versions = lock::esv(pass, &inputs.tenant, || inputs.tenant.esv_versions(&inputs.esv)).await?;
    let older: Vec<_> = versions
        .iter()
        .filter(|version| version.status == "ENABLED" && version.version != base)
        .map(|version| version.version.as_str())
        .collect();
    if older.is_empty() {
        return Ok(false);
    }
    let message = format!(
        "version {base} of {} holds credential {}, and the tenant still uses credential {served}: disable its older versions {} in the tenant's console",
        inputs.esv,
        inputs.credential.id,
        older.join(", ")
    );
    pass.find(ACTIVE, &Finding::no(Reason::OlderCredentialServed, &message));
    Err(pass.stalled(Reason::OlderCredentialServed, message))
}

/// Disables the versions before the one that has just passed the connection test.
pub(in super::super) async fn retire_older_versions(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    let (tenant, Some(esv)) = (&inputs.tenant, pass.status.esv.clone()) else {
        return Ok(());
    };
    if esv.proven_version != esv.version && esv.version.as_deref() != Some("1") {
        let versions = lock::esv(pass, tenant, || tenant.esv_versions(&inputs.esv)).await?;
        let newest = esv.version.as_deref().and_then(number);
        for old in versions.iter().filter(|old| {
            old.status == "ENABLED" && number(&old.version).is_some_and(|old| Some(old) < newest)
        }) {
            lock::esv(pass, tenant, || {
                tenant.disable_esv_version(&inputs.esv, &old.version)
            })
            .await?;
        }
    }
    pass.status.esv = Some(EsvStatus {
        proven_version: esv.version.clone(),
        unproven_since: None,
        proven_digest: esv.digest.clone(),
        ..esv
    });
    Ok(())
}

/// Whether the newest version has another credential under the id of the last one that passed the test.
pub(in super::super) fn is_repair(pass: &Pass<'_>) -> bool {
    let Some(esv) = &pass.status.esv else {
        return false;
    };
    esv.proven_version != esv.version
        && pass.status.credential_id == esv.credential_id
        && esv.proven_digest.is_some()
        && esv.proven_digest != esv.digest
}
