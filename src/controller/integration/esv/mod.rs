//! The ESV that holds the credential: created once, and one new version for each new credential.

mod decide;
mod write;

use std::ops::ControlFlow::{self, Break, Continue};

use kube::{Resource, ResourceExt};

use self::decide::{Decision, decide};
use super::{
    dereference::Inputs,
    mark::Mark,
    pass::{End, Pass},
};
use crate::{
    aic::{Creation, Esv},
    api::{
        DriftPolicy, EsvStatus, Reason,
        conditions::{ACTIVE, ESV_READY, Finding},
    },
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
    match decide(&memory, &esv, &inputs.credential.id, &owner(pass), &uid(pass)) {
        Decision::NotOurs(what) => {
            let message = format!(
                "ESV {} exists and {what}: choose another spec.name, or remove the ESV in the tenant's console",
                inputs.esv
            );
            for type_ in [ESV_READY, ACTIVE] {
                pass.find(type_, &Finding::no(Reason::EsvNotOwned, &message));
            }
            Break(pass.stalled(Reason::EsvNotOwned, message))
        }
        Decision::Recover(pending) => write::recover(pass, inputs, &esv, pending).await,
        Decision::Write => write::version(pass, inputs, &esv.active_version).await,
        Decision::WriteOverDrift(what) => {
            drifted(pass, &what)?;
            write::version(pass, inputs, &esv.active_version).await
        }
        Decision::Settled {
            version,
            credential_id,
        } => settle(pass, inputs, version, credential_id, &esv.description).await,
    }
}

/// Disables the versions before the one that a test has just proved; never before.
pub(super) async fn retire_older_versions(pass: &mut Pass<'_>, inputs: &Inputs) -> ControlFlow<End> {
    let Some(esv) = pass.status.esv.clone() else {
        return Continue(());
    };
    if esv.proven_version == esv.version {
        return Continue(());
    }
    if esv.version.as_deref() != Some("1") {
        let versions = match inputs.tenant.esv_versions(&inputs.esv).await {
            Ok(versions) => versions,
            Err(error) => return Break(pass.trouble(&error)),
        };
        let newest = esv.version.as_deref().and_then(number);
        for old in versions.iter().filter(|old| {
            old.status == "ENABLED" && number(&old.version).is_some_and(|old| Some(old) < newest)
        }) {
            if let Err(error) = inputs.tenant.disable_esv_version(&inputs.esv, &old.version).await {
                return Break(pass.trouble(&error));
            }
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
    match inputs
        .tenant
        .create_esv(&inputs.esv, &inputs.credential.jwt, &mark)
        .await
    {
        Ok(Creation::Created(esv)) => {
            remember(
                pass,
                inputs,
                esv.active_version.clone(),
                inputs.credential.id.clone(),
                true,
            );
            if esv.active_version != "1" {
                settle(
                    pass,
                    inputs,
                    esv.active_version,
                    inputs.credential.id.clone(),
                    &mark,
                )
                .await?;
            }
            Continue(Some(()))
        }
        Ok(Creation::Exists) => Continue(None),
        Err(error) => Break(pass.trouble(&error)),
    }
}

async fn look(pass: &Pass<'_>, inputs: &Inputs) -> ControlFlow<End, Option<Esv>> {
    match inputs.tenant.esv(&inputs.esv).await {
        Ok(esv) => Continue(esv),
        Err(error) => Break(pass.trouble(&error)),
    }
}

/// The newest version holds this credential: status says so first, then the mark.
async fn settle(
    pass: &mut Pass<'_>,
    inputs: &Inputs,
    version: String,
    credential_id: String,
    description: &str,
) -> ControlFlow<End> {
    let mark = our_mark(pass, &credential_id, &version).to_string();
    let new = pass.status.esv.as_ref().and_then(|esv| esv.version.as_ref()) != Some(&version);
    remember(pass, inputs, version, credential_id, new);
    if description != mark
        && let Err(error) = inputs.tenant.describe_esv(&inputs.esv, &mark).await
    {
        return Break(pass.trouble(&error));
    }
    Continue(())
}

fn remember(pass: &mut Pass<'_>, inputs: &Inputs, version: String, credential_id: String, new: bool) {
    let before = pass.status.esv.take().unwrap_or_default();
    let message = format!(
        "version {version} of {} holds credential {credential_id}",
        inputs.esv
    );
    pass.status.esv = Some(EsvStatus {
        id: inputs.esv.to_string(),
        version: Some(version),
        credential_id: Some(credential_id),
        written_at: if new {
            Some(inputs.tenant.time().to_string())
        } else {
            before.written_at
        },
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
