//! The ESV as it is shown, and what is remembered of it: in status, and in its own mark.

use kube::{Resource, ResourceExt};

use crate::{
    aic::Esv,
    api::{
        EsvStatus, Reason,
        conditions::{ACTIVE, ESV_READY, Finding},
    },
    controller::{
        engine::requeue::{Flow, Requeue},
        integration::{dereference::Inputs, lock, mark::Mark, pass::Pass},
    },
    credential::Digest,
};

pub(super) fn not_owned(pass: &mut Pass<'_>, inputs: &Inputs, what: &str) -> Requeue {
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
pub(in super::super) fn is_ours(pass: &Pass<'_>, esv: &Esv, remembers: bool) -> bool {
    Mark::read(&esv.description).map_or(remembers, |mark| {
        mark.uid == uid(pass) || (remembers && mark.owner == owner(pass))
    })
}

pub(super) async fn look(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Option<Esv>> {
    lock::esv(pass, &inputs.tenant, || inputs.tenant.esv(&inputs.esv)).await
}

/// The newest version holds this credential: status says so first, then the mark.
pub(super) async fn settle(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    version: String,
    credential_id: &str,
    description: &str,
) -> Flow<()> {
    let mark = our_mark(pass, credential_id, &version).to_string();
    remember(pass, inputs, version, credential_id);
    if description == mark {
        return Ok(());
    }
    describe(pass, inputs, &mark).await
}

pub(super) async fn describe(pass: &mut Pass<'_>, inputs: &Inputs, mark: &str) -> Flow<()> {
    let tenant = &inputs.tenant;
    lock::esv(pass, tenant, || tenant.describe_esv(&inputs.esv, mark)).await
}

pub(super) fn remember(pass: &mut Pass<'_>, inputs: &Inputs, version: String, credential_id: &str) {
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

pub(super) fn our_mark(pass: &Pass<'_>, credential: &str, version: &str) -> Mark {
    Mark {
        owner: owner(pass),
        uid: uid(pass),
        credential: credential.to_owned(),
        version: version.to_owned(),
    }
}

pub(super) fn owner(pass: &Pass<'_>) -> String {
    format!(
        "{}/{}",
        pass.object.namespace().unwrap_or_default(),
        pass.object.name_any()
    )
}

pub(super) fn uid(pass: &Pass<'_>) -> String {
    pass.object.meta().uid.clone().unwrap_or_default()
}

/// A version's number; versions are counted from 1.
pub(super) fn number(version: &str) -> Option<u64> {
    version.parse().ok()
}
