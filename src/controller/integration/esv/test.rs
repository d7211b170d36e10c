//! The tenant's own test as a witness of what an ESV holds.

use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};

use super::super::{
    dereference::Inputs,
    pass::{End, Pass},
};
use crate::aic::Proof;

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
