//! One environment, and `GET /v1/environments/{id}`.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::world::{ConnectionState, EnvironmentState, World};
use super::{ProductConnection, Region, answers};
use crate::clock::iso_date;
use crate::message::{Answer, Outcome, Request};

/// [assumed] The type of a connection for AIC: nobody has seen one, and the console of AIC takes this.
const GATEWAY_TYPE: &str = "PING_FEDERATE";

/// An environment, as its administrator sees it.
#[derive(Clone, Debug)]
pub struct Environment {
    pub(super) world: Arc<World>,
    pub(super) region: Region,
    pub(super) id: String,
}

impl Environment {
    pub(super) fn create(world: &Arc<World>, region: Region, name: &str) -> Self {
        let id = Uuid::new_v4().to_string();
        let environment = EnvironmentState {
            name: name.to_owned(),
            created: world.clock().now(),
            connections: HashMap::new(),
        };
        world
            .state()
            .environments
            .insert((region, id.clone()), environment);
        Self {
            world: Arc::clone(world),
            region,
            id,
        }
    }

    /// Its id, a UUID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name now.
    #[must_use]
    pub fn name(&self) -> String {
        self.world
            .state()
            .environment(self.region, &self.id)
            .map(|it| it.name.clone())
            .unwrap_or_default()
    }

    /// Its region.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The id of its organization, a UUID.
    #[must_use]
    pub fn organization_id(&self) -> String {
        self.world.organization_id().to_owned()
    }

    /// The name of its organization.
    #[must_use]
    pub fn organization_name(&self) -> String {
        World::ORGANIZATION_NAME.to_owned()
    }

    /// Gives it another name; credentials go on naming the old one.
    pub fn rename(&self, name: &str) {
        if let Some(environment) = self.world.state().environment(self.region, &self.id) {
            name.clone_into(&mut environment.name);
        }
    }

    /// Deletes it with everything in it.
    pub fn delete(&self) {
        self.world
            .state()
            .environments
            .remove(&(self.region, self.id.clone()));
    }

    /// Creates an enabled product connection that may read this environment.
    #[must_use]
    pub fn create_connection(&self) -> ProductConnection {
        let id = Uuid::new_v4().to_string();
        if let Some(environment) = self.world.state().environment(self.region, &self.id) {
            let number = environment.connections.len() + 1;
            let connection = ConnectionState {
                // Names are unique in an environment.
                name: format!("PingOne Connection AIC {number}"),
                gateway_type: GATEWAY_TYPE.to_owned(),
                enabled: true,
                may_read_environment: true,
                credentials: HashMap::new(),
            };
            environment.connections.insert(id.clone(), connection);
        }
        ProductConnection {
            environment: self.clone(),
            id,
        }
    }
}

/// Answers `GET /v1/environments/{id}`.
pub(super) fn read(world: &World, region: Region, id: &str, request: &Request) -> Outcome {
    let unauthorized = || {
        answers::error(
            StatusCode::UNAUTHORIZED,
            "ACCESS_FAILED",
            "The request could not be completed. There was an issue validating the access token.",
        )
        .header("WWW-Authenticate", "Bearer realm=\"PingOne\"")
    };
    let bearer = request.bearer().ok_or_else(unauthorized)?;
    let mut state = world.state();
    let token = state
        .tokens
        .get(&(region, bearer.to_owned()))
        .ok_or_else(unauthorized)?;
    if token.expires <= world.clock().now() {
        return Err(unauthorized());
    }
    let (home, connection) = (token.environment.clone(), token.connection.clone());
    let may_read = state
        .connection(region, &home, &connection)
        .ok_or_else(unauthorized)?
        .may_read_environment;
    let environment = state.environment(region, id).ok_or_else(answers::not_found)?;
    if home != id || !may_read {
        return Err(answers::error_with_details(
            StatusCode::FORBIDDEN,
            "ACCESS_FAILED",
            "The request could not be completed. You do not have access to this resource.",
            &[(
                "INSUFFICIENT_PERMISSIONS",
                "You do not have permissions or are not licensed to make this request.",
            )],
        ));
    }
    Ok(Answer::json(
        StatusCode::OK,
        &json!({
            "_links": {"self": {"href": format!("{}/environments/{id}", region.api_url())}},
            "id": id,
            "name": environment.name,
            "description": "",
            "organization": {"id": world.organization_id()},
            "type": "PRODUCTION",
            "region": region.code(),
            "license": {"id": world.organization_id(), "name": "INTERNAL"},
            "createdAt": iso_date(environment.created),
            "updatedAt": iso_date(environment.created),
        }),
    ))
}
