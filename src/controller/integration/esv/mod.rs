//! The ESV that holds the credential: created once, and one new version for each new credential.

mod adopt;
mod decide;
mod record;
mod test;
mod write;

use self::{
    decide::{Decision, Owner, Wanted, decide},
    record::{look, not_owned, number, our_mark, owner, settle, uid},
};
pub(super) use self::{record::is_ours, test::LONGEST_CACHE};
use super::{dereference::Inputs, lock, pass::Pass};
use crate::{
    aic::Creation,
    api::{EsvStatus, Reason, conditions::ESV_READY},
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
    let memory = pass.status.esv.clone().unwrap_or_default();
    let digest = Digest::of([&inputs.credential.jwt]).to_string();
    let wanted = Wanted {
        id: &inputs.credential.id,
        digest: &digest,
    };
    let (name, uid) = (owner(pass), uid(pass));
    match decide(
        &memory,
        &esv,
        &wanted,
        &Owner {
            name: &name,
            uid: &uid,
        },
    ) {
        Decision::NotOurs(what) => Err(not_owned(pass, inputs, &what)),
        Decision::Foreign(mark) => {
            let esv = adopt::take(pass, inputs, &esv, mark.as_ref()).await?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::Former(mark) => {
            let served = test::served_credential(pass, inputs).await?;
            let esv = if served.as_ref() == Some(&inputs.credential.id) {
                esv
            } else {
                adopt::take(pass, inputs, &esv, Some(&mark)).await?
            };
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::AwaitPending(pending) => {
            write::after_pending(pass, inputs, &esv.active_version, &pending).await
        }
        Decision::Write => write::version(pass, inputs, &esv.active_version).await,
        Decision::WriteOverDrift(what) => {
            pass.drifted(ESV_READY, &what)?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::Unmarked(version) => {
            pass.drifted(ESV_READY, "the ESV's description is not the operator's mark")?;
            settle(pass, inputs, version, &inputs.credential.id, &esv.description).await
        }
        Decision::Settled(version) => {
            settle(pass, inputs, version, &inputs.credential.id, &esv.description).await
        }
    }
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
            settle(pass, inputs, esv.active_version, &inputs.credential.id, &mark).await?;
            Ok(Some(()))
        }
        Creation::Exists => Ok(None),
    }
}
