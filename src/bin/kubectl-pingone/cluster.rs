//! The cluster, as whoever runs this may see it.

use std::fmt::Debug;

use kube::{
    Api, Client, Config, Resource,
    api::{ListParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
    core::NamespaceResourceScope,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{arguments::Access, failure::Failure};

/// The name under which the API server records what is changed here.
const FIELD_MANAGER: &str = "kubectl-pingone";

/// A cluster and a namespace of it.
#[derive(Clone)]
pub struct Cluster {
    pub client: Client,
    pub namespace: String,
    /// The API server's URL.
    pub server: String,
}

impl Cluster {
    /// As the kubeconfig says, and the options that overrule it.
    pub async fn connect(access: &Access) -> Result<Self, Failure> {
        let unusable = |error: &dyn std::error::Error| Failure::Kubeconfig(error.to_string());
        let kubeconfig = match &access.kubeconfig {
            Some(file) => Kubeconfig::read_from(file),
            None => kubeconfig(),
        };
        let kubeconfig = kubeconfig.map_err(|error| unusable(&error))?;
        let options = KubeConfigOptions {
            context: access.context.clone(),
            ..KubeConfigOptions::default()
        };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let config = config.map_err(|error| unusable(&error))?;
        let namespace = access
            .namespace
            .clone()
            .filter(|namespace| !namespace.is_empty())
            .unwrap_or_else(|| config.default_namespace.clone());
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config).map_err(|error| match Failure::of("kubeconfig", &error) {
            login @ Failure::Login(..) => login,
            _ => unusable(&error),
        })?;
        Ok(Self {
            client,
            namespace,
            server,
        })
    }

    /// The objects of a kind in the namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// One of them.
    pub async fn get<K>(&self, name: &str) -> Result<K, Failure>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let what = format!("{} {}/{name}", K::kind(&()), self.namespace);
        self.api()
            .get(name)
            .await
            .map_err(|error| Failure::of(&what, &error))
    }

    /// All of them, in the namespace or in every one.
    pub async fn list<K>(&self, in_all_namespaces: bool) -> Result<Vec<K>, Failure>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let (api, place) = if in_all_namespaces {
            (Api::all(self.client.clone()), "all namespaces".to_owned())
        } else {
            (self.api(), format!("namespace {}", self.namespace))
        };
        let listed = api.list(&ListParams::default()).await;
        let what = format!("{} in {place}", K::plural(&()));
        Ok(listed.map_err(|error| Failure::of(&what, &error))?.items)
    }

    /// Changes an object by a merge patch. `None`: it is no more what the patch says it is (its `resourceVersion`).
    pub async fn patch<K>(&self, name: &str, patch: &Value) -> Result<Option<K>, Failure>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        let parameters = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        match self
            .api::<K>()
            .patch(name, &parameters, &Patch::Merge(patch))
            .await
        {
            Ok(mut object) => {
                // Nobody reads who has set which field.
                object.meta_mut().managed_fields = None;
                Ok(Some(object))
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            Err(error) => {
                let what = format!("{} {}/{name}", K::kind(&()), self.namespace);
                Err(Failure::of(&what, &error))
            }
        }
    }
}

/// As kubectl reads it: files of the list that are not there are left out.
fn kubeconfig() -> Result<Kubeconfig, KubeconfigError> {
    let list = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let mut files = std::env::split_paths(&list).filter(|file| file.is_file());
    let Some(first) = files.next() else {
        return Kubeconfig::read();
    };
    files.try_fold(Kubeconfig::read_from(first)?, |merged, file| {
        merged.merge(Kubeconfig::read_from(file)?)
    })
}
