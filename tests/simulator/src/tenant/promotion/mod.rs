//! `/environment/promotion`: self-service promotions, and the lock that freezes an environment for them.

mod lock;
mod lock_state;

use http::StatusCode;

pub use lock::LockState;
pub(super) use lock::{Lock, WRITE_REFUSAL, WRITE_REFUSED};

use super::refusal::platform;
use super::{Tenant, access};
use crate::message::{Outcome, Request};

const SCOPES: &[&str] = &["fr:idc:promotion:*"];
const VERSIONS: &[&str] = &["protocol=1.0,resource=1.0"];

pub(super) fn answer(tenant: &Tenant, path: &[&str], request: &Request) -> Outcome {
    let now = tenant.now();
    let state = tenant.state();
    access::authorize(&state, request, now, SCOPES, platform)?;
    let version = access::api_version(request);
    access::require_version(version.as_deref(), VERSIONS, platform)?;
    let answer = match (request.method.as_str(), path) {
        ("GET", ["lock", "state"]) => lock_state::read(&state, request),
        (_, ["lock", "state"]) => Err(platform(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")),
        _ => Err(platform(StatusCode::NOT_FOUND, "Not Found")),
    };
    Ok(answer?.header("Content-API-Version", "resource=1.0"))
}

impl Tenant {
    /// The state of this environment's own lock.
    #[must_use]
    pub fn lock_state(&self) -> LockState {
        self.state().lock.state()
    }
}
