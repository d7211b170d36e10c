//! The command line. Every flag can be given as an environment variable, too.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use kube::core::Selector;

use crate::http::{AllowList, HostPattern, Rate};

const REGIONS: [&str; 6] = ["com", "ca", "eu", "asia", "com.au", "sg"];

/// Connects PingOne Advanced Identity Cloud tenants to PingOne, from Kubernetes.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What to do; without one, the operator runs.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to run.
    #[command(flatten)]
    pub options: Options,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the operator.
    Run(Box<Options>),
    /// Print the CRDs as YAML.
    Crd,
}

/// How to run.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// A namespace to watch; may be repeated. Default: all namespaces.
    #[arg(
        long = "watch-namespace",
        env = "PINGONE_AIC_WATCH_NAMESPACE",
        value_delimiter = ',',
        value_name = "NAMESPACE"
    )]
    pub watch_namespaces: Vec<String>,
    /// Labels of the objects to reconcile, in kubectl's syntax (shard=a), so that several operators can divide a
    /// cluster's objects. Default: all objects.
    #[arg(long, env = "PINGONE_AIC_SELECTOR", value_name = "LABELS", value_parser = super::selector::parse)]
    pub selector: Option<Selector>,
    /// A tenant host that may be called: host, host:port or *.suffix; may be repeated. A list that you give replaces
    /// the default.
    #[arg(
        long = "allowed-tenant-host",
        env = "PINGONE_AIC_ALLOWED_TENANT_HOST",
        value_delimiter = ',',
        value_name = "PATTERN",
        default_values = ["*.id.forgerock.io", "*.forgeblocks.com"]
    )]
    pub allowed_tenant_hosts: Vec<HostPattern>,
    /// A PingOne host that may be called; may be repeated. A list that you give replaces the default: the api. and
    /// auth. hosts of the six regions.
    #[arg(
        long = "allowed-pingone-host",
        env = "PINGONE_AIC_ALLOWED_PINGONE_HOST",
        value_delimiter = ',',
        value_name = "PATTERN"
    )]
    pub allowed_pingone_hosts: Vec<HostPattern>,
    /// A PEM file of certificate authorities to trust besides the system's, for the vendors and for --otlp-endpoint.
    #[arg(long, env = "PINGONE_AIC_CA_BUNDLE", value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// The address of /metrics.
    #[arg(
        long,
        env = "PINGONE_AIC_METRICS_ADDRESS",
        default_value = "0.0.0.0:8080",
        value_name = "ADDRESS"
    )]
    pub metrics_address: SocketAddr,
    /// Name objects and hosts in /metrics: conditions, phases, the age of credentials, what calls wait for.
    #[arg(long, env = "PINGONE_AIC_METRICS_PER_OBJECT")]
    pub metrics_per_object: bool,
    /// The address of /livez and /readyz.
    #[arg(
        long,
        env = "PINGONE_AIC_HEALTH_ADDRESS",
        default_value = "0.0.0.0:8081",
        value_name = "ADDRESS"
    )]
    pub health_address: SocketAddr,
    /// Act only while holding a Lease, so that other replicas can stand by.
    #[arg(long, env = "PINGONE_AIC_LEADER_ELECT", requires = "lease_namespace")]
    pub leader_elect: bool,
    /// The namespace of the Lease.
    #[arg(long, env = "PINGONE_AIC_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// The name of the Lease.
    #[arg(
        long,
        env = "PINGONE_AIC_LEASE_NAME",
        default_value = "pingone-aic-operator",
        value_name = "NAME"
    )]
    pub lease_name: String,
    /// The format of the log.
    #[arg(long, env = "PINGONE_AIC_LOG_FORMAT", default_value = "json")]
    pub log_format: LogFormat,
    /// The lowest level to log: error, warn, info, debug or trace.
    #[arg(
        long,
        env = "PINGONE_AIC_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub log_level: tracing::Level,
    /// The collector for traces, by OTLP over HTTP; /v1/traces is appended. Default: no traces.
    #[arg(long, env = "PINGONE_AIC_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// The rate limit of each tenant, in calls a second; after a pause twice as many at once.
    #[arg(long, env = "PINGONE_AIC_TENANT_REQUESTS_PER_SECOND", default_value = "10", value_parser = rate, value_name = "NUMBER")]
    pub tenant_requests_per_second: f64,
    /// The rate limit of each PingOne host, in calls a second; after a pause twice as many at once.
    #[arg(long, env = "PINGONE_AIC_PINGONE_REQUESTS_PER_SECOND", default_value = "10", value_parser = rate, value_name = "NUMBER")]
    pub pingone_requests_per_second: f64,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The file of --ca-bundle cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read --ca-bundle {path}: {source}")]
