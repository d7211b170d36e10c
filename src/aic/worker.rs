//! The PingOne worker service of a realm, and its workers (AIC documentation, "PingOne Worker Service").

use std::collections::BTreeMap;

use http::{HeaderName, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Error, IntegrationName, LabelAttribute, LabelIdentifier, Tenant, esv::ACCEPT_API_VERSION,
    list::whole_list, names::realm_config,
};
use crate::{api::Realm, http::Call};

const API_VERSION: &str = "resource=1.0";
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
/// The title of the attribute that holds a worker's label identifier, as the console shows it.
const LABEL_TITLE: &str = "Credential Secret Label Identifier";
/// The attribute's name where the schema cannot be had: assumed.
const ASSUMED_LABEL_ATTRIBUTE: &str = "credentialPurpose";
const USE_CREDENTIAL: &str = "useCredential";

/// A realm's worker service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service(Map<String, Value>);

/// A worker, with all attributes that it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker(Map<String, Value>);

impl Service {
    /// For tables of decisions: as a tenant answers it.
    #[cfg(test)]
    pub(crate) fn of(value: &Value) -> Self {
        Self(value.as_object().cloned().unwrap_or_default())
    }

    /// Whether workers work in this realm.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.get("enabled") == Some(&Value::Bool(true))
    }

    /// An enabled service: this one's other attributes stay as they are.
    #[must_use]
    pub fn enabled(service: Option<Self>) -> Self {
        let mut attributes = service.map(|service| service.0).unwrap_or_default();
        attributes.insert("enabled".to_owned(), json!(true));
        Self(attributes)
    }
}

impl Worker {
    /// For tables of decisions: as a tenant answers it.
    #[cfg(test)]
    pub(crate) fn of(value: &Value) -> Self {
        Self(value.as_object().cloned().unwrap_or_default())
    }

    /// The label identifier that it uses.
    #[must_use]
    pub fn label(&self, attribute: &LabelAttribute) -> Option<&str> {
        self.0
            .get(&attribute.name)
            .and_then(Value::as_str)
            .filter(|label| !label.is_empty())
    }

    /// Whether it works with a credential rather than with a client's id and secret.
    #[must_use]
    pub fn uses_credential(&self) -> bool {
        self.0.get(USE_CREDENTIAL) == Some(&Value::Bool(true))
    }

    /// A worker with a credential under a label. Nothing else is set, for a promotion would carry it up; and what
    /// `worker` has otherwise stays as it is.
    #[must_use]
    pub fn with_credential(
        worker: Option<Self>,
        attribute: &LabelAttribute,
        label: &LabelIdentifier,
    ) -> Self {
        let mut attributes = worker.map(|worker| worker.0).unwrap_or_default();
        attributes.insert(USE_CREDENTIAL.to_owned(), json!(true));
        attributes.insert(attribute.name.clone(), json!(label.as_str()));
        Self(attributes)
    }
}

impl Tenant {
    /// Reads the realm's worker service: `GET {realm}/services/pingOneWorkerService`.
    pub async fn worker_service(&self, realm: Realm) -> Result<Option<Service>, Error> {
        let call = worker_call(Method::GET, realm, "", "read the PingOne worker service");
        let service = self.optional(call).await?.map(Service);
        self.shared.remember_service(
            self.host(),
            realm,
            service.as_ref().is_some_and(Service::is_enabled),
        );
        Ok(service)
    }

    /// Writes the realm's worker service: `PUT {realm}/services/pingOneWorkerService`.
    pub async fn put_worker_service(&self, realm: Realm, service: Service) -> Result<(), Error> {
        self.shared.remember_service(self.host(), realm, false);
        let call = worker_call(Method::PUT, realm, "", "enable the PingOne worker service")
            .json(&Value::Object(writable(service.0)));
        self.send(call).await.map(drop)
    }

    /// Whether an integration of this tenant saw the realm's worker service enabled within the last half minute.
    #[must_use]
    pub fn has_seen_service_enabled(&self, realm: Realm) -> bool {
        self.shared.has_seen_service_enabled(self.host(), realm)
    }

    /// Asks the schema again before a worker is found to differ: an upgrade of the tenant may have renamed the attribute.
    pub fn forget_label_attribute(&self) {
        self.shared.forget_label_attribute(self.host());
    }

    /// Finds the label's attribute by its title: `POST {realm}/services/pingOneWorkerService/workers?_action=schema`,
    /// once a tenant. `None`: the tenant has no product connections yet. Where the schema cannot be had, the
    /// assumed name is used, and the schema is asked for again next time.
    pub async fn label_attribute(&self, realm: Realm) -> Result<Option<LabelAttribute>, Error> {
        if let Some(known) = self.shared.label_attribute(self.host()) {
            return Ok(Some(known));
        }
        let call = worker_call(
            Method::POST,
            realm,
            "/workers?_action=schema",
            "read the schema of PingOne workers",
        )
        .json(&json!({}));
        let schema: Value = match self.send(call).await {
            Ok(reply) => reply.json()?,
            // A tenant that does not tell its schema. One that is merely away is asked again instead.
            Err(Error::Call(error))
                if error.is_by_service() && matches!(error.status(), Some(400 | 403 | 404 | 405 | 501)) =>
            {
                return Ok(Some(assumed_attribute()));
            }
            Err(error) => return Err(error),
        };
        let found =
            attribute_titled(&schema, LABEL_TITLE).map(|name| LabelAttribute { name, is_known: true });
        if let Some(attribute) = &found {
            self.shared.remember_label_attribute(self.host(), attribute);
        }
        Ok(found)
    }

