//! Logs and metrics of the operators' pods.

use http::Request;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt as _, api::LogParams};

use super::Bundle;
use crate::{cluster::Cluster, commands::check::in_operator_namespaces, failure::Failure};

/// The newest lines of each log.
const LINES: i64 = 20_000;

pub async fn collect(cluster: &Cluster, namespace: Option<&str>, bundle: &mut Bundle) {
    let pods = match in_operator_namespaces::<Pod>(cluster, namespace).await {
        Ok(pods) => pods,
        Err(failure) => {
            bundle.missing.push(format!("operator: {failure}"));
            return;
        }
    };
    for pod in &pods {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let folder = format!("operator/{namespace}/{name}");
        bundle.add_or_note(
            format!("{folder}.log"),
            log(cluster, &namespace, &name, false).await,
        );
        if has_restarted(pod) {
            let previous = log(cluster, &namespace, &name, true).await;
            bundle.add_or_note(format!("{folder}.previous.log"), previous);
        }
        bundle.add_or_note(
            format!("{folder}.metrics"),
            metrics(cluster, &namespace, pod).await,
        );
    }
}

fn has_restarted(pod: &Pod) -> bool {
    let containers = pod
        .status
        .iter()
        .flat_map(|status| status.container_statuses.iter().flatten());
    containers
        .into_iter()
        .any(|container| container.restart_count > 0)
}

async fn log(cluster: &Cluster, namespace: &str, name: &str, previous: bool) -> Result<String, Failure> {
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), namespace);
    let parameters = LogParams {
        container: Some("operator".to_owned()),
        tail_lines: Some(LINES),
        timestamps: true,
        previous,
        ..LogParams::default()
    };
    let log = api.logs(name, &parameters).await;
    log.map_err(|error| Failure::of(&format!("log of pod {namespace}/{name}"), &error))
}

/// By way of the API server, which reaches the pod.
async fn metrics(cluster: &Cluster, namespace: &str, pod: &Pod) -> Result<String, Failure> {
    let name = pod.name_any();
    let what = format!("metrics of pod {namespace}/{name}");
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let Some(port) = ports.find(|port| port.name.as_deref() == Some("metrics")) else {
        return Err(Failure::No(format!("{what}: it has no port metrics")));
    };
    let port = port.container_port;
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy/metrics");
    let request = Request::get(path).body(Vec::new());
    let request = request.map_err(|error| Failure::No(format!("{what}: {error}")))?;
    let answer = cluster.client.request_text(request).await;
    answer.map_err(|error| Failure::of(&what, &error))
}
