//! A tenant's service account, from its Secret.

use crate::{
    aic::ServiceAccount,
    api::Reason,
    controller::engine::secret::{SecretValues, Unread},
};

/// Why there is no service account to work with.
pub(crate) enum NoAccount {
    /// The Secret does not exist.
    Missing(String),
    /// The Secret contains no service account: a person has to correct it.
    Invalid(Reason, String),
    /// The Secret could not be read.
    Unread(Unread),
}

/// The account in the Secret of this name, as it was read.
pub(crate) fn of(
    name: &str,
    secret: Result<Option<SecretValues>, Unread>,
) -> Result<ServiceAccount, NoAccount> {
    let secret = secret.map_err(NoAccount::Unread)?.ok_or_else(|| {
        NoAccount::Missing(format!(
            "Secret {name} does not exist: create it with the keys serviceAccountId and jwk of a service account"
        ))
    })?;
    let (id, jwk) = match (secret.get("serviceAccountId"), secret.get("jwk")) {
        (Ok(id), Ok(jwk)) => (id, jwk),
        (Err(error), _) | (_, Err(error)) => {
            return Err(NoAccount::Invalid(
                Reason::SecretKeyMissing,
                format!("{error}: correct the Secret"),
            ));
        }
    };
    ServiceAccount::parse(&String::from_utf8_lossy(id), jwk)
        .map_err(|error| NoAccount::Invalid(Reason::ServiceAccountInvalid, format!("Secret {name}: {error}")))
}

impl NoAccount {
    /// The message for the condition.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Missing(message) | Self::Invalid(_, message) => message.clone(),
            Self::Unread(error) => error.to_string(),
        }
    }
}
