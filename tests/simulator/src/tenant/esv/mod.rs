//! `/environment`: ESV secrets, which a lock blocks, and the restart, which it does not.

mod content;
mod list;
mod secret;
mod secrets;
mod startup;
mod versions;

use http::{Method, StatusCode};
use jiff::Timestamp;

pub use secret::{Secret, Version, VersionStatus};

use super::refusal::{self, platform};
use super::state::State;
use super::{Tenant, access};
use crate::message::{Answer, Outcome, Request};

const READ: &[&str] = &["fr:idc:esv:*", "fr:idc:esv:read"];
const UPDATE: &[&str] = &["fr:idc:esv:*", "fr:idc:esv:update"];
const RESTART: &[&str] = &["fr:idc:esv:*", "fr:idc:esv:restart"];

/// What a call is told while the environment is locked.
const LOCKED: &str = "The environment is locked for a promotion: ESVs are not available.";

/// The header is optional on a live tenant. Only the list differs between the resource versions.
const VERSIONS: &[&str] = &[
    "protocol=1.0,resource=1.0",
    "protocol=1.0,resource=2.0",
    "resource=1.0",
    "resource=2.0",
];

/// A call that may go ahead.
struct Call<'a> {
    tenant: &'a Tenant,
    request: &'a Request,
    state: &'a mut State,
    now: Timestamp,
    /// The name of the service account.
    caller: String,
    version: Option<String>,
}

pub(super) fn answer(tenant: &Tenant, path: &[&str], request: &Request) -> Outcome {
    let outcome = answer_traced(tenant, path, request);
    // Many answers of the live service bear no transaction id: here it is every second one.
    if path.first() == Some(&"secrets") && tenant.state().is_second_esv_answer() {
        return outcome.map(Answer::untraced).map_err(Answer::untraced);
    }
    outcome
}

fn answer_traced(tenant: &Tenant, path: &[&str], request: &Request) -> Outcome {
    let now = tenant.now();
    let mut state = tenant.state();
    startup::settle(&mut state, now);
    let scopes = match (path, &request.method) {
        (_, &Method::GET) => READ,
        (["startup"], _) => RESTART,
        _ => UPDATE,
    };
    let caller = access::authorize(&state, request, now, scopes, platform)?;
    if path != ["startup"] && state.is_frozen() {
        let status = state.switches.locked_esv_refusal;
        drop(state);
        tenant.count_esv_refusal();
        return Err(platform(status, LOCKED));
    }
    let version = access::api_version(request);
    if version.is_some() {
        access::require_version(version.as_deref(), VERSIONS, platform)?;
    }
    let mut call = Call {
        tenant,
        request,
        state: &mut state,
        now,
        caller,
        version,
    };
    route(&mut call, path)
}

fn route(call: &mut Call<'_>, path: &[&str]) -> Outcome {
    let action = call.request.query("_action");
    match (call.request.method.as_str(), path, action.as_deref()) {
        ("GET", ["secrets"], _) => list::answer(call),
        ("GET", ["secrets", id], _) => secrets::read(call, id),
        ("PUT", ["secrets", id], _) => secrets::create(call, id),
        ("POST", ["secrets", id], Some("setDescription")) => secrets::set_description(call, id),
        ("DELETE", ["secrets", id], _) => secrets::delete(call, id),
        ("GET", ["secrets", id, "versions"], _) => versions::list(call, id),
        ("POST", ["secrets", id, "versions"], Some("create")) => versions::create(call, id),
        ("GET", ["secrets", id, "versions", version], _) => versions::read(call, id, version),
        ("POST", ["secrets", id, "versions", version], Some("changestatus")) => {
            versions::change_status(call, id, version)
        }
        ("DELETE", ["secrets", id, "versions", version], _) => versions::destroy(call, id, version),
        ("GET", ["startup"], _) => Ok(startup::status(call)),
        ("POST", ["startup"], Some("restart")) => startup::restart(call),
        ("POST", ["secrets", ..] | ["startup"], _) => Err(bad_request("Unknown or missing _action")),
        (_, ["secrets", ..] | ["startup"], _) => {
            Err(platform(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        }
        _ => Err(platform(
            StatusCode::NOT_FOUND,
            &format!("path {} was not found", call.request.path),
        )),
    }
}

impl Call<'_> {
    fn secret(&self, id: &str) -> Result<&Secret, Answer> {
        check_id(id)?;
        self.state.secrets.get(id).ok_or_else(no_secret)
    }

    fn body(&self) -> Result<serde_json::Map<String, serde_json::Value>, Answer> {
        self.request
            .json_object()
            .map_err(|fault| refusal::body(platform, &fault))
    }
}

/// At most 124 characters with the prefix, as the documentation says; the description's pattern
/// `^esv-[a-z0-9_-]{1,124}$` would have four more.
fn check_id(id: &str) -> Result<(), Answer> {
    let legal = |name: &str| {
        (1..=120).contains(&name.len())
            && name
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_-".contains(&it))
    };
    if id.strip_prefix("esv-").is_some_and(legal) {
        return Ok(());
    }
    Err(bad_request(&format!(
        "'{id}' does not match ^esv-[a-z0-9_-]{{1,120}}$"
    )))
}

fn no_secret() -> Answer {
    platform(
        StatusCode::NOT_FOUND,
        "The secret does not exist or does not have a version",
    )
}

fn bad_request(message: &str) -> Answer {
    platform(StatusCode::BAD_REQUEST, message)
}
