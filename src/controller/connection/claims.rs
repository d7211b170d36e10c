//! The claims, checked before anything is sent anywhere. No I/O.

use crate::{
    api::{PingOneConnectionSpec, Reason},
    credential::{Credential, Undecodable, decode},
    pingone::PingOne,
};

/// Why a Secret's value is not the credential that the spec asks for.
#[derive(Debug)]
pub(in super::super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) message: String,
    /// What it is instead, where it is a credential at all.
    pub(super) credential: Option<Box<Credential>>,
}

pub(in super::super) fn check(
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
                "the credential belongs to the PingOne environment {:?}, and spec.environment.name is {:?}: correct whichever is wrong",
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
                "the credential belongs to the PingOne environment with id {}, and spec.environment.id is {id}: correct whichever is wrong",
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
