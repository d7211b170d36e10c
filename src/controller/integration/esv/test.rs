//! The tenant's own test as a witness of what an ESV holds.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;

use super::{
    super::{
        dereference::Inputs,
        pass::{End, Pass},
    },
    number,
};
use crate::aic::{Esv, Proof};

/// How long a tenant may go on with the value before: the ESV store's default expiry is 600 s; one minute is for
/// the clock and the way.
pub(in super::super) const LONGEST_CACHE: Duration = Duration::from_mins(11);

/// The id of the credential that the tenant works with, where there is a worker to test.
pub(super) async fn served_credential(pass: &Pass<'_>, inputs: &Inputs) -> ControlFlow<End, Option<String>> {
    let secrets = inputs.credential.secrets();
    match inputs
        .tenant
        .test_connection(inputs.realm, &inputs.name, secrets)
        .await
    {
        Ok(Proof::Passed { credential_id }) => Continue(Some(credential_id)),
        Ok(Proof::Failed { credential_id, .. }) => Continue(credential_id),
        Ok(Proof::NoWorker) => Continue(None),
        Err(error) => Break(pass.trouble(&error)),
    }
}

/// Whether a test shows that the newest version holds the credential. One so young that the tenant may still serve
/// the version before it cannot be told by a test.
pub(super) async fn newest_holds_credential(
    pass: &Pass<'_>,
    inputs: &Inputs,
    esv: &Esv,
) -> ControlFlow<End, bool> {
    if served_credential(pass, inputs).await?.as_ref() != Some(&inputs.credential.id) {
        return Continue(false);
    }
    let versions = pass.tried(inputs.tenant.esv_versions(&inputs.esv).await)?;
    let newest = versions.iter().max_by_key(|version| number(&version.version));
    let made = newest.and_then(|newest| newest.create_date.parse::<Timestamp>().ok());
    let only = versions.len() == 1 && esv.active_version == "1";
    Continue(
        only || made
            .is_some_and(|made| inputs.tenant.time().duration_since(made).unsigned_abs() > LONGEST_CACHE),
    )
}