    /// Reads a worker: `GET {realm}/services/pingOneWorkerService/workers/{name}`.
    pub async fn worker(&self, realm: Realm, name: &IntegrationName) -> Result<Option<Worker>, Error> {
        let path = format!("/workers/{name}");
        let call =
            worker_call(Method::GET, realm, &path, "read the PingOne worker").accept(StatusCode::NOT_FOUND);
        let reply = self.send(call).await?;
        if reply.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let worker: Map<String, Value> = reply.json()?;
        // What does not say that it is this worker proves nothing about it.
        if worker.get("_id").and_then(Value::as_str) != Some(name.as_str()) {
            return Err(reply
                .unreadable("it is not the requested worker".to_owned())
                .into());
        }
        Ok(Some(Worker(worker)))
    }

    /// Lists the realm's workers by their names: `GET {realm}/services/pingOneWorkerService/workers?_queryFilter=true`.
    pub async fn workers(&self, realm: Realm) -> Result<BTreeMap<String, Worker>, Error> {
        #[derive(Deserialize)]
        struct Listed {
            #[serde(rename = "_id")]
            id: String,
            #[serde(flatten)]
            attributes: Map<String, Value>,
        }
        let path = "/workers?_queryFilter=true";
        let call = worker_call(Method::GET, realm, path, "list the PingOne workers");
        let workers = whole_list::<Listed>(&self.send(call).await?)?.into_iter();
        Ok(workers
            .map(|worker| (worker.id, Worker(worker.attributes)))
            .collect())
    }

    /// Whether the realm lists a worker. A 404 of the worker itself may be a load balancer's; what a list of success
    /// lacks is not there.
    pub async fn lists_worker(&self, realm: Realm, name: &IntegrationName) -> Result<bool, Error> {
        Ok(self.workers(realm).await?.contains_key(name.as_str()))
    }

    /// Writes a worker: `PUT {realm}/services/pingOneWorkerService/workers/{name}`.
    pub async fn put_worker(
        &self,
        realm: Realm,
        name: &IntegrationName,
        worker: Worker,
    ) -> Result<(), Error> {
        let call = worker_call(
            Method::PUT,
            realm,
            &format!("/workers/{name}"),
            "write the PingOne worker",
        )
        .json(&Value::Object(writable(worker.0)));
        self.send(call).await.map(drop)
    }

    /// Deletes a worker: `DELETE {realm}/services/pingOneWorkerService/workers/{name}`. One that is gone already is
    /// gone.
    pub async fn delete_worker(&self, realm: Realm, name: &IntegrationName) -> Result<(), Error> {
        let path = format!("/workers/{name}");
        let call = worker_call(Method::DELETE, realm, &path, "delete the PingOne worker")
            .accept(StatusCode::NOT_FOUND);
        self.send(call).await.map(drop)
    }

    async fn optional(&self, call: Call) -> Result<Option<Map<String, Value>>, Error> {
        let reply = self.send(call.accept(StatusCode::NOT_FOUND)).await?;
        if reply.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(reply.json()?))
    }
}

fn assumed_attribute() -> LabelAttribute {
    LabelAttribute {
        name: ASSUMED_LABEL_ATTRIBUTE.to_owned(),
        is_known: false,
    }
}

pub(super) fn worker_call(method: Method, realm: Realm, rest: &str, operation: &'static str) -> Call {
    Call::new(
        method,
        format!("{}/services/pingOneWorkerService{rest}", realm_config(realm)),
        operation,
    )
    .header(ACCEPT_API_VERSION, API_VERSION)
    .header(header::CONTENT_TYPE, "application/json")
    .header(REQUESTED_WITH, "XMLHttpRequest")
}

/// What the tenant adds to its answers (`_id`, `_rev`, `_type`) is not written back.
fn writable(mut attributes: Map<String, Value>) -> Map<String, Value> {
    attributes.retain(|name, _| !name.starts_with('_'));
    attributes
}

/// The name of the property with a title, wherever in the schema it stands.
fn attribute_titled(schema: &Value, title: &str) -> Option<String> {
    let object = schema.as_object()?;
    let has_title = |value: &Value| {
        value
            .get("title")
            .and_then(Value::as_str)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case(title))
    };
    object
        .iter()
        .find_map(|(name, value)| has_title(value).then(|| name.clone()))
        .or_else(|| object.values().find_map(|value| attribute_titled(value, title)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_attribute_is_found_by_its_title_wherever_it_stands() {
        let schema = json!({"type": "object", "properties": {
            "clientId": {"title": "Client ID"},
            "nested": {"properties": {"somethingElse": {"title": "Credential Secret Label Identifier "}}},
        }});
        assert_eq!(
            attribute_titled(&schema, LABEL_TITLE).as_deref(),
            Some("somethingElse")
        );
        assert_eq!(attribute_titled(&json!({"properties": {}}), LABEL_TITLE), None);
    }

    #[test]
    fn what_a_worker_has_beside_its_credential_stays_and_what_the_tenant_adds_is_not_written_back() {
        let worker = Worker(
            json!({"_id": "x", "_rev": "1", "clientId": "c"})
                .as_object()
                .unwrap()
                .clone(),
        );
        let worker = Worker::with_credential(Some(worker), &assumed_attribute(), &"a.b".parse().unwrap());
        assert_eq!(
            Value::Object(writable(worker.0)),
            json!({"clientId": "c", "useCredential": true, "credentialPurpose": "a.b"})
        );
    }
}
