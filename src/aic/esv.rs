//! ESV secrets: `/environment/secrets` (OpenAPI description). A value can be written and never be read again.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderName, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IntoDeserializer as _},
};
use serde_json::json;

use super::{Error, EsvId, Tenant, list::whole_list};
use crate::http::{Call, Guard};

pub(super) const ACCEPT_API_VERSION: HeaderName = HeaderName::from_static("accept-api-version");
pub(super) const API_VERSION: &str = "protocol=1.0,resource=1.0";

/// Statuses by which the ESV service says that it did nothing: the ESV does not exist, or a value is invalid
/// (recorded).
const REFUSALS: &[u16] = &[404, 422];

/// An ESV, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Esv {
    /// The newest enabled version; empty without one.
    #[serde(default, deserialize_with = "number_or_none")]
    pub active_version: String,
    /// The encoding of the value; the operator uses `generic`.
    pub encoding: String,
    /// Whether the value can stand in placeholders, which would need a restart to load it.
    pub use_in_placeholders: bool,
    /// The text in the console, with the operator's mark.
    #[serde(default)]
    pub description: String,
    /// When it, or a version of it, was changed last, by the tenant's clock.
    #[serde(default)]
    pub last_change_date: Option<String>,
    /// The version that placeholders were loaded with; empty where none is.
    #[serde(default)]
    pub loaded_version: Option<String>,
}

impl Esv {
    /// Whether the newest version waits for a restart of the tenant.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        self.use_in_placeholders && self.loaded_version.as_ref() != Some(&self.active_version)
    }
}

/// One version of an ESV, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its number.
    #[serde(deserialize_with = "number")]
    pub version: String,
    /// When it was made, by the tenant's clock.
    pub create_date: String,
    /// `ENABLED`, `DISABLED` or `DESTROYED`.
    pub status: String,
}

/// The result of creating an ESV.
#[derive(Debug)]
pub enum Creation {
    /// It was created, with this first version.
    Created(Esv),
    /// Nothing was made: it had been there before, and is as it was, or the tenant does not take it. Only the message
    /// would tell which.
    Refused(Error),
}

impl Tenant {
    /// Reads an ESV: `GET /environment/secrets/{id}`.
    pub async fn esv(&self, id: &EsvId) -> Result<Option<Esv>, Error> {
        let call = esv_call(Method::GET, id, "", "read the ESV").accept(StatusCode::NOT_FOUND);
        let reply = self.send(call).await?;
        if reply.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(reply.json()?))
    }

    /// Lists all ESVs by their ids: `GET /environment/secrets`, which by this version is not paged (recorded).
    pub async fn esvs(&self) -> Result<BTreeMap<String, Esv>, Error> {
        #[derive(Deserialize)]
        struct Listed {
            #[serde(rename = "_id")]
            id: String,
            #[serde(flatten)]
            esv: Esv,
        }
        let call = Call::new(Method::GET, "/environment/secrets", "list the ESVs")
            .header(ACCEPT_API_VERSION, API_VERSION);
        let esvs = whole_list::<Listed>(&self.send(call).await?)?.into_iter();
        Ok(esvs.map(|listed| (listed.id, listed.esv)).collect())
    }

    /// Creates an ESV: `PUT /environment/secrets/{id}`, which never changes one that exists. Without placeholders
    /// it is loaded at once, with no restart of the tenant.
    pub async fn create_esv(
        &self,
        id: &EsvId,
        value: &SecretString,
        description: &str,
    ) -> Result<Creation, Error> {
        let encoded = encode(value);
        let call = esv_call(Method::PUT, id, "", "create the ESV")
            .json(&json!({
                "encoding": "generic",
                "useInPlaceholders": false,
                "valueBase64": encoded.expose_secret(),
                "description": description,
            }))
            .secret(value.clone())
            .secret(encoded);
        match self.send(call).await {
            Ok(reply) => Ok(Creation::Created(reply.json()?)),
            Err(Error::Call(error)) if error.is_by_service() && error.status() == Some(400) => {
                Ok(Creation::Refused(Error::Call(error)))
            }
            Err(error) => Err(error),
        }
    }

    /// Lists an ESV's versions, newest first: `GET /environment/secrets/{id}/versions`.
    pub async fn esv_versions(&self, id: &EsvId) -> Result<Vec<Version>, Error> {
        let call = esv_call(Method::GET, id, "/versions", "list the ESV's versions");
        Ok(self.send(call).await?.json()?)
    }

    /// Writes a new value: `POST /environment/secrets/{id}/versions?_action=create`. Sent once: a second time would
    /// be a second version.
    pub async fn create_esv_version(
        &self,
        id: &EsvId,
        value: &SecretString,
        guard: Guard,
    ) -> Result<Version, Error> {
        let encoded = encode(value);
        let call = esv_call(
            Method::POST,
            id,
            "/versions?_action=create",
            "create a version of the ESV",
        )
        .once_only()
        .guarded(guard)
        .json(&json!({"valueBase64": encoded.expose_secret()}))
        .secret(value.clone())
        .secret(encoded);
        Ok(self.send(call).await?.json()?)
    }

    /// Disables an old version: `POST /environment/secrets/{id}/versions/{version}?_action=changestatus`.
    pub async fn disable_esv_version(&self, id: &EsvId, version: &str) -> Result<(), Error> {
        let path = format!("/versions/{version}?_action=changestatus");
        let call = esv_call(Method::POST, id, &path, "disable an old version of the ESV")
            .json(&json!({"status": "DISABLED"}));
        self.send(call).await.map(drop)
    }

    /// Describes an ESV: `POST /environment/secrets/{id}?_action=setDescription`, which answers an empty body.
    pub async fn describe_esv(&self, id: &EsvId, description: &str) -> Result<(), Error> {
        let call = esv_call(Method::POST, id, "?_action=setDescription", "describe the ESV")
            .json(&json!({"description": description}));
        self.send(call).await.map(drop)
    }

    /// Deletes an ESV with all its versions: `DELETE /environment/secrets/{id}`. One that is gone already is gone.
    pub async fn delete_esv(&self, id: &EsvId) -> Result<(), Error> {
        let call = esv_call(Method::DELETE, id, "", "delete the ESV").accept(StatusCode::NOT_FOUND);
        self.send(call).await.map(drop)
    }
}

fn esv_call(method: Method, id: &EsvId, rest: &str, operation: &'static str) -> Call {
    Call::new(method, format!("/environment/secrets/{id}{rest}"), operation)
        .header(ACCEPT_API_VERSION, API_VERSION)
        .refused_with(REFUSALS)
}

/// A version's number; nothing where every version is disabled or destroyed.
fn number_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    match text.as_str() {
        "" => Ok(text),
        _ => number(text.into_deserializer()),
    }
}

/// A version's number, kept as the text that it is. Anything else would be remembered and never be found again.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse::<u64>() {
        Ok(_) => Ok(text),
        Err(_) => Err(D::Error::custom("a version is not a number")),
    }
}

fn encode(value: &SecretString) -> SecretString {
    BASE64_STANDARD.encode(value.expose_secret()).into()
}
