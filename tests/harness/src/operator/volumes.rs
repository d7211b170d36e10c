//! A pod's volumes as folders, and its service account's token.

use super::values::ApiServer;
use crate::Namespace;
use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::{ConfigMap, Container, KeyToPath, PodSpec, Secret, ServiceAccount, Volume},
};
use kube::{Api, api::PostParams};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Makes a folder for each mounted volume: pairs of the path in the pod and the folder here.
pub(super) async fn mount(
    container: &Container,
    pod: &PodSpec,
    namespace: &Namespace,
    folder: &Path,
) -> Result<Vec<(String, PathBuf)>> {
    let mut mounts = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        let volume = pod
            .volumes
            .iter()
            .flatten()
            .find(|volume| volume.name == mount.name);
        let volume = volume.with_context(|| format!("there is no volume {}", mount.name))?;
        let here = folder.join("volumes").join(&mount.name);
        fs::create_dir_all(&here)?;
        let files = files(volume, namespace).await;
        for (path, content) in files.with_context(|| format!("failed to make the volume {}", mount.name))? {
            fs::write(here.join(path), content)?;
        }
        mounts.push((mount.mount_path.clone(), here));
    }
    // A mount inside another one is replaced first.
    mounts.sort_by_key(|(in_pod, _)| std::cmp::Reverse(in_pod.len()));
    Ok(mounts)
}

async fn files(volume: &Volume, namespace: &Namespace) -> Result<BTreeMap<String, Vec<u8>>> {
    if let Some(source) = &volume.config_map {
        let api: Api<ConfigMap> = Api::namespaced(namespace.client(), namespace.name());
        let data = api.get(&source.name).await?.data.unwrap_or_default();
        let data = data
            .into_iter()
            .map(|(key, value)| (key, value.into_bytes()))
            .collect();
        return select(data, source.items.as_deref());
    }
    if let Some(source) = &volume.secret {
        let api: Api<Secret> = Api::namespaced(namespace.client(), namespace.name());
        let data = api
            .get(source.secret_name.as_deref().unwrap_or_default())
            .await?
            .data
            .unwrap_or_default();
        let data = data.into_iter().map(|(key, value)| (key, value.0)).collect();
        return select(data, source.items.as_deref());
    }
    if volume.empty_dir.is_some() {
        return Ok(BTreeMap::new());
    }
    bail!("the harness knows configMap, secret and emptyDir only")
}

fn select(
    mut data: BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let Some(items) = items else { return Ok(data) };
    let take = |item: &KeyToPath| {
        let content = data
            .remove(&item.key)
            .with_context(|| format!("there is no key {}", item.key))?;
        Ok((item.path.clone(), content))
    };
    items.iter().map(take).collect()
}

/// A kubeconfig whose only credential is a token of the pod's `ServiceAccount`, and its path.
///
/// A pod would find that token in `/var/run/secrets/kubernetes.io/serviceaccount`; a process of this
/// machine has no such folder of its own.
pub(super) async fn kubeconfig(
    pod: &PodSpec,
    namespace: &Namespace,
    api_server: Option<&ApiServer>,
    folder: &Path,
) -> Result<String> {
    let account = pod
        .service_account_name
        .as_deref()
        .context("the pod names no ServiceAccount")?;
    let api: Api<ServiceAccount> = Api::namespaced(namespace.client(), namespace.name());
    // The API server's own audience; a day, for whoever keeps a demo running.
    let spec = TokenRequestSpec {
        expiration_seconds: Some(86_400),
        ..TokenRequestSpec::default()
    };
    let request = TokenRequest {
        spec: Some(spec),
        ..TokenRequest::default()
    };
    let answer = api
        .create_token_request(account, &PostParams::default(), &request)
        .await;
    let answer = answer.with_context(|| format!("failed to get a token of the ServiceAccount {account}"))?;
    let token = answer.status.context("the TokenRequest has no status")?.token;
    let control_plane = namespace.control_plane();
    let cluster = match api_server {
        Some(ApiServer { url, proxy_url, ca }) => {
            let file = folder.join("api-server-ca.crt");
            fs::write(&file, ca)?;
            json!({"server": url, "proxy-url": proxy_url, "certificate-authority": file})
        }
        None => json!({"server": control_plane.url(), "certificate-authority": control_plane.ca()}),
    };
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "harness", "cluster": cluster}],
        "users": [{"name": account, "user": {"token": token}}],
        "contexts": [{"name": "harness", "context": {
            "cluster": "harness", "user": account, "namespace": namespace.name(),
        }}],
        "current-context": "harness",
    });
    let path = folder.join("kubeconfig");
    fs::write(&path, kubeconfig.to_string())?;
    Ok(path
        .to_str()
        .context("the temporary folder's path is not UTF-8")?
        .to_owned())
}
