//! A container's environment, resolved as a kubelet does.

use crate::Namespace;
use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, EnvVarSource, PodSpec, Secret};
use kube::Api;
use std::collections::BTreeMap;

pub(super) async fn resolve(
    container: &Container,
    pod: &PodSpec,
    namespace: &Namespace,
) -> Result<BTreeMap<String, String>> {
    if container.env_from.is_some() {
        bail!("the harness does not know `envFrom`");
    }
    let mut environment = BTreeMap::new();
    for EnvVar {
        name,
        value,
        value_from,
    } in container.env.iter().flatten()
    {
        let value = match value_from {
            None => Some(value.clone().unwrap_or_default()),
            Some(source) => {
                let value = read(source, pod, namespace).await;
                value.with_context(|| format!("failed to resolve the variable {name}"))?
            }
        };
        environment.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(environment)
}

/// The value, or nothing if the source is optional and absent.
async fn read(source: &EnvVarSource, pod: &PodSpec, namespace: &Namespace) -> Result<Option<String>> {
    if let Some(field) = &source.field_ref {
        return match field.field_path.as_str() {
            "metadata.namespace" => Ok(Some(namespace.name().to_owned())),
            // A pod's name only has to be unique in its namespace.
            "metadata.name" => Ok(Some(format!("{}-0", pod.containers[0].name))),
            "spec.serviceAccountName" => Ok(pod.service_account_name.clone()),
            other => bail!("the harness does not know the field {other}"),
        };
    }
    let (found, optional, what) = if let Some(source) = &source.secret_key_ref {
        let api: Api<Secret> = Api::namespaced(namespace.client(), namespace.name());
        let data = api.get_opt(&source.name).await?.and_then(|secret| secret.data);
        let value = data
            .and_then(|mut data| data.remove(&source.key))
            .map(|value| String::from_utf8(value.0));
        (
            value.transpose()?,
            source.optional,
            format!("Secret {} with the key {}", source.name, source.key),
        )
    } else if let Some(source) = &source.config_map_key_ref {
        let api: Api<ConfigMap> = Api::namespaced(namespace.client(), namespace.name());
        let data = api
            .get_opt(&source.name)
            .await?
            .and_then(|config_map| config_map.data);
        let value = data.and_then(|mut data| data.remove(&source.key));
        (
            value,
            source.optional,
            format!("ConfigMap {} with the key {}", source.name, source.key),
        )
    } else {
        bail!("the harness knows fieldRef, secretKeyRef and configMapKeyRef only");
    };
    if found.is_none() && optional != Some(true) {
        bail!("there is no {what}");
    }
    Ok(found)
}
