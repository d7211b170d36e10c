//! From the rendered Deployment to something that can be started on this machine.

use super::{environment, probe::Probe, values::ApiServer, volumes};
use crate::{Namespace, control_plane::free_port};
use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::{
    api::{apps::v1::Deployment, core::v1},
    apimachinery::pkg::util::intstr::IntOrString,
};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// The Deployment's one container, with this machine's paths and ports in place of the pod's.
pub(super) struct Container {
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) readiness: Probe,
    ports: BTreeMap<String, SocketAddr>,
}

impl Container {
    /// Makes the volumes in `folder` and resolves the container's environment and arguments.
    pub(super) async fn of(
        deployment: &Deployment,
        namespace: &Namespace,
        api_server: Option<&ApiServer>,
        folder: &Path,
    ) -> Result<Self> {
        let template = &deployment.spec.template;
        let pod = template.spec.as_ref().context("the pod template has no spec")?;
        let [container] = pod.containers.as_slice() else {
            bail!("the harness runs pods of one container")
        };
        ensure!(
            container.command.is_none() && pod.init_containers.is_none(),
            "the harness starts the binary: it knows neither `command` nor `initContainers`",
        );
        let mut environment = environment::resolve(container, pod, namespace).await?;
        let mut arguments = container.args.clone().unwrap_or_default();
        let mut texts: Vec<&mut String> = arguments.iter_mut().chain(environment.values_mut()).collect();
        for (in_pod, here) in volumes::mount(container, pod, namespace, folder).await? {
            let here = here
                .to_str()
                .context("the temporary folder's path is not UTF-8")?;
            for text in &mut texts {
                **text = text.replace(&in_pod, here);
            }
        }
        let ports = localise_ports(container, &mut texts)?;
        let kubeconfig = volumes::kubeconfig(pod, namespace, api_server, folder).await?;
        environment.insert("KUBECONFIG".to_owned(), kubeconfig);
        let readiness = readiness(container, &ports)?;
        Ok(Self {
            arguments,
            environment,
            readiness,
            ports,
        })
    }

    /// Where the port named `metrics` serves.
    pub(super) fn metrics(&self) -> Result<Probe> {
        let address = *self
            .ports
            .get("metrics")
            .context("the container has no port `metrics`")?;
        Ok(Probe {
            address,
            path: "/metrics".to_owned(),
        })
    }
}

/// A pod has a network of its own; here many operators share one. So each port that the container
/// names becomes a free one of the loopback interface, wherever an argument or a variable listens on it.
fn localise_ports(
    container: &v1::Container,
    texts: &mut [&mut String],
) -> Result<BTreeMap<String, SocketAddr>> {
    let mut ports = BTreeMap::new();
    for port in container.ports.iter().flatten() {
        let name = port
            .name
            .clone()
            .with_context(|| format!("port {} has no name", port.container_port))?;
        let (in_pod, here) = (
            format!("0.0.0.0:{}", port.container_port),
            (Ipv4Addr::LOCALHOST, free_port()?).into(),
        );
        let mut found = false;
        for text in texts.iter_mut().filter(|text| text.ends_with(&in_pod)) {
            **text = text.replace(&in_pod, &SocketAddr::to_string(&here));
            found = true;
        }
        ensure!(
            found,
            "no argument and no variable makes the operator listen on {in_pod} (port `{name}`)"
        );
        ports.insert(name, here);
    }
    Ok(ports)
}

fn readiness(container: &v1::Container, ports: &BTreeMap<String, SocketAddr>) -> Result<Probe> {
    let probe = container
        .readiness_probe
        .as_ref()
        .and_then(|probe| probe.http_get.as_ref());
    let probe = probe.context("the container has no readinessProbe with httpGet")?;
    let IntOrString::String(port) = &probe.port else {
        bail!("the readinessProbe names its port by number")
    };
    let address = *ports
        .get(port)
        .with_context(|| format!("the container has no port `{port}`"))?;
    Ok(Probe {
        address,
        path: probe.path.clone().unwrap_or_default(),
    })
}
