//! Records what is known of the ESV, in status and in its mark.

use super::decide::{NotOurs, Written};
use crate::{
    aic::{Esv, OwnerMark},
    api::{
        EsvStatus, Origin, Reason,
        conditions::{ACTIVE, ESV_READY, Finding},
    },
    controller::{
        engine::requeue::{Flow, Requeue},
        integration::{dereference::Inputs, lock, pass::Pass},
        tenant::ownership::{Claimant, EsvOwner, of_esv},
    },
    credential::Digest,
};

/// Ends the reconciliation: the ESV is somebody else's, and nothing is written.
pub(super) fn refused(pass: &mut Pass<'_>, inputs: &Inputs, whose: &NotOurs) -> Requeue {
    let esv = &inputs.esv;
    let message = match whose {
        NotOurs::APersons(None) => format!(
            "ESV {esv} exists and was not created by the operator: create an AICIntegration of another spec.name, remove the ESV in the tenant's console, or set spec.adopt to true to take it over"
        ),
        NotOurs::APersons(Some(why)) => format!(
            "ESV {esv} exists, was not created by the operator and cannot be adopted: {why}. Correct that in the tenant's console, or create an AICIntegration of another spec.name"
        ),
        NotOurs::AnotherObjects(mark) => format!(
            "ESV {esv} exists and has the mark of AICIntegration {} ({}) with credential {}: if that object is gone, put this credential into the Secret, or remove the mark (the ESV's description) in the tenant's console and set spec.adopt to true; else create an AICIntegration of another spec.name",
            mark.owner, mark.uid, mark.credential
        ),
        NotOurs::Lost(mark) => format!(
            "ESV {esv} has the mark of AICIntegration {} under the uid {}, which is not this object's: an object of its name in another cluster has taken it over, and this one writes nothing. Leave the ESV to that object and delete this one, or delete that object and re-create this one, both with deletionPolicy Retain, with credential {} in its Secret",
            mark.owner, mark.uid, mark.credential
        ),
    };
    for type_ in [ESV_READY, ACTIVE] {
        pass.find(type_, &Finding::no(Reason::EsvNotOwned, &message));
    }
    pass.stalled(Reason::EsvNotOwned, message)
}

/// Whether an ESV is this object's, by mark and status alone.
pub(in super::super) fn is_ours(pass: &Pass<'_>, esv: &Esv) -> bool {
    let (name, uid) = (pass.owner(), pass.uid());
    let claimant = Claimant {
        name: &name,
        uid: &uid,
    };
    let memory = pass.status.esv.clone().unwrap_or_default();
    let owner = of_esv(&claimant, &memory, OwnerMark::read(&esv.description), None);
    matches!(owner, EsvOwner::Ours(_))
}

/// Records that the newest version has this credential, first in status and then in the mark.
pub(super) async fn settle(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    written: Written,
    description: &str,
) -> Flow<()> {
    let credential_id = &inputs.credential.id;
    let mark = our_mark(pass, credential_id, &written.version).to_string();
    remember(pass, inputs, written);
    if description != mark {
        describe(pass, inputs, &mark).await?;
    }
    // Only when the mark has it. If something fails in between, the former uid stays.
    let uid = pass.uid();
    pass.status.esv.get_or_insert_default().owner_uid = Some(uid);
    Ok(())
}

pub(super) async fn describe(pass: &mut Pass<'_>, inputs: &Inputs, mark: &str) -> Flow<()> {
    let tenant = &inputs.tenant;
    lock::esv(pass, tenant, || tenant.describe_esv(&inputs.esv, mark)).await
}

fn remember(pass: &mut Pass<'_>, inputs: &Inputs, written: Written) {
    let Written { version, create_date } = written;
    let credential_id = inputs.credential.id.as_str();
    let before = pass.status.esv.take().unwrap_or_default();
    let message = format!(
        "version {version} of {} holds credential {credential_id}",
        inputs.esv
    );
    let known =
        before.version.as_ref() == Some(&version) && before.credential_id.as_deref() == Some(credential_id);
    let digest = match &before.pending {
        // Just recovered. It may be another credential than the one in the Secret now.
        Some(pending) if pending.credential_id == credential_id => pending.digest.clone(),
        _ => Digest::of([&inputs.credential.jwt]).to_string(),
    };
    let written_at = before.written_at.filter(|_| known);
    let written_at = written_at.unwrap_or_else(|| inputs.tenant.time().to_string());
    let is_proved = before.proven_version.as_ref() == Some(&version);
    let unproven_since = before.unproven_since.unwrap_or_else(|| written_at.clone());
    pass.status.esv = Some(EsvStatus {
        id: inputs.esv.to_string(),
        version: Some(version),
        create_date: create_date.or(before.create_date.filter(|_| known)),
        origin: before.origin.or(Some(Origin::Made)),
        owner_uid: before.owner_uid,
        credential_id: Some(credential_id.to_owned()),
        digest: Some(digest),
        written_at: Some(written_at),
        resent_at: before.resent_at,
        proven_version: before.proven_version,
        unproven_since: Some(unproven_since).filter(|_| !is_proved),
        proven_digest: before.proven_digest,
        pending: None,
    });
    pass.find(ESV_READY, &Finding::yes(Reason::EsvWritten, message));
}

/// What the mark names during an adoption, when the ESV's credential is not known.
pub(super) const UNKNOWN: &str = "unknown";

/// Records how an existing ESV came to belong to this object: by the uid in its mark or in status. `TakenOver` is
/// written to status before the mark changes, because only the former mark shows it.
pub(super) async fn claim(pass: &mut Pass<'_>, inputs: &Inputs, esv: &Esv) -> Flow<()> {
    let uid = pass.uid();
    let mark = OwnerMark::read(&esv.description);
    let memory = pass.status.esv.get_or_insert_default();
    let before = memory.origin;
    memory.id = inputs.esv.to_string();
    memory.version.get_or_insert_with(|| esv.active_version.clone());
    let marked_by_another = mark.as_ref().filter(|mark| mark.uid != uid);
    if let Some(mark) = marked_by_another {
        memory.owner_uid = Some(mark.uid.clone());
    }
    if memory.owner_uid.as_ref().is_some_and(|owner| *owner != uid) {
        memory.origin = Some(Origin::TakenOver);
    } else if mark.is_some_and(|mark| mark.credential == UNKNOWN) {
        memory.origin = Some(Origin::Adopted);
    }
    memory.origin.get_or_insert(Origin::Made);
    if memory.origin == Some(Origin::TakenOver) && before != memory.origin {
        pass.record().await?;
    }
    Ok(())
}

pub(super) fn our_mark(pass: &Pass<'_>, credential: &str, version: &str) -> OwnerMark {
    OwnerMark {
        owner: pass.owner(),
        uid: pass.uid(),
        credential: credential.to_owned(),
        version: version.to_owned(),
    }
}
