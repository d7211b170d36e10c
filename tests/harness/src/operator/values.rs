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
    pub(super) release: Option<String>,
    chart: Value,
    ca: Option<String>,
    /// The API server as the operator is told to find it, where that is not where it is.
    pub(super) api_server: Option<ApiServer>,
    pub(super) fast_forwarded: bool,
}

/// Where an API server is, behind which proxy, and by what it proves itself.
#[derive(Clone)]
pub(super) struct ApiServer {
    pub(super) url: String,
    pub(super) proxy_url: String,
    pub(super) ca: String,
}

impl Values {
    /// The chart's defaults, but for the CRDs, which [`crate::ControlPlane::shared`] has applied.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            release: None,
            chart: json!({"crds": {"enabled": false}}),
            ca: None,
            api_server: None,
            fast_forwarded: false,
        }
    }

    /// The release is called so, and not as nothing else is.
    #[must_use]
    pub fn release(mut self, name: &str) -> Self {
        self.release = Some(name.to_owned());
        self
    }

    /// The operator finds the API server at this URL, behind this proxy; it proves itself by this authority (PEM).
    #[must_use]
    pub fn api_server(mut self, url: &str, proxy_url: &str, ca: &str) -> Self {
        let (url, proxy_url, ca) = (url.to_owned(), proxy_url.to_owned(), ca.to_owned());
        self.api_server = Some(ApiServer { url, proxy_url, ca });
        // kube takes no proxy whose own host is excepted.
        self.set(json!({"proxy": {"noProxy": ""}}))
    }

    /// The binary is [`super::fast_forwarded_operator`]. It is alone: a lease that is renewed would be a write for
    /// every ten seconds of its time, and a restart would wait for the end of the one before.
    #[must_use]
    pub fn fast_forwarded(mut self) -> Self {
        self.fast_forwarded = true;
        self.set(json!({"leaderElect": false, "replicas": 1}))
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
