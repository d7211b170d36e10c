//! The ESV that holds the credential: created once, and one new version for each new credential.

mod adopt;
mod decide;
mod test;
mod write;

use std::ops::ControlFlow::{self, Break, Continue};

use kube::{Resource, ResourceExt};

use self::decide::{Decision, Owner, Wanted, decide};
pub(super) use self::test::LONGEST_CACHE;
use super::{
    dereference::Inputs,
    lock,
    mark::Mark,
    pass::{End, Pass},
};
use crate::{
    aic::{Creation, Esv},
    api::{
        DriftPolicy, EsvStatus, Reason,
        conditions::{ACTIVE, ESV_READY, Finding},
    },
    credential::Digest,
};

/// Sees to it that the ESV's newest version holds the credential and that its mark says so.
pub(super) async fn ensure(pass: &mut Pass<'_>, inputs: &Inputs) -> ControlFlow<End> {
    let memory = pass.status.esv.clone().filter(|memory| memory.version.is_some());
    // Creating never changes what is there: for an object without a memory it is both the question and the answer.
    // One that was told that the ESV is another's only looks whether it still is.
    let told = pass
        .status
        .conditions
        .get(ESV_READY)
        .is_some_and(|told| told.reason == Reason::EsvNotOwned.as_str());
    if memory.is_none() && !told && create(pass, inputs).await?.is_some() {
        return Continue(());
    }
    let esv = look(pass, inputs).await?;
    let Some(esv) = esv else {
        if memory.is_some() {
            drifted(pass, "the ESV is gone")?;
        }
        return match create(pass, inputs).await? {
            Some(()) => Continue(()),
            None => Break(pass.waiting(
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
        Decision::NotOurs(what) => Break(not_owned(pass, inputs, &what)),
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
            drifted(pass, &what)?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::Unmarked(version) => {
            drifted(pass, "the ESV's description is not the operator's mark")?;
            settle(pass, inputs, version, &inputs.credential.id, &esv.description).await
        }
        Decision::Settled(version) => {
            settle(pass, inputs, version, &inputs.credential.id, &esv.description).await
        }
    }
}

fn not_owned(pass: &mut Pass<'_>, inputs: &Inputs, what: &str) -> End {
    let message = format!(
        "ESV {} exists and {what}: choose another spec.name, remove the ESV in the tenant's console, or set spec.adopt to true to take it over",
        inputs.esv
    );
    for type_ in [ESV_READY, ACTIVE] {
        pass.find(type_, &Finding::no(Reason::EsvNotOwned, &message));
    }
    pass.stalled(Reason::EsvNotOwned, message)
}

/// Whether an ESV is this object's: by its mark; where a person has taken the mark away, by the object's memory.
pub(super) fn is_ours(pass: &Pass<'_>, esv: &Esv, remembers: bool) -> bool {
    Mark::read(&esv.description).map_or(remembers, |mark| {
        mark.uid == uid(pass) || (remembers && mark.owner == owner(pass))
    })
}

/// Disables the versions before the one that a test has just proved; never before.
pub(super) async fn retire_older_versions(pass: &mut Pass<'_>, inputs: &Inputs) -> ControlFlow<End> {
    let (tenant, Some(esv)) = (&inputs.tenant, pass.status.esv.clone()) else {
        return Continue(());
    };
    if esv.proven_version == esv.version {
        return Continue(());
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
    Continue(())
}

/// `Some` when the ESV was made just now.
async fn create(pass: &mut Pass<'_>, inputs: &Inputs) -> ControlFlow<End, Option<()>> {
    let mark = our_mark(pass, &inputs.credential.id, "1").to_string();
    let (tenant, value) = (&inputs.tenant, &inputs.credential.jwt);
    match lock::esv(pass, tenant, || tenant.create_esv(&inputs.esv, value, &mark)).await? {
        Creation::Created(esv) => {
            settle(pass, inputs, esv.active_version, &inputs.credential.id, &mark).await?;
            Continue(Some(()))
        }
        Creation::Exists => Continue(None),
    }
}

async fn look(pass: &mut Pass<'_>, inputs: &Inputs) -> ControlFlow<End, Option<Esv>> {
    lock::esv(pass, &inputs.tenant, || inputs.tenant.esv(&inputs.esv)).await
}

/// The newest version holds this credential: status says so first, then the mark.
async fn settle(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    version: String,
    credential_id: &str,
    description: &str,
) -> ControlFlow<End> {
    let mark = our_mark(pass, credential_id, &version).to_string();
    remember(pass, inputs, version, credential_id);
    if description == mark {
        return Continue(());
    }
    describe(pass, inputs, &mark).await
}

async fn describe(pass: &mut Pass<'_>, inputs: &Inputs, mark: &str) -> ControlFlow<End> {
    let tenant = &inputs.tenant;
    lock::esv(pass, tenant, || tenant.describe_esv(&inputs.esv, mark)).await
}

fn remember(pass: &mut Pass<'_>, inputs: &Inputs, version: String, credential_id: &str) {
    let before = pass.status.esv.take().unwrap_or_default();
    let message = format!(
        "version {version} of {} holds credential {credential_id}",
        inputs.esv
    );
    let known =
        before.version.as_ref() == Some(&version) && before.credential_id.as_deref() == Some(credential_id);
    let digest = match &before.pending {
        // Just recovered: it may be another credential than the one that is in the Secret now.
        Some(pending) if pending.credential_id == credential_id => pending.digest.clone(),
        _ => Digest::of([&inputs.credential.jwt]).to_string(),
    };
    pass.status.esv = Some(EsvStatus {
        id: inputs.esv.to_string(),
        version: Some(version),
        credential_id: Some(credential_id.to_owned()),
        digest: Some(digest),
        written_at: before
            .written_at
            .filter(|_| known)
            .or_else(|| Some(inputs.tenant.time().to_string())),
        proven_version: before.proven_version,
        pending: None,
    });
    pass.find(ESV_READY, &Finding::yes(Reason::EsvWritten, message));
}

fn drifted(pass: &mut Pass<'_>, what: &str) -> ControlFlow<End> {
    if pass.object.spec.drift_policy != DriftPolicy::Correct {
        let message =
            format!("{what}, and spec.driftPolicy forbids a correction: put it right, or set it to Correct");
        pass.find(ESV_READY, &Finding::no(Reason::DriftDetected, &message));
        return Break(pass.stalled(Reason::DriftDetected, message));
    }
    tracing::info!(what, "drift is corrected");
    Continue(())
}

fn our_mark(pass: &Pass<'_>, credential: &str, version: &str) -> Mark {
    Mark {
        owner: owner(pass),
        uid: uid(pass),
        credential: credential.to_owned(),
        version: version.to_owned(),
    }
}

fn owner(pass: &Pass<'_>) -> String {
    format!(
        "{}/{}",
        pass.object.namespace().unwrap_or_default(),
        pass.object.name_any()
    )
}

fn uid(pass: &Pass<'_>) -> String {
    pass.object.meta().uid.clone().unwrap_or_default()
}

/// A version's number; versions are counted from 1.
fn number(version: &str) -> Option<u64> {
    version.parse().ok()
}
