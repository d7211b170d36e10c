//! Where the pinned programs are, and building those that are nowhere.

mod argo_cd;
mod external_secrets;
mod flux;
mod manifest_checks;
mod module;
mod prometheus;

use anyhow::{Context as _, Result};
pub use argo_cd::ArgoCdPrograms;
pub use external_secrets::ExternalSecrets;
pub use flux::FluxPrograms;
pub use manifest_checks::ManifestChecks;
use module::Module;
pub use prometheus::PrometheusPrograms;
use std::{
    env,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

/// A program, the package of the pinned Go module that it is built from, and how long that takes
/// on two cores, nothing of it being in Go's cache.
struct Pin {
    program: &'static str,
    package: &'static str,
    minutes: &'static str,
}

const ETCD: Pin = Pin {
    program: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    minutes: "a minute",
};
const KUBE_APISERVER: Pin = Pin {
    program: "kube-apiserver",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    minutes: "5 minutes",
};
const KUBE_CONTROLLER_MANAGER: Pin = Pin {
    program: "kube-controller-manager",
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
    minutes: "2 minutes",
};
const KUBECTL: Pin = Pin {
    program: "kubectl",
    package: "k8s.io/kubernetes/cmd/kubectl",
    minutes: "a minute",
};
const HELM: Pin = Pin {
    program: "helm",
    package: "helm.sh/helm/v4/cmd/helm",
    minutes: "a minute",
};

/// The programs that a control plane is made of, and the two that speak to it.
///
/// Each is taken from the folder that `KUBEBUILDER_ASSETS` names (the convention of setup-envtest),
/// else from the cache (`$XDG_CACHE_HOME` or `~/.cache`, `pingone-aic-operator/`), else it is built
/// from the Go module in `tests/control-plane` into the cache.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is the path of the program of that name")]
pub struct Programs {
    pub etcd: PathBuf,
    pub kube_apiserver: PathBuf,
    pub kube_controller_manager: PathBuf,
    pub kubectl: PathBuf,
    pub helm: PathBuf,
}

impl Programs {
    /// Finds or builds them all. Blocks: the first build takes minutes, and says so on stderr.
    pub fn locate() -> Result<Self> {
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let search = Search::new(assets, Module::control_plane()?)?;
        Ok(Self {
            etcd: search.find(&ETCD)?,
            kube_apiserver: search.find(&KUBE_APISERVER)?,
            kube_controller_manager: search.find(&KUBE_CONTROLLER_MANAGER)?,
            kubectl: search.find(&KUBECTL)?,
            helm: search.find(&HELM)?,
        })
    }
}

struct Search {
    assets: Option<PathBuf>,
    cache: PathBuf,
    module: Module,
}

impl Search {
    fn new(assets: Option<PathBuf>, module: Module) -> Result<Self> {
        // Other versions and other flags are built beside these.
        let cache = cache()?.join(&module.hash);
        Ok(Self {
            assets,
            cache,
            module,
        })
    }

    fn find(&self, pin: &Pin) -> Result<PathBuf> {
        if let Some(program) = self.assets.as_ref().map(|assets| assets.join(pin.program))
            && program.is_file()
        {
            return Ok(program);
        }
        let program = self.cache.join(pin.program);
        if !program.is_file() {
            self.build(pin, &program)
                .with_context(|| format!("failed to build {}", pin.program))?;
        }
        Ok(program)
    }

    fn build(&self, pin: &Pin, program: &Path) -> Result<()> {
        fs::create_dir_all(&self.cache)?;
        // Test binaries start side by side; the first one builds, the others find what it built.
        let lock = File::create(self.cache.join("lock"))?;
        lock.lock()?;
        if program.is_file() {
            return Ok(());
        }
        self.module.check_go()?;
        // Past the capture of `cargo test`: who waits for minutes wants to know for what.
        writeln!(
            std::io::stderr(),
            "building {} ({}), which is not in {}: once, about {}",
            pin.program,
            pin.package,
            self.places(),
            pin.minutes
        )?;
        // A killed build leaves a file of another name.
        let unfinished = program.with_extension("unfinished");
        self.module.build(pin, &unfinished)?;
        fs::rename(&unfinished, program)?;
        Ok(())
    }

    /// Where it was looked for.
    fn places(&self) -> String {
        let assets = self.assets.iter().map(|assets| assets.display());
        let places = assets.chain([self.cache.display()]);
        places
            .map(|place| place.to_string())
            .collect::<Vec<_>>()
            .join(" or ")
    }
}

/// Where this user's programs keep what they can make again.
fn cache() -> Result<PathBuf> {
    let root = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let root = root.or_else(|| Some(env::home_dir()?.join(".cache")));
    let root = root.context("there is no home directory to cache programs in: set HOME or XDG_CACHE_HOME")?;
    Ok(root.join("pingone-aic-operator"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_assets_folder_is_taken_from_there() {
        let assets = crate::scratch::Scratch::create().unwrap();
        fs::write(assets.join("etcd"), "").unwrap();
        let search = Search {
            assets: Some(assets.to_owned()),
            cache: PathBuf::new(),
            module: Module::control_plane().unwrap(),
        };
        assert_eq!(search.find(&ETCD).unwrap(), assets.join("etcd"));
    }
}
