//! What a test gives to the chart.

use crate::{Namespace, scratch::Scratch};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// The `ConfigMap` with the simulated vendors' certificate authority.
const CA_BUNDLE: &str = "vendors-ca";

/// The operator's binary, and the chart's values.
pub struct Values {
    pub(super) binary: PathBuf,
    chart: Value,
    ca: Option<String>,
}

impl Values {
    /// The chart's defaults, but for the CRDs, which [`crate::ControlPlane::shared`] has applied.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            chart: json!({"crds": {"enabled": false}}),
            ca: None,
        }
    }

    /// The vendors' hosts are reached through this proxy and prove themselves by this authority (PEM).
    #[must_use]
    pub fn vendors(mut self, proxy_url: &str, ca: &str) -> Self {
        self.ca = Some(ca.to_owned());
        self.set(json!({
            // The API server is not behind the proxy.
            "proxy": {"https": proxy_url, "noProxy": "127.0.0.1"},
            "caBundle": {"configMap": CA_BUNDLE},
        }))
    }

    /// Further values of the chart; they replace what is there.
    #[must_use]
    pub fn set(mut self, values: Value) -> Self {
        merge(&mut self.chart, values);
        self
    }

    pub(super) async fn install(self, namespace: &Namespace, release: &str, scratch: &Scratch) -> Result<()> {
        if let Some(ca) = &self.ca {
            let config_map = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": CA_BUNDLE},
                "data": {"ca.crt": ca},
            });
            namespace.apply(config_map).await?;
        }
        let file = scratch.join("values.json");
        fs::write(&file, self.chart.to_string())?;
        let chart = crate::repository().join("charts/pingone-aic-operator");
        let (chart, file) = (chart.to_str().context("path")?, file.to_str().context("path")?);
        let install = [
            "install",
            release,
            chart,
            "--namespace",
            namespace.name(),
            "--values",
            file,
        ];
        namespace.control_plane().helm(&install).await?;
        Ok(())
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_values_replace_earlier_ones_key_by_key() {
        let values = Values::new("operator").set(json!({"log": {"level": "debug"}, "crds": {"keep": true}}));
        assert_eq!(
            values.chart,
            json!({"log": {"level": "debug"}, "crds": {"enabled": false, "keep": true}})
        );
    }
}
