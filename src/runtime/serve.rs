//! `/metrics`, `/livez` and `/readyz`.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Health, Metrics};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Binds both addresses, so that a taken port is an error at the start, and serves them in the background.
pub async fn serve(
    metrics_address: SocketAddr,
    health_address: SocketAddr,
    metrics: Arc<Metrics>,
    health: Health,
    shutdown: &CancellationToken,
) -> std::io::Result<()> {
    let metrics_router = Router::new().route("/metrics", get(async move || open_metrics(&metrics)));
    let health_router = Router::new().route("/livez", get(async || "ok")).route(
        "/readyz",
        get(async move || match health.missing() {
            missing if missing.is_empty() => (StatusCode::OK, "ok".to_owned()),
            missing => (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n")),
        }),
    );
    for (address, router) in [(metrics_address, metrics_router), (health_address, health_router)] {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            std::io::Error::new(error.kind(), format!("failed to listen on {address}: {error}"))
        })?;
        let stop = shutdown.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stop).await });
    }
    Ok(())
}

fn open_metrics(metrics: &Metrics) -> impl IntoResponse + use<> {
    let pieces = stream::iter(metrics.pieces()).map(Ok::<_, Infallible>);
    ([(CONTENT_TYPE, OPEN_METRICS)], Body::from_stream(pieces))
}
