//! The composition root: from options to a running operator, and its orderly end.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    aic::Aic,
    clock::Clock,
    controller::{self, Context},
    http::{Http, Settings},
    pingone::PingOne,
    runtime::{
        Candidate, Health, Leadership, Lost, Metrics, Options, UnreadableBundle, Vendor, kubernetes, serve,
    },
};

/// Why the operator could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bundle of certificates cannot be read.
    #[error(transparent)]
    CaBundle(#[from] UnreadableBundle),
    /// The bundle contains no certificates, or the system has none.
    #[error("failed to trust the certificate authorities of the system and of --ca-bundle: {}", cause(.0))]
    Tls(#[from] reqwest::Error),
    /// No cluster is configured.
    #[error("failed to find the cluster: run in a pod, or set KUBECONFIG: {0}")]
    Cluster(#[from] kube::config::InferConfigError),
    /// The cluster's configuration cannot be used.
    #[error("failed to set up the Kubernetes client: {0}")]
    Client(#[from] kube::Error),
    /// Another process may act now.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// An address is not available.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
}

/// Runs until `shutdown`, then waits for the tasks that must not be cut off.
///
/// # Errors
/// When waiting would not help: a flag's file, a port in use, no cluster.
pub async fn run(
    options: Options,
    clock: Clock,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let health = Health::new(clock.clone());
    metrics.watches(health.clone());
    if options.metrics_per_object {
        metrics.name_objects();
    }
    let extra_roots = options.extra_roots()?;
    let stack = |vendor, allowed, per_second| {
        let observer = Arc::new(Vendor {
            name: vendor,
            metrics: Arc::clone(&metrics),
        });
        let rate = Options::budget(per_second);
        let http = Http::new(
            Settings {
                allowed,
                rate,
                extra_roots: extra_roots.clone(),
                observer,
            },
            clock.clone(),
        )?;
        let hosts = http.clone();
        metrics.hosts(vendor, rate, move || hosts.load());
        Ok::<_, Error>(http)
    };
    let aic = Aic::new(
        stack(
            "aic",
            options.tenant_allow_list(),
            options.tenant_requests_per_second,
        )?,
        clock.clone(),
    );
    let pingone = PingOne::new(
        stack(
            "pingone",
            options.pingone_allow_list(),
            options.pingone_requests_per_second,
        )?,
        clock.clone(),
    );

    let config = kube::Config::infer().await?;
    let watching = kube::Client::try_from(config.clone())?;
    let deciding = kubernetes::deciding(config)?;

    // Probes are answered first, with what is missing.
    controller::close_gates(&health, &options.watch_namespaces);
    serve(
        options.metrics_address,
        options.health_address,
        Arc::clone(&metrics),
        health.clone(),
        &shutdown,
    )
    .await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), namespaces = ?options.watch_namespaces, "operator starts");
    let (mut candidate, leadership) = match &options.lease_namespace {
        Some(namespace) if options.leader_elect => {
            let (candidate, leadership) =
                Candidate::new(deciding.clone(), namespace, &options.lease_name, clock.clone());
            (Some(candidate), leadership)
        }
        _ => (None, Leadership::alone(clock.clone())),
    };
    let context = Context::new(deciding, clock, aic, pingone, metrics, health, leadership)
        .seeing_to(&options.watch_namespaces, options.selector.clone());
    // A process that loses the Lease shuts down as after SIGTERM: it finishes what it has begun, and begins nothing.
    let (ends, nothing_acts) = (shutdown.child_token(), CancellationToken::new());
    let lead = async {
        let result = match &mut candidate {
            Some(candidate) => candidate.run(&nothing_acts).await,
            None => Ok(()),
        };
        result.inspect_err(|_| ends.cancel())
    };
    let work = async {
        controller::run(&context, &watching, &ends).await;
        context.finish().await;
        nothing_acts.cancel();
    };
    // The Lease is renewed until nothing acts any more.
    let (leadership, ()) = tokio::join!(lead, work);
    if let Some(candidate) = &candidate {
        candidate.release().await;
    }
    leadership?;
    tracing::info!("operator ends");
    Ok(())
}

/// What reqwest calls a builder's error says why only inside.
fn cause(error: &reqwest::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
