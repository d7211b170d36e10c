//! Argo CD, what is built with its packages, and the two programs that it needs beside it.

use super::{Pin, Search, module::Module};
use anyhow::{Context as _, Result};
use std::{
    env,
    path::{Path, PathBuf},
};

const ARGO_CD: Pin = Pin {
    program: "argocd",
    package: "github.com/argoproj/argo-cd/v3/cmd",
    minutes: "5 minutes",
};
const JUDGE: Pin = Pin {
    program: "judge",
    package: "./judge",
    minutes: "a minute",
};

/// Argo CD's programs: built from the Go module in `tests/argocd`, as those of the control plane are from theirs, but
/// for Redis and git, which it finds in `PATH`.
#[derive(Clone, Debug)]
pub struct ArgoCdPrograms {
    /// All of Argo CD: which part of it runs, its name decides.
    pub argocd: PathBuf,
    /// What Argo CD and kstatus make of objects: `tests/argocd/judge`.
    pub judge: PathBuf,
    /// The definitions of Argo CD's own kinds.
    pub crds: PathBuf,
    /// The cache that its parts share.
    pub redis_server: PathBuf,
}

impl ArgoCdPrograms {
    /// Finds or builds them all. Blocks: the first build takes minutes, and says so on stderr.
    pub fn locate() -> Result<Self> {
        let redis_server = in_path(
            "redis-server",
            "install Redis, for example `apt-get install redis-server`",
        )?;
        in_path("git", "install git: Argo CD reads its repositories with it")?;
        let search = Search::new(None, Module::argo_cd()?)?;
        Ok(Self {
            argocd: search.find(&ARGO_CD)?,
            judge: search.find(&JUDGE)?,
            crds: search
                .module
                .sources("github.com/argoproj/argo-cd/v3")?
                .join("manifests/crds"),
            redis_server,
        })
    }
}

/// Where a program is that is not built here.
fn in_path(program: &str, remedy: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    find_in(env::split_paths(&path), program)
        .with_context(|| format!("there is no `{program}` in PATH: {remedy}"))
}

fn find_in(mut folders: impl Iterator<Item = PathBuf>, program: &str) -> Option<PathBuf> {
    folders.find_map(|folder| Some(folder.join(program)).filter(|program| Path::is_file(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        let error = in_path("no-such-program", "install it").unwrap_err().to_string();
        assert_eq!(error, "there is no `no-such-program` in PATH: install it");
        assert!(in_path("sh", "").unwrap().is_file());
    }
}
