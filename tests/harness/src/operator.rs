//! The operator, installed from its chart and run as a kubelet would run it.

mod build;
mod clock;
mod container;
mod environment;
mod probe;
mod values;
mod volumes;

pub use build::{
    fast_forwarded_operator, operator_binary, optimised_fast_forwarded_operator, shipped_operator,
};
pub use clock::{CLOCK_SOCKET, IS_IDLE};
pub use values::Values;

use crate::{Namespace, control_plane::POLL, process::Process, scratch::Scratch};
use anyhow::{Context as _, Result, bail, ensure};
use clock::Clock;
use container::Container;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use std::{path::PathBuf, process::ExitStatus, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use values::ApiServer;

/// How long the operator may take to become ready, or to end after SIGTERM (a kubelet's default grace).
const PATIENCE: Duration = Duration::from_secs(30);

/// An installation of the chart. Dropping it kills the operator.
pub struct Operator {
    process: Option<Process>,
    binary: PathBuf,
    container: Container,
    clock: Option<Clock>,
    release: String,
    api_server: Option<ApiServer>,
    log: PathBuf,
    // Last: the process writes into it.
    _scratch: Scratch,
}

impl Operator {
    /// Installs the chart, starts the operator and waits until it is ready.
    pub async fn install(namespace: &Namespace, values: Values) -> Result<Self> {
        let mut operator = Self::prepare(namespace, values).await?;
        operator.start().await?;
        Ok(operator)
    }

    /// Installs the chart with helm, and starts nothing yet.
    pub async fn prepare(namespace: &Namespace, values: Values) -> Result<Self> {
        let release = values.release.clone();
        let release = release.unwrap_or_else(|| format!("operator-{}", crate::unique()));
        let scratch = Scratch::create()?;
        let binary = values.binary.clone();
        let (api_server, fast_forwarded) = (values.api_server.clone(), values.fast_forwarded);
        values.install(namespace, &release, &scratch).await?;
        Self::of(namespace, release, binary, (api_server, fast_forwarded)).await
    }

    /// One more pod of the same Deployment, and starts nothing yet.
    pub async fn replica(&self, namespace: &Namespace) -> Result<Self> {
        let (api_server, fast_forwarded) = (self.api_server.clone(), self.clock.is_some());
        Self::of(
            namespace,
            self.release.clone(),
            self.binary.clone(),
            (api_server, fast_forwarded),
        )
        .await
    }

    async fn of(
        namespace: &Namespace,
        release: String,
        binary: PathBuf,
        (api_server, fast_forwarded): (Option<ApiServer>, bool),
    ) -> Result<Self> {
        let scratch = Scratch::create()?;
        let deployments: Api<Deployment> = Api::namespaced(namespace.client(), namespace.name());
        let selector =
            kube::api::ListParams::default().labels(&format!("app.kubernetes.io/instance={release}"));
        let deployment = deployments.list(&selector).await?.items.pop();
        let deployment = deployment.with_context(|| format!("the release {release} has no Deployment"))?;
        let mut container = Container::of(&deployment, namespace, api_server.as_ref(), &scratch).await?;
        let clock = fast_forwarded
            .then(|| Clock::new(scratch.join("clock")))
            .transpose()?;
        if let Some(clock) = &clock {
            let socket = clock
                .socket
                .to_str()
                .context("the temporary folder's path is not UTF-8")?;
            container
                .environment
                .insert(CLOCK_SOCKET.to_owned(), socket.to_owned());
        }
        let log = scratch.join("operator.log");
        let tail = log.clone();
        namespace.explain_with("the operator's log (the end of what matters in it)", move || {
            let log = crate::process::tail(&tail, usize::MAX);
            let is_detail =
                |line: &&str| line.contains(r#""level":"TRACE""#) || line.contains(r#""level":"DEBUG""#);
            let lines: Vec<_> = log.lines().filter(|line| !is_detail(line)).collect();
            lines[lines.len().saturating_sub(60)..].join("\n")
        });
        Ok(Self {
            process: None,
            binary,
            container,
            clock,
            release,
            api_server,
            log,
            _scratch: scratch,
        })
    }

    /// Starts the operator and waits until its readiness probe succeeds.
    pub async fn start(&mut self) -> Result<()> {
        self.launch().await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.container.readiness.ask().await;
            if let Ok((200..400, _)) = answer {
                return Ok(());
            }
            if let Some(status) = self.exit_status() {
                bail!(
                    "the operator ended before it was ready, {status}:\n{}",
                    self.log()
                );
            }
            ensure!(
                Instant::now() < deadline,
                "not ready after {PATIENCE:?}: {answer:?}\n{}",
                self.log()
            );
            sleep(POLL).await;
        }
    }

    /// Moves the clock of a fast-forwarded operator, and of all its later starts.
    pub async fn advance(&mut self, by: Duration) -> Result<()> {
        let clock = self
            .clock
            .as_mut()
            .context("the operator is not fast-forwarded")?;
        clock.advance(by).await
    }

    /// Starts the operator, and does not wait until it is ready.
    pub async fn launch(&mut self) -> Result<()> {
        self.spawn()?;
        if let Some(clock) = &mut self.clock {
            clock.attach().await?;
        }
        Ok(())
    }

    fn spawn(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the operator runs already");
        let Container {
            arguments,
            environment,
            ..
        } = &self.container;
        self.process = Some(Process::start(&self.binary, arguments, environment, &self.log)?);
        Ok(())
    }

    /// Sends SIGTERM, and waits for nothing.
    pub fn interrupt(&self) -> Result<()> {
        self.process
            .as_ref()
            .context("the operator does not run")?
            .terminate()
    }

    /// Sends SIGTERM, and returns how the operator ended.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.interrupt()?;
        let status = self.wait().await;
        self.kill();
        status
    }

    /// Stops it where it stands (SIGSTOP), as a machine that is frozen.
    pub fn freeze(&self) -> Result<()> {
        self.process
            .as_ref()
            .context("the operator does not run")?
            .signal("STOP")
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) -> Result<()> {
        self.process
            .as_ref()
            .context("the operator does not run")?
            .signal("CONT")
    }

    /// Sends SIGKILL, as a kernel out of memory does, and waits until the operator is gone.
    pub fn kill(&mut self) {
        if let Some(clock) = &mut self.clock {
            clock.detach();
        }
        drop(self.process.take());
    }

    /// Waits until the operator ends by itself.
    pub async fn wait(&self) -> Result<ExitStatus> {
        let process = self.process.as_ref().context("the operator does not run")?;
        let ended = timeout(PATIENCE, process.wait()).await;
        ended.with_context(|| format!("the operator still runs after {PATIENCE:?}:\n{}", self.log()))?
    }

    /// The id of its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// How it ended, if it has ended by itself.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.process.as_ref().and_then(Process::exit_status)
    }

    /// Everything that it has written to stdout and stderr, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        crate::process::tail(&self.log, usize::MAX)
    }

    /// The name of the helm release.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// Asks the port that the readiness probe names: status and body.
    pub async fn health(&self, path: &str) -> Result<(u16, String)> {
        self.container.readiness.at(path).ask().await
    }

    /// Whether nothing is due and no pass under way, by its own count. One that cannot be asked is dead, and does nothing.
    pub async fn is_idle(&self) -> bool {
        if let Some(clock) = &self.clock {
            return clock.is_idle().await;
        }
        let metrics = self.metrics().await.unwrap_or_default();
        let counts = ["pingone_aic_queue_depth{", "pingone_aic_active_reconciles "];
        let is_busy = |line: &str| counts.iter().any(|name| line.starts_with(name)) && !line.ends_with(" 0");
        !metrics.lines().any(is_busy)
    }

    /// Where Prometheus would read.
    ///
    /// # Errors
    /// If the container has no such port.
    pub fn metrics_url(&self) -> Result<String> {
        Ok(self.container.metrics()?.url())
    }

    /// What Prometheus would read.
    pub async fn metrics(&self) -> Result<String> {
        let (status, body) = self.container.metrics()?.ask().await?;
        ensure!(status == 200, "/metrics answers {status}: {body}");
        Ok(body)
    }
}
