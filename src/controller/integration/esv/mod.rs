//! The ESV that holds the credential: created once, and one new version for each new credential.

mod adopt;
mod decide;
mod record;
mod test;
mod write;

use k8s_openapi::jiff::Timestamp;

use self::{
    decide::{Decision, Wanted, decide, needs_date},
    record::{Written, claim, look, lost, marked, our_mark, owner, settle, uid},
};
pub(super) use self::{record::is_ours, test::LONGEST_CACHE};
use super::{
    dereference::Inputs,
    lock,
    ownership::{Claimant, number},
    pass::Pass,
};
use crate::{
    aic::Creation,
    api::{
        DriftPolicy, EsvStatus, Origin, Reason,
        conditions::{ACTIVE, ESV_READY, Finding},
    },
    controller::engine::requeue::Flow,
    credential::Digest,
};

/// Sees to it that the ESV's newest version holds the credential and that its mark says so.
pub(super) async fn ensure(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    let memory = pass.status.esv.clone().filter(|memory| memory.version.is_some());
    // Creating never changes what is there: for an object without a memory it is both the question and the answer.
    // One that was told that the ESV is another's only looks whether it still is.
    let told = pass
        .status
        .conditions
        .get(ESV_READY)
        .is_some_and(|told| told.reason == Reason::EsvNotOwned.as_str());
    if memory.is_none() && !told && create(pass, inputs).await?.is_some() {
        return Ok(());
    }
    let esv = look(pass, inputs).await?;
    let Some(esv) = esv else {
        if memory.is_some() {
            pass.drifted(ESV_READY, "the ESV is gone")?;
        }
        return match create(pass, inputs).await? {
            Some(()) => Ok(()),
            None => Err(pass.waiting(
                Reason::EsvNotOwned,
                "the ESV came back while it was being created",
            )),
        };
    };
    pass.needs_restart = esv.needs_restart();
    let memory = pass.status.esv.clone().unwrap_or_default();
    let digest = Digest::of([&inputs.credential.jwt]).to_string();
    let wanted = Wanted {
        id: &inputs.credential.id,
        digest: &digest,
    };
    let newest = if needs_date(&memory, &esv) {
        let versions = lock::esv(pass, &inputs.tenant, || inputs.tenant.esv_versions(&inputs.esv)).await?;
        versions
            .into_iter()
            .find(|version| version.version == esv.active_version)
    } else {
        None
    };
    let (name, uid) = (owner(pass), uid(pass));
    let claimant = Claimant {
        name: &name,
        uid: &uid,
    };
    match decide(&memory, &esv, newest.as_ref(), &wanted, &claimant) {
        Decision::NotOurs(mark) => Err(marked(pass, inputs, &mark)),
        Decision::Lost(mark) => Err(lost(pass, inputs, &mark)),
        Decision::Adoptable => {
            let esv = adopt::take(pass, inputs, &esv).await?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::Former(mark) => {
            let served = test::served_credential(pass, inputs).await?;
            if served.as_ref() != Some(&inputs.credential.id) {
                return Err(marked(pass, inputs, &mark));
            }
            claim(pass, inputs, &esv).await?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::AwaitPending(pending) => {
            claim(pass, inputs, &esv).await?;
            write::after_pending(pass, inputs, &esv.active_version, &pending).await
        }
        Decision::Write => {
            claim(pass, inputs, &esv).await?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::WriteOverDrift(what) => {
            claim(pass, inputs, &esv).await?;
            pass.drifted(ESV_READY, &what)?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::Unmarked(version) => {
            claim(pass, inputs, &esv).await?;
            pass.drifted(ESV_READY, "the ESV's description is not the operator's mark")?;
            settle(pass, inputs, Written::before(version), &esv.description).await
        }
        Decision::Settled(version) => {
            claim(pass, inputs, &esv).await?;
            settle(pass, inputs, Written::before(version), &esv.description).await
        }
    }
}

/// Sends the credential again, because the tenant's test showed another one, or none, though the newest version should
/// be served by now: somebody may have made the ESV again. `true` if that made a version. If it made none, the newest one
/// holds the credential, and AM serves an older version.
pub(super) async fn send_again(pass: &mut Pass<'_>, inputs: &Inputs, served: Option<&str>) -> Flow<bool> {
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
            // Nothing shows that the ESV is at fault: the test's own message says more.
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
        "version {base} of {} holds credential {}, and the tenant goes on with credential {served}: disable its older versions {} in the tenant's console",
        inputs.esv,
        inputs.credential.id,
        older.join(", ")
    );
    pass.find(ACTIVE, &Finding::no(Reason::OlderCredentialServed, &message));
    Err(pass.stalled(Reason::OlderCredentialServed, message))
}

/// Disables the versions before the one that a test has just proved; never before.
pub(super) async fn retire_older_versions(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    let (tenant, Some(esv)) = (&inputs.tenant, pass.status.esv.clone()) else {
        return Ok(());
    };
    if esv.proven_version == esv.version {
        return Ok(());
    }
    if esv.version.as_deref() != Some("1") {
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
        ..esv
    });
    Ok(())
}

/// `Some` when the ESV was made just now.
async fn create(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Option<()>> {
    let mark = our_mark(pass, &inputs.credential.id, "1").to_string();
    let (tenant, value) = (&inputs.tenant, &inputs.credential.jwt);
    match lock::esv(pass, tenant, || tenant.create_esv(&inputs.esv, value, &mark)).await? {
        Creation::Created(esv) => {
            pass.status.esv.get_or_insert_default().origin = Some(Origin::Made);
            let written = Written {
                version: esv.active_version,
                create_date: esv.last_change_date,
            };
            settle(pass, inputs, written, &mark).await?;
            Ok(Some(()))
        }
        Creation::Exists => Ok(None),
    }
}
