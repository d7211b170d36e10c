//! The one write an object that Kubernetes needs: what people read of it stands in its status.

use std::{fmt::Debug, path::PathBuf};

use kube::{
    Api, Client, Config, Resource,
    api::{Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::NamespaceResourceScope,
};
use pingone_aic_harness::TestNamespace;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// As many conditions as an integration has.
const CONDITIONS: [&str; 5] = ["EsvReady", "WorkerReady", "SecretMapped", "Active", "Ready"];

/// Where the objects are.
#[derive(Serialize, Deserialize)]
pub struct Cluster {
    kubeconfig: PathBuf,
    namespace: String,
}

/// Writes the statuses of a namespace's objects.
#[derive(Clone)]
pub struct Statuses {
    client: Client,
    namespace: String,
}

impl Cluster {
    pub fn of(namespace: &TestNamespace) -> Self {
        Self {
            kubeconfig: namespace.control_plane().kubeconfig(),
            namespace: namespace.name().to_owned(),
        }
    }
}

impl Statuses {
    pub async fn of(cluster: Cluster) -> Self {
        let kubeconfig = Kubeconfig::read_from(cluster.kubeconfig).unwrap();
        let options = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .unwrap();
        // The vendors are behind the proxy that the environment names, and the API server is not.
        config.proxy_url = None;
        Self {
            client: Client::try_from(config).unwrap(),
            namespace: cluster.namespace,
        }
    }

    pub async fn write<K>(&self, name: &str)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(status()))
            .await
            .unwrap();
    }
}

fn status() -> Value {
    let conditions = CONDITIONS.map(|type_| {
        json!({
            "type": type_, "status": "True", "reason": "TestPassed", "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "message": "The tenant's own test passed with the credential that is in the Secret.",
        })
    });
    json!({"status": {"observedGeneration": 1, "conditions": conditions}})
}