pub struct UnreadableBundle {
    path: PathBuf,
    source: std::io::Error,
}

impl Options {
    /// The certificates in PEM to trust besides the system's; none without a bundle.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn extra_roots(&self) -> Result<Vec<u8>, UnreadableBundle> {
        let Some(path) = &self.ca_bundle else {
            return Ok(Vec::new());
        };
        std::fs::read(path).map_err(|source| UnreadableBundle {
            path: path.clone(),
            source,
        })
    }

    /// The tenant hosts that may be called.
    #[must_use]
    pub fn tenant_allow_list(&self) -> AllowList {
        AllowList::new(self.allowed_tenant_hosts.iter().cloned())
    }

    /// The PingOne hosts that may be called.
    #[must_use]
    pub fn pingone_allow_list(&self) -> AllowList {
        if !self.allowed_pingone_hosts.is_empty() {
            return AllowList::new(self.allowed_pingone_hosts.iter().cloned());
        }
        AllowList::new(
            REGIONS
                .iter()
                .flat_map(|domain| [format!("api.pingone.{domain}"), format!("auth.pingone.{domain}")])
                .filter_map(|host| host.parse().ok())
                .map(HostPattern::Exact),
        )
    }

    /// A host's rate limit: the given rate, and a burst of twice as many.
    #[must_use]
    pub fn budget(per_second: f64) -> Rate {
        Rate {
            per_second,
            burst: per_second * 2.0,
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 1.0 => Ok(rate),
        _ => Err("give a number of calls a second of at least 1, for example 10".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_its_defaults_are_the_documented_ones() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
        let options = Arguments::try_parse_from(["pingone-aic-operator"])
            .unwrap()
            .options;
        let (tenants, pingone) = (options.tenant_allow_list(), options.pingone_allow_list());
        assert!(tenants.allows(&"openam-x-ew2.id.forgerock.io".parse().unwrap()));
        for host in ["api.pingone.com", "auth.pingone.com.au", "api.pingone.sg"] {
            assert!(pingone.allows(&host.parse().unwrap()), "{host}");
        }
        assert!(!pingone.allows(&"console.pingone.com".parse().unwrap()));
    }

    #[test]
    fn bad_flags_are_refused_with_the_remedy() {
        for (flag, says) in [
            ("--tenant-requests-per-second=0", "at least 1"),
            ("--pingone-requests-per-second=NaN", "at least 1"),
            ("--allowed-tenant-host=https://x", "is not a host"),
            ("--log-level=loud", "log-level"),
            ("--metrics-address=8080", "metrics-address"),
        ] {
            let error = Arguments::try_parse_from(["pingone-aic-operator", flag])
                .unwrap_err()
                .to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_given_list_replaces_the_default() {
        let options =
            Arguments::try_parse_from(["pingone-aic-operator", "--allowed-tenant-host=only.example:8443"])
                .unwrap()
                .options;
        assert!(
            !options
                .tenant_allow_list()
                .allows(&"x.id.forgerock.io".parse().unwrap())
        );
    }
}
