//! Prometheus, by which alerts and dashboard are judged.

use super::{Pin, Search, module::Module};
use anyhow::Result;
use std::path::PathBuf;

const PROMETHEUS: Pin = Pin {
    program: "prometheus",
    package: "github.com/prometheus/prometheus/cmd/prometheus",
    minutes: "2 minutes",
};
const PROMTOOL: Pin = Pin {
    program: "promtool",
    package: "github.com/prometheus/prometheus/cmd/promtool",
    minutes: "a minute",
};
const DASHBOARD: Pin = Pin {
    program: "dashboard",
    package: "./dashboard",
    minutes: "a minute",
};

/// Its programs, and one that reads dashboards as Grafana does: built from the Go module in `tests/monitoring`.
#[derive(Clone, Debug)]
pub struct PrometheusPrograms {
    /// The server.
    pub prometheus: PathBuf,
    /// What checks rules, and writes the server's blocks.
    pub promtool: PathBuf,
    /// What says whether a dashboard is as Grafana defines it: `tests/monitoring/dashboard`.
    pub dashboard: PathBuf,
}

impl PrometheusPrograms {
    /// Finds or builds them all. Blocks: the first build takes minutes, and says so on stderr.
    pub fn locate() -> Result<Self> {
        let search = Search::new(None, Module::monitoring()?)?;
        Ok(Self {
            prometheus: search.find(&PROMETHEUS)?,
            promtool: search.find(&PROMTOOL)?,
            dashboard: search.find(&DASHBOARD)?,
        })
    }
}
