//! `/environment/promotion`: self-service promotions, and the lock that freezes two environments for them.
//!
//! Calls go to the upper environment, which pulls. Whatever takes time ends by the network's clock: what has
//! ended is [settled](Tenant::settle) before anything else is seen or done.

mod changes;
mod controls;
mod group;
mod lock;
mod locking;
mod order;
mod pair;
mod progress;
mod report;
mod reports;
mod run;
mod start;

use http::{Method, StatusCode};
use serde_json::json;

pub use controls::Done;
pub(super) use group::Place;
pub use group::{Group, ProvisionalSide, Times};
pub use lock::LockState;
pub(super) use lock::{Lock, WRITE_REFUSAL, WRITE_REFUSED};
pub(super) use run::Promotions;

use super::refusal::platform;
use super::{Tenant, access};
use crate::message::{Answer, Outcome, Request};
use order::Order;
use pair::Pair;

const READ: &[&str] = &["fr:idc:promotion:*", "fr:idc:promotion:read"];
const UPDATE: &[&str] = &["fr:idc:promotion:*"];

/// The first is the description's, the second that of a tool of the vendor's.
const VERSIONS: &[&str] = &["protocol=1.0,resource=1.0", "protocol=2.1,resource=1.0"];

/// [assumed] What an environment with no lower one answers to what is about two: a sandbox is in no promotion
/// group, and development is the lowest of its own.
const NO_LOWER_ENVIRONMENT: StatusCode = StatusCode::NOT_FOUND;

pub(super) fn answer(tenant: &Tenant, path: &[&str], request: &Request) -> Outcome {
    let now = tenant.now();
    let scopes = if request.method == Method::GET {
        READ
    } else {
        UPDATE
    };
    let caller = access::authorize(&tenant.state(), request, now, scopes, platform)?;
    let version = access::api_version(request);
    access::require_version(version.as_deref(), VERSIONS, platform)?;
    route(tenant, path, request, &caller)
}

fn route(tenant: &Tenant, path: &[&str], request: &Request, caller: &str) -> Outcome {
    match (request.method.as_str(), path) {
        ("GET", ["lock", "state"]) => locking::state(tenant, request),
        ("POST", ["lock"]) => locking::lock(tenant),
        ("DELETE", ["lock", promotion_id]) => locking::unlock(tenant, promotion_id),
        ("GET", ["promote"]) => progress::read(tenant),
        // The description has 202 here, and one person's output a 200: checks against the description go on.
        ("POST", ["promote"]) => start::run(tenant, Order::promotion(request, caller)?)
            .map(|()| started("Promotion process initiated successfully")),
        ("POST", ["rollback"]) => start::run(tenant, Order::rollback(request, caller)?)
            .map(|()| started("Rollback process initiated successfully")),
        ("GET", ["report"]) => reports::last(tenant),
        ("GET", ["report", "provisional"]) => reports::provisional(tenant),
        ("GET", ["report", "provisional-rollback"]) => reports::provisional_rollback(tenant),
        ("GET", ["report", id]) => reports::by_id(tenant, id),
        ("GET", ["reports"]) => reports::list(tenant),
        (_, ["lock" | "promote" | "rollback" | "report" | "reports"] | ["lock" | "report", _]) => {
            Err(platform(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        }
        _ => Err(platform(StatusCode::NOT_FOUND, "Not Found")),
    }
}

impl Tenant {
    /// Makes what the time has brought, here and, where it concerns this environment, next door.
    pub(super) fn settle(&self) {
        let now = self.network_now();
        for upper in self.upper().into_iter().chain([self.clone()]) {
            if let Some(lower) = upper.lower() {
                let mut pair = Pair::as_they_are(&lower, &upper);
                if let Some((promotion_id, ended)) = pair.upper.end_run(now) {
                    pair.release(&promotion_id, ended, upper.settings().times.unlock);
                }
            }
        }
        self.state_as_it_is().lock.settle(now);
    }
}

fn lower_of(tenant: &Tenant) -> Result<Tenant, Answer> {
    let none = || platform(NO_LOWER_ENVIRONMENT, "There is no environment below this one");
    tenant.lower().ok_or_else(none)
}

fn started(result: &str) -> Answer {
    Answer::json(StatusCode::ACCEPTED, &json!({"result": result}))
}

fn conflict(message: &str) -> Answer {
    platform(StatusCode::CONFLICT, message)
}
