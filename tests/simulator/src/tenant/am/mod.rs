//! AM's realm configuration: the worker service with its workers, and the mappings of secret labels.

mod answers;
mod connection_test;
mod label;
mod mapping;
mod service;
mod worker;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value};

pub(super) use label::known as known_labels;

use super::configuration::RealmConfig;
use super::refusal::{self, am};
use super::state::State;
use super::{Mutability, Realm, Tenant, access, promotion};
use crate::message::{Answer, Outcome, Request};

const SCOPES: &[&str] = &["fr:am:*"];

const SERVICE_VERSIONS: &[&str] = &["resource=1.0", "protocol=2.0,resource=1.0"];
/// Both were accepted; public tools send the first.
const MAPPING_VERSIONS: &[&str] = &["protocol=2.1,resource=2.0", "protocol=2.0,resource=1.0"];

/// A call that may go ahead.
struct Call<'a> {
    tenant: &'a Tenant,
    request: &'a Request,
    state: &'a mut State,
    realm: Realm,
    now: Timestamp,
}

pub(super) fn answer(tenant: &Tenant, realm: &str, path: &[&str], request: &Request) -> Outcome {
    let now = tenant.now();
    let mut state = tenant.state();
    access::authorize(&state, request, now, SCOPES, am)?;
    let realm = Realm::parse(realm).ok_or_else(not_found)?;
    let version = access::api_version(request);
    let version = version.as_deref();
    let mut call = Call {
        tenant,
        request,
        state: &mut state,
        realm,
        now,
    };
    match path {
        ["services", "pingOneWorkerService", path @ ..] => {
            access::require_version(version, SERVICE_VERSIONS, am)?;
            route_service(&mut call, path)
        }
        [
            "secrets",
            "stores",
            "GoogleSecretManagerSecretStoreProvider",
            "ESV",
            "mappings",
            path @ ..,
        ] => {
            access::require_version(version, MAPPING_VERSIONS, am)?;
            route_mappings(&mut call, path)
        }
        [
            "secrets",
            "stores",
            "GoogleSecretManagerSecretStoreProvider",
            "ESV",
        ] if request.method == Method::GET => Ok(mapping::store()),
        ["secrets", "stores", ..] => Err(refusal::not_available()),
        _ => Err(not_found()),
    }
}

fn route_service(call: &mut Call<'_>, path: &[&str]) -> Outcome {
    let action = call.request.query("_action");
    match (&call.request.method, path, action.as_deref()) {
        (&Method::GET, [], _) => service::read(call),
        (&Method::PUT, [], _) => service::write(call),
        (&Method::DELETE, [], _) => service::delete(call),
        (&Method::POST, [], Some("nextdescendents")) => Ok(service::descendents(call)),
        (&Method::GET, ["workers"], _) => worker::query(call),
        (&Method::POST, ["workers"], Some("schema")) => Ok(worker::schema(call)),
        (&Method::GET, ["workers", name], _) => worker::read(call, name),
        (&Method::PUT, ["workers", name], _) => worker::write(call, name),
        (&Method::DELETE, ["workers", name], _) => worker::delete(call, name),
        (&Method::POST, ["workers", name], Some("testConnection")) => connection_test::run(call, name),
        (method, [] | ["workers"] | ["workers", _], _) => Err(unsupported(method)),
        _ => Err(not_found()),
    }
}

fn route_mappings(call: &mut Call<'_>, path: &[&str]) -> Outcome {
    let action = call.request.query("_action");
    match (&call.request.method, path, action.as_deref()) {
        (&Method::GET, [], _) => mapping::query(call),
        (&Method::POST, [], Some("schema")) => Ok(mapping::schema(call)),
        (&Method::POST, [], Some("create")) => mapping::create(call),
        (&Method::GET, [label], _) => mapping::read(call, label),
        (&Method::PUT, [label], _) => mapping::write(call, label),
        (&Method::DELETE, [label], _) => mapping::delete(call, label),
        (method, [] | [_], _) => Err(unsupported(method)),
        _ => Err(not_found()),
    }
}

impl Call<'_> {
    fn config(&self) -> &RealmConfig {
        self.state.realm(self.realm)
    }

    fn config_mut(&mut self) -> &mut RealmConfig {
        self.state.realm_mut(self.realm)
    }

    /// Static configuration arrives in an immutable tenant by promotion alone, and is frozen in a locked one.
    fn may_write(&self) -> Result<(), Answer> {
        match self.tenant.0.mutability {
            Mutability::Mutable if self.state.is_frozen() => {
                Err(am(promotion::WRITE_REFUSAL, promotion::WRITE_REFUSED))
            }
            Mutability::Mutable => Ok(()),
            Mutability::Immutable => Err(am(
                self.state.switches.static_write_refusal,
                "This operation is not available in an immutable environment.",
            )),
        }
    }

    fn body(&self) -> Result<Map<String, Value>, Answer> {
        self.request
            .json_object()
            .map_err(|fault| refusal::body(am, &fault))
    }

    /// The attributes in the body: all of them known, and without the members that name the object.
    fn attributes(&self, id: &str, known: &[&str]) -> Result<Map<String, Value>, Answer> {
        let mut body = self.body()?;
        let named = body.remove("_id");
        body.remove("_type");
        if named.is_some_and(|named| named != id) {
            return Err(bad_request("_id in the body is not the one in the path"));
        }
        if body.keys().any(|name| !known.contains(&name.as_str())) {
            let valid = serde_json::json!({"validAttributes": known});
            let message = "Invalid attribute specified.";
            return Err(refusal::am_with_detail(
                StatusCode::BAD_REQUEST,
                message,
                Some(valid),
            ));
        }
        Ok(body)
    }
}

fn not_found() -> Answer {
    am(StatusCode::NOT_FOUND, "Not Found")
}

fn bad_request(message: &str) -> Answer {
    am(StatusCode::BAD_REQUEST, message)
}

fn unsupported(method: &Method) -> Answer {
    if method == Method::POST {
        return bad_request("Unknown or missing _action");
    }
    am(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}
