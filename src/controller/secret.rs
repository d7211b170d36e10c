//! Secrets, read by name where they are referred to, and put out of sight at once.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt};
use secrecy::{ExposeSecret, SecretSlice};

use crate::api::TENANT_HOSTS_ANNOTATION;

/// What is needed of a Secret.
pub(super) struct SecretValues {
    name: String,
    values: BTreeMap<String, SecretSlice<u8>>,
    /// The Secret's own say on where its credential may be carried.
    pub(super) tenant_hosts: Option<String>,
}

/// A Secret lacks a key.
#[derive(Debug, thiserror::Error)]
#[error("Secret {secret} has no key {key} (it has: {has})")]
pub(super) struct KeyMissing {
    secret: String,
    key: String,
    has: String,
}

impl SecretValues {
    /// Reads a Secret from the API server itself, not from a cache.
    pub(super) async fn read(
        client: &Client,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Self>, kube::Error> {
        let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
        Ok(api.get_opt(name).await?.map(|mut secret| Self {
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
    pub(super) fn get(&self, key: &str) -> Result<&[u8], KeyMissing> {
        self.values
            .get(key)
            .map(ExposeSecret::expose_secret)
            .ok_or_else(|| KeyMissing {
                secret: self.name.clone(),
                key: key.to_owned(),
                has: match self.values.keys().map(String::as_str).collect::<Vec<_>>() {
                    keys if keys.is_empty() => "none".to_owned(),
                    keys => keys.join(", "),
                },
            })
    }
}
