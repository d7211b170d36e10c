//! What rendered manifests are held against: kubeconform, and the definitions that a cluster's monitoring brings along.

use super::{Pin, Search, module::Module};
use anyhow::Result;
use std::{env, path::PathBuf};

const KUBECONFORM: Pin = Pin {
    program: "kubeconform",
    package: "github.com/yannh/kubeconform/cmd/kubeconform",
    minutes: "a minute",
};
/// The module is more than its definitions: it is downloaded, and nothing of it built.
const PROMETHEUS_OPERATOR: &str = "github.com/prometheus-operator/prometheus-operator@v0.85.0";

/// kubeconform, pinned beside the control plane's programs, and the Prometheus operator's definitions.
#[derive(Clone, Debug)]
pub struct ManifestChecks {
    /// The program.
    pub kubeconform: PathBuf,
    /// The definitions of the kinds `PodMonitor` and `PrometheusRule`.
    pub monitoring: [PathBuf; 2],
}

impl ManifestChecks {
    /// Finds, builds or downloads them. Blocks.
    pub fn locate() -> Result<Self> {
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let search = Search::new(assets, Module::control_plane()?)?;
        let definitions = search.module.sources(PROMETHEUS_OPERATOR)?;
        Ok(Self {
            kubeconform: search.find(&KUBECONFORM)?,
            monitoring: ["podmonitors", "prometheusrules"].map(|kind| {
                definitions.join(format!(
                    "example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
                ))
            }),
        })
    }
}
