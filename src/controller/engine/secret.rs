//! Reads Secrets by name. Their values go into types that cannot be printed.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};
use secrecy::{ExposeSecret, SecretSlice};

use super::cluster::Cluster;
use crate::api::TENANT_HOSTS_ANNOTATION;

/// The values of a Secret.
pub(crate) struct SecretValues {
    name: String,
    values: BTreeMap<String, SecretSlice<u8>>,
    /// The annotation that says where its credential may be sent.
    pub(crate) tenant_hosts: Option<String>,
}

/// A Secret lacks a key. The message does not list its keys, because its reader may not be allowed to read the
/// Secret.
#[derive(Debug, thiserror::Error)]
#[error("Secret {secret} has no key {key} among its {has} keys")]
pub(crate) struct KeyMissing {
    secret: String,
    key: String,
    has: usize,
}

/// A Secret could not be read. The message repeats nothing of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// RBAC does not allow it.
    #[error(
        "the operator may not read Secret {0}: give its ServiceAccount that right, as the chart's Role does"
    )]
    Forbidden(String),
    /// The API server refused.
    #[error("failed to read Secret {0}: {1}")]
    Refused(String, String),
    /// Everything else.
    #[error("failed to read Secret {0}: no answer that can be read")]
    Unreadable(String),
}

impl SecretValues {
    /// Reads a Secret from the API server and not from a cache. Waits for a permit.
    pub(crate) async fn read(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Self>, Unread> {
        let _turn = cluster.turn().await;
        Self::read_now(cluster, namespace, name).await
    }

    /// The same for a run that may hold a lock: it waits for no permit.
    pub(crate) async fn read_now(
        cluster: &Cluster,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Self>, Unread> {
        let api: Api<Secret> = Api::namespaced(cluster.client.clone(), namespace);
        let secret = api.get_opt(name).await.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 403 => Unread::Forbidden(name.to_owned()),
            kube::Error::Api(status) => Unread::Refused(name.to_owned(), status.message.clone()),
            _ => Unread::Unreadable(name.to_owned()),
        })?;
        Ok(secret.map(|mut secret| Self {
            name: name.to_owned(),
            tenant_hosts: secret.annotations_mut().remove(TENANT_HOSTS_ANNOTATION),
            values: secret
                .data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key, value.0.into()))
                .collect(),
        }))
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Result<&[u8], KeyMissing> {
        self.values
            .get(key)
            .map(ExposeSecret::expose_secret)
            .ok_or_else(|| KeyMissing {
                secret: self.name.clone(),
                key: key.to_owned(),
                has: self.values.len(),
            })
    }
}
