//! kubectl and helm, the pinned ones, as cluster administrator.

use super::ControlPlane;
use anyhow::{Context as _, Result, ensure};
use std::{
    path::Path,
    process::{Command, Stdio},
};

impl ControlPlane {
    /// Applies the operator's CRDs from `crds/` and waits until they are established.
    pub async fn apply_crds(&self) -> Result<()> {
        let crds = crate::repository().join("crds");
        let crds = crds.to_str().context("the repository's path is not UTF-8")?;
        self.kubectl(&["apply", "--server-side", "--filename", crds])
            .await?;
        let established = [
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "--filename",
            crds,
        ];
        self.kubectl(&established).await?;
        Ok(())
    }

    /// Runs kubectl as administrator and returns what it printed.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.run(&self.programs.kubectl, arguments).await
    }

    /// Runs helm as administrator and returns what it printed.
    pub async fn helm(&self, arguments: &[&str]) -> Result<String> {
        self.run(&self.programs.helm, arguments).await
    }

    async fn run(&self, program: &Path, arguments: &[&str]) -> Result<String> {
        let command = self.command(program, arguments);
        let output = tokio::process::Command::from(command).output().await;
        let output = output.with_context(|| format!("failed to start {}", program.display()))?;
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        ensure!(
            output.status.success(),
            "{} {}\n{stderr}{stdout}",
            program.display(),
            arguments.join(" ")
        );
        Ok(stdout.into_owned())
    }

    /// Runs kubectl, blocking, and returns what it printed, error or not: for `Drop`.
    pub fn kubectl_blocking(&self, arguments: &[&str]) -> String {
        match self.command(&self.programs.kubectl, arguments).output() {
            Ok(output) => String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            Err(error) => format!("{}: {error}\n", self.programs.kubectl.display()),
        }
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", self.kubeconfig())
            // Their caches and settings: not the user's.
            .env("HOME", &*self.scratch)
            // Over before there is much to collect.
            .env("GOGC", "off")
            .stdin(Stdio::null());
        command
    }
}
