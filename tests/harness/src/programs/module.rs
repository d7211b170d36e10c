//! The Go modules that pin the programs, and building from them.

use super::Pin;
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

/// A module in `tests/`.
pub(super) struct Module {
    pub(super) folder: PathBuf,
    /// The oldest Go that builds it (`1.26.0`).
    go: String,
    link_flags: String,
    /// What is left out of it, or put into it.
    tags: &'static str,
    /// Differs whenever what would be built does.
    pub(super) hash: String,
}

impl Module {
    /// What a control plane is made of, in `tests/control-plane`.
    pub(super) fn control_plane() -> Result<Self> {
        Self::read("tests/control-plane", link_flags, "", &[])
    }

    /// Argo CD and what is built with its packages, in `tests/argocd`.
    pub(super) fn argo_cd() -> Result<Self> {
        Self::read("tests/argocd", STRIPPED, "", &["judge/main.go", "judge/tell.go"])
    }

    /// Flux's notification-controller, in `tests/flux`.
    pub(super) fn flux() -> Result<Self> {
        Self::read("tests/flux", STRIPPED, "", &[])
    }

    /// External Secrets Operator, in `benches/external-secrets`.
    pub(super) fn external_secrets() -> Result<Self> {
        Self::read("benches/external-secrets", STRIPPED, "", &[])
    }

    /// Prometheus and its tool, and what reads dashboards, in `tests/monitoring`.
    pub(super) fn monitoring() -> Result<Self> {
        // The clients of all clouds are most of Prometheus.
        Self::read(
            "tests/monitoring",
            STRIPPED,
            "remove_all_sd",
            &["dashboard/main.go"],
        )
    }

    /// `sources` are the module's own.
    fn read(
        name: &str,
        link_flags: fn(&str) -> Result<String>,
        tags: &'static str,
        sources: &[&str],
    ) -> Result<Self> {
        let folder = crate::repository().join(name);
        let read = |file: &str| {
            fs::read_to_string(folder.join(file)).with_context(|| format!("failed to read {name}/{file}"))
        };
        let (text, sums) = (read("go.mod")?, read("go.sum")?);
        let link_flags = link_flags(&text)?;
        let mut hasher = DefaultHasher::new();
        (&text, sums, &link_flags, tags).hash(&mut hasher);
        for source in sources {
            read(source)?.hash(&mut hasher);
        }
        let hash = format!("{:016x}", hasher.finish());
        Ok(Self {
            go: directive(&text, "go ")?.to_owned(),
            folder,
            link_flags,
            tags,
            hash,
        })
    }

    /// Where the sources of a module that it requires are; they are downloaded if they are not there.
    pub(super) fn sources(&self, required: &str) -> Result<PathBuf> {
        let output = Command::new("go")
            .args(["mod", "download", "-json", required])
            .current_dir(&self.folder)
            .output()
            .context("failed to run `go`")?;
        ensure!(
            output.status.success(),
            "`go mod download {required}` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let folder = answer["Dir"].as_str();
        Ok(folder.context("`go mod download` names no folder")?.into())
    }

    /// Runs `go build`, which says on stderr what it downloads.
    pub(super) fn build(&self, pin: &Pin, output: &Path) -> Result<()> {
        let status = Command::new("go")
            .args([
                "build",
                "-trimpath",
                "-tags",
                self.tags,
                "-ldflags",
                &self.link_flags,
                "-o",
            ])
            .arg(output)
            .arg(pin.package)
            .current_dir(&self.folder)
            .env("CGO_ENABLED", "0")
            .status()
            .context("failed to run `go`")?;
        ensure!(
            status.success(),
            "`go build {}` in {}: {status}",
            pin.package,
            self.folder.display()
        );
        Ok(())
    }

    /// Whether the Go in `PATH` can build it.
    pub(super) fn check_go(&self) -> Result<()> {
        let remedy = format!("install Go {} or newer (https://go.dev/dl/)", self.go);
        let Ok(output) = Command::new("go")
            .args(["env", "GOVERSION"])
            .current_dir(&self.folder)
            .output()
        else {
            bail!("there is no `go` in PATH: {remedy}");
        };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`go env GOVERSION` failed: {complaint}{remedy}"
        );
        ensure!(
            is_at_least(&version, &self.go),
            "`go` in PATH is {version}: {remedy}"
        );
        Ok(())
    }
}

/// The word after `prefix` in go.mod.
fn directive<'a>(text: &'a str, prefix: &str) -> Result<&'a str> {
    let rest = text.lines().find_map(|line| line.strip_prefix(prefix));
    let word = rest.and_then(|rest| rest.split_whitespace().next());
    word.with_context(|| format!("go.mod has no line `{prefix}…`"))
}

/// Without symbols that only debuggers read.
const STRIPPED: fn(&str) -> Result<String> = |_| Ok("-s -w".to_owned());

/// Without them the API server takes itself for v0.0.0, and helm then refuses charts that name a version of
/// Kubernetes.
fn link_flags(text: &str) -> Result<String> {
    let version = directive(text, "\tk8s.io/kubernetes ")?;
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    let package = "k8s.io/component-base/version";
    Ok(format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    ))
}

/// Whether `version`, as `go env GOVERSION` gives it (`go1.26.8`), is not older than `wanted` (`1.26.0`).
fn is_at_least(version: &str, wanted: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        let text = text.trim_start_matches("go");
        let release = text
            .split(|c: char| c != '.' && !c.is_ascii_digit())
            .next()
            .unwrap_or_default();
        release.split('.').filter_map(|part| part.parse().ok()).collect()
    };
    numbers(version) >= numbers(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_compare_as_numbers() {
        assert!(is_at_least("go1.26.8", "1.26.0"));
        assert!(is_at_least("go1.100.0", "1.26.0"));
        assert!(is_at_least("go2.0.0-custom", "1.26.0"));
        assert!(!is_at_least("go1.9.7", "1.26.0"));
        assert!(!is_at_least("go1.25rc1", "1.26.0"));
        assert!(!is_at_least("", "1.26.0"));
    }

    #[test]
    fn a_go_that_is_too_old_is_refused_with_the_remedy() {
        let module = Module {
            go: "1.1000.0".to_owned(),
            ..Module::control_plane().unwrap()
        };
        let error = module.check_go().unwrap_err().to_string();
        assert!(error.contains("install Go 1.1000.0"), "{error}");
    }

    #[test]
    fn the_api_server_is_told_its_version() {
        assert!(
            Module::control_plane()
                .unwrap()
                .link_flags
                .contains("gitVersion=v1.")
        );
        let flags = link_flags("\tk8s.io/kubernetes v1.37.2").unwrap();
        assert!(flags.ends_with("gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"));
    }
}
