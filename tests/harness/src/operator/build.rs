//! Building the operator, for who has no `CARGO_BIN_EXE_…`: an example.

use anyhow::{Context as _, Error, Result, ensure};
use serde_json::Value;
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Beside an example, cargo chooses the features that dependencies have in tests: without, it would compile them, and the
/// operator, a second time.
const AS_TESTS: [&str; 2] = ["--example", "demo"];

/// Builds the operator's binary with cargo and returns where it is. Blocks.
pub fn operator_binary() -> Result<PathBuf> {
    build("pingone-aic-operator", &AS_TESTS)
}

/// The same as it is shipped: optimised, and static where Rust's musl target is installed.
pub fn shipped_operator() -> Result<PathBuf> {
    let target = format!("{}-unknown-linux-musl", env::consts::ARCH);
    let static_too = ["--release", "--target", &target];
    let is_installed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", &target])
        .output()
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    build(
        "pingone-aic-operator",
        if is_installed {
            &static_too
        } else {
            &static_too[..1]
        },
    )
}

/// [`fast_forwarded_operator`], optimised.
pub fn optimised_fast_forwarded_operator() -> Result<PathBuf> {
    build("fast-forwarded-operator", &["--release"])
}

/// The same of the operator whose clock [`super::Operator::advance`] moves.
pub fn fast_forwarded_operator() -> Result<PathBuf> {
    // Many tests of one program ask for it.
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT
        .get_or_init(|| build("fast-forwarded-operator", &AS_TESTS).map_err(|error| format!("{error:#}")));
    built.clone().map_err(Error::msg)
}

fn build(binary: &str, how: &[&str]) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--bin",
            binary,
            "--message-format=json-render-diagnostics",
        ])
        .args(how)
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
    let mut executables = messages.filter_map(|message| {
        let executable = message["executable"].as_str()?;
        (message["target"]["name"] == binary).then(|| PathBuf::from(executable))
    });
    executables.next_back().context("cargo named no executable")
}
