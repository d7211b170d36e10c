//! Building the operator, for who has no `CARGO_BIN_EXE_…`: an example.

use anyhow::{Context as _, Error, Result, ensure};
use serde_json::Value;
use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Builds the operator's binary with cargo and returns where it is. Blocks.
pub fn operator_binary() -> Result<PathBuf> {
    build("pingone-aic-operator")
}

/// The same of the operator whose clock [`super::Operator::advance`] moves.
pub fn fast_forwarded_operator() -> Result<PathBuf> {
    // Many tests of one program ask for it.
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build("fast-forwarded-operator").map_err(|error| format!("{error:#}")));
    built.clone().map_err(Error::msg)
}

fn build(binary: &str) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--bin",
            binary,
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(crate::repository())
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run cargo")?;
    ensure!(
        output.status.success(),
        "cargo could not build {binary}, {}",
        output.status
    );
    let messages = String::from_utf8(output.stdout)?;
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executables = messages.filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
    executables.next_back().context("cargo named no executable")
}
