//! The state of `PingOne` in all regions.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{CredentialKind, Region};
use crate::clock::Clock;
use crate::jose::RsaKey;
use crate::markers::Markers;
use crate::peoples_things::PeoplesThings;

/// What `PingOne` signs credentials with. Nobody verifies them by key, so one serves every network.
static SIGNING_KEY: LazyLock<RsaKey> = LazyLock::new(RsaKey::generate);

#[derive(Debug)]
pub(crate) struct World {
    clock: Clock,
    markers: Markers,
    organization_id: String,
    /// Names the signing key in the headers of gateway credentials.
    key_id: String,
    /// ESV versions that were disabled while their tenant still worked with them.
    cut_off: Mutex<Vec<String>>,
    peoples_things: PeoplesThings,
    state: Mutex<State>,
}

/// Environments by region and id, and access tokens by region and value.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) environments: HashMap<(Region, String), EnvironmentState>,
    pub(super) tokens: HashMap<(Region, String), AccessToken>,
    default_credential: CredentialKind,
    /// Where the exchange of a gateway credential wants a client that authenticates.
    demand_client: HashSet<Region>,
}

#[derive(Debug)]
pub(super) struct EnvironmentState {
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) connections: HashMap<String, ConnectionState>,
}

#[derive(Debug)]
pub(super) struct ConnectionState {
    pub(super) name: String,
    pub(super) gateway_type: String,
    pub(super) enabled: bool,
    pub(super) may_read_environment: bool,
    /// By id; a revoked credential is gone.
    pub(super) credentials: HashMap<String, Proof>,
}

/// By what a credential is known.
#[derive(Debug)]
pub(super) enum Proof {
    /// A gateway credential, as it was minted.
    Jwt(String),
    /// The client secret in a credential with client claims.
    ClientSecret(String),
}

#[derive(Debug)]
pub(super) struct AccessToken {
    pub(super) environment: String,
    pub(super) connection: String,
    pub(super) expires: Timestamp,
}

impl World {
    pub(crate) const ORGANIZATION_NAME: &str = "My Company";

    pub(crate) fn new(clock: Clock, markers: Markers) -> Self {
        Self {
            clock,
            markers,
            organization_id: Uuid::new_v4().to_string(),
            key_id: Uuid::new_v4().to_string(),
            cut_off: Mutex::default(),
            peoples_things: PeoplesThings::default(),
            state: Mutex::new(State {
                default_credential: CredentialKind::from_env(),
                ..State::default()
            }),
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn markers(&self) -> &Markers {
        &self.markers
    }

    pub(crate) fn peoples_things(&self) -> &PeoplesThings {
        &self.peoples_things
    }

    pub(crate) fn cut_off(&self) -> MutexGuard<'_, Vec<String>> {
        self.cut_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(super) fn default_credential(&self) -> CredentialKind {
        self.state().default_credential
    }

    pub(crate) fn set_default_credential(&self, kind: CredentialKind) {
        self.state().default_credential = kind;
    }

    pub(super) fn exchange_demands_client(&self, region: Region) -> bool {
        self.state().demand_client.contains(&region)
    }

    pub(super) fn set_exchange_demands_client(&self, region: Region, demanded: bool) {
        let regions = &mut self.state().demand_client;
        if demanded {
            regions.insert(region);
        } else {
            regions.remove(&region);
        }
    }

    pub(super) fn organization_id(&self) -> &str {
        &self.organization_id
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs a JWT as `PingOne` does, and remembers it as a secret.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let jwt = SIGNING_KEY.sign(header, claims);
        self.markers.add(&jwt);
        if let Some((_, signature)) = jwt.rsplit_once('.') {
            self.markers.add(signature);
        }
        jwt
    }
}

impl State {
    pub(super) fn environment(&mut self, region: Region, id: &str) -> Option<&mut EnvironmentState> {
        self.environments.get_mut(&(region, id.to_owned()))
    }

    pub(super) fn connection(
        &mut self,
        region: Region,
        environment: &str,
        id: &str,
    ) -> Option<&mut ConnectionState> {
        self.environment(region, environment)?.connections.get_mut(id)
    }
}
