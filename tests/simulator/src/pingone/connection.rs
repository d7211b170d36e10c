//! A product connection: a gateway of its environment, with any number of credentials.

use super::Environment;
use super::credential::{Credential, CredentialBuilder};
use super::world::ConnectionState;

/// A product connection for Advanced Identity Cloud, as its administrator sees it.
#[derive(Clone, Debug)]
pub struct ProductConnection {
    pub(super) environment: Environment,
    pub(super) id: String,
}

impl ProductConnection {
    /// Its id: that of the gateway, and of the OIDC client of credentials with client claims.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Refuses tokens from now on; those that were issued live on until they expire.
    pub fn disable(&self) {
        self.change(|connection| connection.enabled = false);
    }

    /// Issues tokens again.
    pub fn enable(&self) {
        self.change(|connection| connection.enabled = true);
    }

    /// Deletes it with its credentials; its tokens are worthless.
    pub fn delete(&self) {
        let environment = &self.environment;
        let mut state = environment.world.state();
        if let Some(environment) = state.environment(environment.region, &environment.id) {
            environment.connections.remove(&self.id);
        }
    }

    /// Whether its tokens have the right to read the environment (403 otherwise). They do unless told so.
    pub fn set_may_read_environment(&self, may: bool) {
        self.change(|connection| connection.may_read_environment = may);
    }

    /// The type of gateway that credentials name which are added from now on. `PING_FEDERATE` by default: which one
    /// a connection for AIC has is not known.
    pub fn set_gateway_type(&self, name: &str) {
        self.change(|connection| name.clone_into(&mut connection.gateway_type));
    }

    /// Adds a credential of the [network's default kind](crate::Network::set_default_credential).
    #[must_use]
    pub fn add_credential(&self) -> Credential {
        self.credential().add()
    }

    /// A credential in another form, to be added by [`CredentialBuilder::add`].
    #[must_use]
    pub fn credential(&self) -> CredentialBuilder {
        CredentialBuilder::new(self)
    }

    /// Revokes the credential with this id; others go on.
    pub fn revoke(&self, credential_id: &str) {
        self.change(|connection| {
            connection.credentials.remove(credential_id);
        });
    }

    pub(super) fn name_and_type(&self) -> (String, String) {
        let mut found = Default::default();
        self.change(|it| found = (it.name.clone(), it.gateway_type.clone()));
        found
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut ConnectionState)) {
        let mut state = self.environment.world.state();
        if let Some(connection) = state.connection(self.environment.region, &self.environment.id, &self.id) {
            change(connection);
        }
    }
}
