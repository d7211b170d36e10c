//! The ESV with the credential. The operator creates it once, and writes one version for each new credential.
//!
//! observe → decide → apply → record.

mod adopt;
mod decide;
mod observe;
mod record;
mod served;
mod write;

use self::{
    decide::{Decision, Wanted, Written, decide},
    observe::{Observation, observe},
    record::{claim, our_mark, refused, settle},
};
pub(super) use self::{
    observe::LONGEST_CACHE,
    record::is_ours,
    served::{is_repair, retire_older_versions, send_again},
};
use super::{
    dereference::Inputs,
    lock::{self, took_a_write},
    pass::Pass,
    usage::Label,
};
use crate::{
    aic::{Creation, Error},
    api::{Origin, Reason, conditions::ESV_READY},
    controller::{engine::requeue::Flow, tenant::ownership::Claimant},
    credential::Digest,
};

/// Makes the ESV's newest version hold the credential, and its mark say so.
pub(super) async fn ensure(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    let memory = pass.status.esv.as_ref();
    let remembers = memory.is_some_and(|memory| memory.version.is_some());
    // A creation changes nothing that exists, so an object without a memory begins with it. An object whose ESV is
    // somebody else's only checks whether it still is, and one that adopts looks for what there is.
    let mut refusal = None;
    if !remembers && !was_refused(pass) && !pass.object.spec.adopt {
        match create(pass, inputs).await? {
            Ok(()) => return Ok(()),
            Err(error) => refusal = Some(error),
        }
    }
    let Some(observed) = observe(pass, inputs).await? else {
        if let Some(refusal) = refusal {
            return Err(pass.tenant_error(&refusal));
        }
        if remembers {
            pass.drifted(ESV_READY, "the ESV is gone")?;
        }
        let created = create(pass, inputs).await?;
        return pass.tried(created);
    };
    pass.needs_restart = observed.esv.needs_restart();
    let digest = Digest::of([&inputs.credential.jwt]).to_string();
    let wanted = Wanted {
        id: &inputs.credential.id,
        digest: &digest,
        label: &Label::of(inputs.realm, &inputs.label),
        adopts: pass.object.spec.adopt,
    };
    let (name, uid) = (pass.owner(), pass.uid());
    let claimant = Claimant {
        name: &name,
        uid: &uid,
    };
    let memory = pass.status.esv.clone().unwrap_or_default();
    let decision = decide(&memory, &observed, &wanted, &claimant);
    apply(pass, inputs, &observed, decision).await
}

fn was_refused(pass: &Pass<'_>) -> bool {
    let said = pass.status.conditions.get(ESV_READY);
    said.is_some_and(|said| said.reason == Reason::EsvNotOwned.as_str())
}

async fn apply(pass: &mut Pass<'_>, inputs: &Inputs, observed: &Observation, decision: Decision) -> Flow<()> {
    let esv = &observed.esv;
    let newest = &esv.active_version;
    match decision {
        Decision::NotOurs(whose) => Err(refused(pass, inputs, &whose)),
        Decision::Adopt { holds_it: false } => {
            let esv = adopt::take(pass, inputs, esv).await?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::Adopt { holds_it: true } => {
            let esv = adopt::take(pass, inputs, esv).await?;
            let held = Written {
                version: esv.active_version,
                create_date: None,
            };
            settle(pass, inputs, held, &esv.description).await
        }
        Decision::AwaitPending(pending) => {
            claim(pass, inputs, esv).await?;
            write::after_pending(pass, inputs, newest, &pending).await
        }
        Decision::Write => {
            claim(pass, inputs, esv).await?;
            write::version(pass, inputs, newest).await
        }
        Decision::WriteOverDrift(what) => {
            claim(pass, inputs, esv).await?;
            pass.drifted(ESV_READY, &what)?;
            write::version(pass, inputs, newest).await
        }
        Decision::Keep { version, is_marked } => {
            claim(pass, inputs, esv).await?;
            if !is_marked {
                pass.drifted(ESV_READY, "the ESV's description is not the operator's mark")?;
            }
            settle(pass, inputs, version, &esv.description).await
        }
    }
}

/// Creates the ESV. The inner error is the tenant's refusal: the ESV exists, or the request is wrong.
async fn create(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<Result<(), Error>> {
    let mark = our_mark(pass, &inputs.credential.id, "1").to_string();
    let (tenant, value) = (&inputs.tenant, &inputs.credential.jwt);
    match lock::esv(pass, tenant, || tenant.create_esv(&inputs.esv, value, &mark)).await? {
        Creation::Created(esv) => {
            took_a_write(pass);
            let memory = pass.status.esv.get_or_insert_default();
            memory.origin = Some(Origin::Made);
            memory.proven_version = None;
            let written = Written {
                version: esv.active_version,
                create_date: esv.last_change_date,
            };
            settle(pass, inputs, written, &mark).await?;
            Ok(Ok(()))
        }
        Creation::Refused(error) => Ok(Err(error)),
    }
}
