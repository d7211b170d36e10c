//! A connection's credential: checks its claims before anything is sent, and finds the one that was verified.

use kube::ResourceExt;

use crate::{
    api::{Active, PingOneConnection, PingOneConnectionSpec, Reason, conditions::CREDENTIAL_VALID},
    controller::{
        context::Context,
        engine::secret::{SecretValues, Unread},
    },
    credential::{Credential, Undecodable, decode},
    pingone::PingOne,
};

/// Why a Secret's value is not the credential that the spec asks for.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) message: String,
    /// The credential, if the value is one.
    pub(crate) credential: Option<Box<Credential>>,
}

pub(crate) fn check_claims(
    value: &[u8],
    spec: &PingOneConnectionSpec,
    pingone: &PingOne,
) -> Result<Credential, Refusal> {
    let secret = &spec.credential_secret_ref;
    let credential = decode(value).map_err(|error| {
        let reason = match &error {
            Undecodable::ClaimMissing { .. } => Reason::ClaimMissing,
            Undecodable::Url { .. } => Reason::HostNotAllowed,
            _ => Reason::CredentialMalformed,
        };
        let message = format!(
            "the value of key {} of Secret {} is not a credential that can be used: {error}. Paste the credential again as PingOne showed it, or add a new one there",
            secret.key, secret.name
        );
        Refusal { reason, message, credential: None }
    })?;
    let refuse = |reason, message| Err((reason, message));
    let verdict = if credential.environment_name != spec.environment.name {
        refuse(
            Reason::EnvironmentMismatch,
            format!(
                "the credential belongs to the PingOne environment {:?}, and spec.environment.name is {:?}: correct the one that is wrong",
                credential.environment_name, spec.environment.name
            ),
        )
    } else if let Some(id) = spec
        .environment
        .id
        .as_ref()
        .filter(|id| !id.eq_ignore_ascii_case(&credential.environment_id))
    {
        refuse(
            Reason::EnvironmentMismatch,
            format!(
                "the credential belongs to the PingOne environment with id {}, and spec.environment.id is {id}: correct the one that is wrong",
                credential.environment_id
            ),
        )
    } else {
        [&credential.api_url, &credential.auth_url]
            .into_iter()
            .flatten()
            .try_for_each(|url| pingone.check_allowed(url))
            .map_err(|error| {
                (
                    Reason::HostNotAllowed,
                    format!("the credential names a server that may not be called: {error}"),
                )
            })
    };
    match verdict {
        Ok(()) => Ok(credential),
        Err((reason, message)) => Err(Refusal {
            reason,
            message,
            credential: Some(Box::new(credential)),
        }),
    }
}

/// The credential that is in the connection's Secret now, and the tenant hosts that the Secret allows it, if it is
/// exactly the one that the connection has verified: valid, and not refused by PingOne.
pub(crate) async fn verified_credential(
    context: &Context,
    connection: &PingOneConnection,
) -> Result<Option<(Credential, Option<String>)>, Unread> {
    let reference = &connection.spec.credential_secret_ref;
    let verified = connection
        .status
        .as_ref()
        .filter(|status| Some(status.observed_generation) == connection.metadata.generation)
        .filter(|status| {
            status.conditions.is_true(CREDENTIAL_VALID) && status.conditions.active() != Active::False
        })
        .and_then(|status| status.credential.as_ref());
    let Some(verified) = verified else {
        return Ok(None);
    };
    let namespace = connection.namespace().unwrap_or_default();
    let Some(secret) = SecretValues::read(&context.cluster, &namespace, &reference.name).await? else {
        return Ok(None);
    };
    // The Secret may have changed since the connection checked it.
    let credential = secret
        .get(&reference.key)
        .ok()
        .and_then(|value| check_claims(value, &connection.spec, &context.pingone).ok())
        .filter(|credential| credential.id == verified.id);
    Ok(credential.map(|credential| (credential, secret.tenant_hosts)))
}
