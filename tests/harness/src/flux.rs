//! Flux's notification-controller: it takes the events of Flux's other controllers, and sends those that an Alert
//! selects to its Provider.

use std::{collections::BTreeMap, net::Ipv4Addr};

use crate::{
    Namespace,
    control_plane::free_port,
    process::{Process, tail},
    programs::FluxPrograms,
    scratch::Scratch,
};
use anyhow::{Context as _, Result};

/// A running notification-controller. Dropping it kills it.
pub struct FluxNotifications {
    /// Where events are sent to.
    pub events: String,
    _process: Process,
    // Last: the process writes into it.
    _scratch: Scratch,
}

impl FluxNotifications {
    /// Starts it for one namespace, which stands for `flux-system`.
    pub async fn start(namespace: &Namespace) -> Result<Self> {
        let programs = tokio::task::spawn_blocking(FluxPrograms::locate).await??;
        let control_plane = namespace.control_plane();
        let crds = programs
            .crds
            .to_str()
            .context("the definitions' path is not UTF-8")?;
        for action in [
            &["apply", "--server-side"][..],
            &["wait", "--for=condition=Established", "--timeout=60s"],
        ] {
            control_plane
                .kubectl(&[action, &["--filename", crds]].concat())
                .await?;
        }
        let scratch = Scratch::create()?;
        let log = scratch.join("notification-controller.log");
        let shown = log.clone();
        namespace.explain_with("notification-controller (the end of its log)", move || {
            tail(&shown, 50)
        });
        let events = format!("{}:{}", Ipv4Addr::LOCALHOST, free_port()?);
        let mut arguments = vec![
            format!("--events-addr={events}"),
            "--watch-all-namespaces=false".to_owned(),
            "--enable-leader-election=false".to_owned(),
        ];
        for address in ["metrics-addr", "health-addr", "receiverAddr"] {
            arguments.push(format!("--{address}={}:{}", Ipv4Addr::LOCALHOST, free_port()?));
        }
        let environment = BTreeMap::from(
            [
                ("RUNTIME_NAMESPACE", namespace.name().to_owned()),
                ("KUBECONFIG", control_plane.kubeconfig().display().to_string()),
                ("HOME", scratch.display().to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let process = Process::start(&programs.notification_controller, &arguments, &environment, &log)?;
        Ok(Self {
            events: format!("http://{events}/"),
            _process: process,
            _scratch: scratch,
        })
    }
}
