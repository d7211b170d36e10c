//! Logs, and traces for those who collect them.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use super::{LogFormat, Options};

/// Sends the last traces when it is dropped.
pub struct Telemetry(Option<SdkTracerProvider>);

/// Starts logging to standard output, and tracing if it is asked for.
///
/// # Errors
/// When the collector's address cannot be used.
pub fn init(options: &Options) -> Result<Telemetry, ExporterBuildError> {
    let provider = options.otlp_endpoint.as_deref().map(provider).transpose()?;
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

fn provider(endpoint: &str) -> Result<SdkTracerProvider, ExporterBuildError> {
    // OTLP over HTTP (OpenTelemetry protocol specification): the signal's path stands below the endpoint's.
    let exporter = SpanExporter::builder()
        .with_http()
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

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "failed to send the last traces");
        }
    }
}
