//! A tenant environment of Advanced Identity Cloud.

mod access;
mod account;
mod am;
mod configuration;
mod console;
mod esv;
mod promotion;
mod refusal;
mod snapshot;
mod state;
mod switches;
mod token;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::StatusCode;
use jiff::Timestamp;

pub use account::ServiceAccount;
pub use configuration::ConfigItem;
pub use console::Console;
pub use esv::{Secret, Version, VersionStatus};
pub use promotion::{Done, Group, LockState, ProvisionalSide, Times};

use crate::message::{Answer, Outcome, Request};
use crate::pingone::World;
use promotion::Place;
use state::State;

/// Whether static configuration can be written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// Development and sandboxes.
    Mutable,
    /// UAT, staging, production: static configuration arrives by promotion alone.
    Immutable,
}

/// The two realms of every tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Realm {
    /// `alpha`
    Alpha,
    /// `bravo`
    Bravo,
}

impl Realm {
    /// As paths bear it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Alpha => "alpha",
            Self::Bravo => "bravo",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        match name {
            "alpha" => Some(Self::Alpha),
            "bravo" => Some(Self::Bravo),
            _ => None,
        }
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Alpha => "alpha",
            Self::Bravo => "bravo",
        })
    }
}

/// What the services of `/environment` answer names its media type otherwise than AM does.
fn of_environment(outcome: Outcome) -> Outcome {
    let plain = |answer: Answer| answer.media_type("application/json");
    outcome.map(plain).map_err(plain)
}

/// A tenant environment: what answers at its host, and what a test does to it behind the operator's back.
/// Clones are the same tenant.
#[derive(Clone, Debug)]
pub struct Tenant(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// With the port unless that is 443.
    host: String,
    mutability: Mutability,
    world: Arc<World>,
    /// Its place in a promotion group, if it is in one.
    place: OnceLock<Place>,
    state: Mutex<State>,
}

impl Tenant {
    pub(crate) fn new(host: &str, mutability: Mutability, world: Arc<World>) -> Self {
        Self(Arc::new(Inner {
            host: host.to_owned(),
            mutability,
            world,
            place: OnceLock::new(),
            state: Mutex::default(),
        }))
    }

    /// Its host, with the port unless that is 443.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.0.host)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.network_now() + self.state().switches.clock_skew
    }

    fn network_now(&self) -> Timestamp {
        self.0.world.clock().now()
    }

    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let segments = request.segments();
        let outcome = match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["am", "oauth2", "access_token"] => token::answer(self, request),
            ["environment", "promotion", path @ ..] => of_environment(promotion::answer(self, path, request)),
            ["environment", path @ ..] => of_environment(esv::answer(self, path, request)),
            [
                "am",
                "json",
                "realms",
                "root",
                "realms",
                realm,
                "realm-config",
                path @ ..,
            ] => am::answer(self, realm, path, request),
            ["am", "json", "global-config", "secrets", "stores", ..]
            | [
                "am",
                "json",
                "realms",
                "root",
                "realm-config",
                "secrets",
                "stores",
                ..,
            ] => Err(refusal::not_available()),
            _ => Err(refusal::am(StatusCode::NOT_FOUND, "Not Found")),
        };
        outcome.unwrap_or_else(|refusal| refusal)
    }

    /// The state, after what the time has brought.
    fn state(&self) -> MutexGuard<'_, State> {
        self.settle();
        self.state_as_it_is()
    }

    fn state_as_it_is(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
