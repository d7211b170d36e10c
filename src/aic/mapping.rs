//! The mapping of a worker's secret label to an ESV (seen: the AM secret store of ESVs).

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{
    Error, EsvId, LabelIdentifier, Tenant, esv::ACCEPT_API_VERSION, list::whole_list, names::realm_config,
};
use crate::{
    api::Realm,
    http::{Call, Reply},
};

const API_VERSION: &str = "protocol=2.0,resource=1.0";

/// A label's mapping.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mapping {
    /// The label, as the tenant's secrets know it.
    #[serde(rename = "_id")]
    pub secret_label: String,
    /// The ESVs that the label stands for: exactly one.
    pub aliases: Vec<String>,
}

impl Mapping {
    /// Without anything secret that the tenant may have put there: people read both.
    fn redacted(self, reply: &Reply) -> Self {
        Self {
            secret_label: reply.redact(&self.secret_label),
            aliases: self.aliases.iter().map(|alias| reply.redact(alias)).collect(),
        }
    }

    /// Whether the label stands for this ESV.
    #[must_use]
    pub fn leads_to(&self, esv: &EsvId) -> bool {
        self.aliases == [esv.as_str()]
    }
}

impl Tenant {
    /// Reads a label's mapping.
    pub async fn mapping(&self, realm: Realm, label: &LabelIdentifier) -> Result<Option<Mapping>, Error> {
        let call = mapping_call(Method::GET, realm, label, "read the mapping").accept(StatusCode::NOT_FOUND);
        let reply = self.send(call).await?;
        if reply.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(reply.json::<Mapping>()?.redacted(&reply)))
    }

    /// Maps a label to an ESV. The tenant wants the label repeated, knows only labels of workers that exist, and
    /// does not check the ESV.
    pub async fn put_mapping(&self, realm: Realm, label: &LabelIdentifier, esv: &EsvId) -> Result<(), Error> {
        let call = mapping_call(Method::PUT, realm, label, "map the worker's label to the ESV")
            .json(&json!({"secretId": label.secret_label(), "aliases": [esv.as_str()]}));
        self.send(call).await.map(drop)
    }

    /// Removes a label's mapping. One that is gone already is gone.
    pub async fn delete_mapping(&self, realm: Realm, label: &LabelIdentifier) -> Result<(), Error> {
        let call =
            mapping_call(Method::DELETE, realm, label, "remove the mapping").accept(StatusCode::NOT_FOUND);
        self.send(call).await.map(drop)
    }

    /// Lists all mappings of a realm.
    pub async fn mappings(&self, realm: Realm) -> Result<Vec<Mapping>, Error> {
        let call = store_call(Method::GET, realm, "?_queryFilter=true", "list the mappings");
        let reply = self.send(call).await?;
        Ok(whole_list::<Mapping>(&reply)?
            .into_iter()
            .map(|mapping| mapping.redacted(&reply))
            .collect())
    }
}

fn mapping_call(method: Method, realm: Realm, label: &LabelIdentifier, operation: &'static str) -> Call {
    store_call(method, realm, &format!("/{}", label.secret_label()), operation)
}

fn store_call(method: Method, realm: Realm, rest: &str, operation: &'static str) -> Call {
    let realm = realm_config(realm);
    let path = format!("{realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV/mappings{rest}");
    Call::new(method, path, operation).header(ACCEPT_API_VERSION, API_VERSION)
}
