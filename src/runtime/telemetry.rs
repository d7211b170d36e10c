//! Logs.

use tracing::Level;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::LogFormat;

/// Starts logging to standard output.
pub fn init(format: LogFormat, level: Level) {
    // kube's client repeats a body that it cannot read in a warning, and the body may be a Secret.
    let filter = EnvFilter::new(format!("{level},kube_client::client=error"));
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Json => registry.with(fmt::layer().json().flatten_event(true)).init(),
        LogFormat::Text => registry.with(fmt::layer()).init(),
    }
}
