//! The tenant's own test as a witness of what an ESV holds.

use std::time::Duration;

use crate::{
    aic::Proof,
    controller::{
        engine::requeue::Flow,
        integration::{dereference::Inputs, pass::Pass},
    },
};

/// How long a tenant may go on with the value before: the ESV store's default expiry is 600 s; one minute is for
/// the clock and the way.
pub(in super::super) const LONGEST_CACHE: Duration = Duration::from_mins(11);

/// The id of the credential that the tenant works with, where there is a worker to test.
pub(super) async fn served_credential(pass: &Pass<'_>, inputs: &Inputs) -> Flow<Option<String>> {
    let secrets = inputs.credential.secrets();
    match inputs
        .tenant
        .test_connection(inputs.realm, &inputs.name, secrets)
        .await
    {
        Ok(Proof::Passed { credential_id }) => Ok(Some(credential_id)),
        Ok(Proof::Failed { credential_id, .. }) => Ok(credential_id),
        Ok(Proof::NoWorker) => Ok(None),
        Err(error) => Err(pass.trouble(&error)),
    }
}
