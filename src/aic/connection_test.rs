//! The tenant's connection test of a worker (AIC documentation, "PingOne Worker Service").

use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::{Error, IntegrationName, Tenant, worker::worker_call};
use crate::{api::Realm, http::Call};

/// The result of the connection test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionTest {
    /// The tenant reached PingOne with this credential.
    Passed {
        /// The credential's id.
        credential_id: String,
        /// The PingOne environment that it belongs to, if the tenant tells it.
        environment: Option<TestedEnvironment>,
    },
    /// It failed.
    Failed {
        /// The tenant's message, redacted.
        message: String,
        /// The credential that it used, if that could be read.
        credential_id: Option<String>,
    },
    /// There is no such worker to test.
    NoWorker,
}

/// The PingOne environment of the credential that a test used, as the credential has it: a text of a vendor's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestedEnvironment {
    /// Its name.
    #[serde(rename = "environmentName")]
    pub name: String,
    /// Its id.
    #[serde(rename = "environmentId")]
    pub id: String,
}

impl ConnectionTest {
    /// Whether the test passed with this credential. A test that passed with another one shows nothing about it.
    #[must_use]
    pub fn proves(&self, id: &str) -> bool {
        matches!(self, Self::Passed { credential_id, .. } if credential_id == id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Passed {
    credential_id: String,
    #[serde(flatten)]
    environment: Option<TestedEnvironment>,
}

#[derive(Deserialize)]
struct Failed {
    message: Option<String>,
    detail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    credential_id: Option<String>,
}

impl Tenant {
    /// Has the tenant test a worker's connection: `POST {realm}/services/pingOneWorkerService/workers/{name}
    /// ?_action=testConnection`. A 400 is an answer, too: it says what is wrong.
    ///
    /// The tenant may repeat what PingOne answered it: `secrets` are removed from that.
    pub async fn test_connection(
        &self,
        realm: Realm,
        name: &IntegrationName,
        secrets: impl IntoIterator<Item = SecretString>,
    ) -> Result<ConnectionTest, Error> {
        let path = format!("/workers/{name}?_action=testConnection");
        let call = worker_call(Method::POST, realm, &path, "test the connection")
            .json(&json!({}))
            .accept(StatusCode::BAD_REQUEST);
        let call = secrets.into_iter().fold(call, Call::secret);
        let reply = match self.send(call).await {
            // A load balancer answers 404, too, while AM restarts.
            Err(Error::Call(error)) if error.status() == Some(404) && error.is_by_service() => {
                return Ok(ConnectionTest::NoWorker);
            }
            reply => reply?,
        };
        if reply.status() == StatusCode::BAD_REQUEST {
            let Failed { message, detail } = reply.json()?;
            let message = reply.redact(message.as_deref().unwrap_or("the tenant gave no message"));
            return Ok(ConnectionTest::Failed {
                message,
                credential_id: detail.and_then(|detail| detail.credential_id).map(presentable),
            });
        }
        let Passed {
            credential_id,
            environment,
        } = reply.json()?;
        Ok(ConnectionTest::Passed {
            credential_id: presentable(credential_id),
            environment,
        })
    }
}

/// The text, if it looks like an id. Anything else is not repeated.
fn presentable(id: String) -> String {
    let is_id = id.len() <= 256
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    if is_id {
        id
    } else {
        "of an unreadable id".to_owned()
    }
}
