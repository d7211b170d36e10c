//! A Kubernetes control plane without nodes: etcd, kube-apiserver, kube-controller-manager.

mod servers;
mod tools;

use crate::{certificates::Authority, process::Process, programs::Programs, scratch::Scratch};
use anyhow::{Result, bail, ensure};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use servers::Files;
pub(crate) use servers::free_port;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep},
};

/// How long the API server may take to become ready. It needs a second or two on an idle machine.
const BOOT: Duration = Duration::from_mins(2);

/// How often something that cannot be watched is asked again.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// A running control plane. It ends when it is dropped, or with this process, however this process ends.
pub struct ControlPlane {
    // Fields are dropped in this order: who depends on a server goes before it.
    _controller_manager: Process,
    api_server: Mutex<Option<Process>>,
    _etcd: Process,
    files: Files,
    programs: Programs,
    port: u16,
    scratch: Scratch,
}

impl ControlPlane {
    /// The one control plane of this process, booted by the first who asks, with the CRDs in `crds/`.
    ///
    /// # Panics
    /// When it does not boot, with what the server said.
    pub async fn shared() -> Arc<Self> {
        static SHARED: OnceCell<Arc<ControlPlane>> = OnceCell::const_new();
        match SHARED.get_or_try_init(Self::start_with_crds).await {
            Ok(control_plane) => Arc::clone(control_plane),
            Err(error) => panic!("failed to boot the control plane: {error:?}"),
        }
    }

    /// Boots one with the CRDs in `crds/`. It ends when nobody holds it any more.
    pub async fn start_with_crds() -> Result<Arc<Self>> {
        let control_plane = Self::start().await?;
        control_plane.apply_crds().await?;
        Ok(control_plane)
    }

    /// Boots one without any CRD. It ends when nobody holds it any more.
    pub async fn start() -> Result<Arc<Self>> {
        let programs = tokio::task::spawn_blocking(Programs::locate).await??;
        let scratch = Scratch::create()?;
        let authority = Authority::create()?;
        let files = Files::write(&scratch, &authority)?;
        let etcd = servers::etcd(&programs, &scratch)?;
        let (port, api_server) = servers::api_server_on_a_free_port(&programs, &files, &scratch).await?;
        for (user, group) in [
            ("admin", Some("system:masters")),
            ("system:kube-controller-manager", None),
        ] {
            let identity = authority.client(user, group)?;
            let kubeconfig = servers::kubeconfig(port, &authority.pem, &identity);
            fs::write(scratch.join(format!("{user}.kubeconfig")), kubeconfig)?;
        }
        let manager = scratch.join("system:kube-controller-manager.kubeconfig");
        let controller_manager = servers::controller_manager(&programs, &manager, &scratch)?;
        let api_server = Mutex::new(Some(api_server));
        let this = Self {
            _controller_manager: controller_manager,
            api_server,
            _etcd: etcd,
            files,
            programs,
            port,
            scratch,
        };
        this.until_ready().await?;
        Ok(Arc::new(this))
    }

    /// A kubeconfig of a cluster administrator.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.scratch.join("admin.kubeconfig")
    }

    /// The API server's URL.
    #[must_use]
    pub fn url(&self) -> String {
        servers::url(self.port)
    }

    /// The certificate authority of the API server, PEM.
    #[must_use]
    pub fn ca(&self) -> &Path {
        &self.files.ca
    }

    /// A client as administrator. It belongs to the runtime that it is made in: one for each test.
    pub async fn client(&self) -> Result<kube::Client> {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig())?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        Ok(kube::Client::try_from(config)?)
    }

    /// Stops the API server, as an outage does. Only for a control plane of one's own ([`Self::start`]).
    pub fn stop_api_server(&self) {
        drop(self.lock_api_server().take());
    }

    /// Starts the API server again, under the same address, and waits until it is ready.
    pub async fn start_api_server(&self) -> Result<()> {
        let api_server = servers::api_server(&self.programs, &self.files, self.port, &self.scratch)?;
        *self.lock_api_server() = Some(api_server);
        self.until_ready().await
    }

    async fn until_ready(&self) -> Result<()> {
        let client = self.client().await?;
        let deadline = Instant::now() + BOOT;
        loop {
            let request = http::Request::get("/readyz").body(Vec::new())?;
            let Err(error) = client.request_text(request).await else {
                return Ok(());
            };
            let (exited, log) = match &*self.lock_api_server() {
                Some(api_server) => (api_server.exit_status(), api_server.log_tail(30)),
                None => bail!("the API server was stopped before it was ready"),
            };
            if let Some(status) = exited {
                bail!("kube-apiserver ended, {status}:\n{log}");
            }
            ensure!(
                Instant::now() < deadline,
                "kube-apiserver is not ready after {BOOT:?}: {error}\n{log}"
            );
            sleep(POLL).await;
        }
    }

    fn lock_api_server(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.api_server
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
