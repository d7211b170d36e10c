//! What a connection vouches for.

use kube::ResourceExt;

use super::{
    super::{
        context::Context,
        secret::{SecretValues, Unread},
    },
    claims,
};
use crate::{
    api::{Active, PingOneConnection, conditions::CREDENTIAL_VALID},
    credential::Credential,
};

/// The credential that is in the connection's Secret now, and the tenant hosts that the Secret allows it, if it is
/// exactly the one that the connection vouches for: valid, and not refused by PingOne.
pub(in super::super) async fn vouched(
    context: &Context,
    connection: &PingOneConnection,
) -> Result<Option<(Credential, Option<String>)>, Unread> {
    let reference = &connection.spec.credential_secret_ref;
    let vouched = connection
        .status
        .as_ref()
        .filter(|status| Some(status.observed_generation) == connection.metadata.generation)
        .filter(|status| {
            status.conditions.is_true(CREDENTIAL_VALID) && status.conditions.active() != Active::False
        })
        .and_then(|status| status.credential.as_ref());
    let Some(vouched) = vouched else {
        return Ok(None);
    };
    let namespace = connection.namespace().unwrap_or_default();
    let Some(secret) = SecretValues::read(context, &namespace, &reference.name).await? else {
        return Ok(None);
    };
    // What was read now may be another value than the one that the connection has checked.
    let credential = secret
        .get(&reference.key)
        .ok()
        .and_then(|value| claims::check(value, &connection.spec, &context.pingone).ok())
        .filter(|credential| credential.id == vouched.id);
    Ok(credential.map(|credential| (credential, secret.tenant_hosts)))
}
