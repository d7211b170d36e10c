//! Logs, and traces for those who collect them.

use std::{thread, time::Duration};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use super::{LogFormat, Options, UnreadableBundle};

/// How long the collector may take for a batch of traces.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends the last traces when it is dropped.
pub struct Telemetry(Option<SdkTracerProvider>);

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum NoTraces {
    /// The bundle of certificates cannot be read.
    #[error(transparent)]
    Bundle(#[from] UnreadableBundle),
    /// The bundle holds something else than certificates.
    #[error("failed to trust the certificate authorities of --ca-bundle for --otlp-endpoint: {0}")]
    Tls(#[from] reqwest::Error),
    /// The collector's address cannot be used.
    #[error("failed to use --otlp-endpoint: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Starts logging to standard output, and tracing if it is asked for.
///
/// # Errors
/// When a collector is named that cannot be talked to.
pub fn init(options: &Options) -> Result<Telemetry, NoTraces> {
    let provider = match &options.otlp_endpoint {
        Some(endpoint) => Some(provider(endpoint, options.extra_roots()?)?),
        None => None,
    };
    let traces = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(env!("CARGO_PKG_NAME")))
            // Of other crates' spans nobody knows what they hold.
            .with_filter(Targets::new().with_target(env!("CARGO_CRATE_NAME"), Level::DEBUG))
    });
    tracing_subscriber::registry()
        .with(logs(options.log_format, options.log_level))
        .with(traces)
        .init();
    Ok(Telemetry(provider))
}

fn logs(format: LogFormat, level: Level) -> Box<dyn Layer<Registry> + Send + Sync> {
    // kube's client repeats a body that it cannot read in a warning, and the body may be a Secret.
    let filter = EnvFilter::new(format!("{level},kube_client::client=error"));
    match format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => fmt::layer().with_filter(filter).boxed(),
    }
}

fn provider(endpoint: &str, extra_roots: Vec<u8>) -> Result<SdkTracerProvider, NoTraces> {
    // OTLP over HTTP (OpenTelemetry protocol specification): the signal's path stands below the endpoint's.
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client(extra_roots)?)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()?;
    let resource = Resource::builder()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

/// The exporter sends from a thread of its own, so that its client blocks; one that blocks is not to be made where
/// others wait.
fn client(extra_roots: Vec<u8>) -> Result<reqwest::blocking::Client, reqwest::Error> {
    let build = move || {
        reqwest::blocking::Client::builder()
            .timeout(TIMEOUT)
            .tls_certs_merge(reqwest::Certificate::from_pem_bundle(&extra_roots)?)
            .build()
    };
    thread::spawn(build)
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "failed to send the last traces");
        }
    }
}
