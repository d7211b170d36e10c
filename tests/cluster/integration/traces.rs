//! What a collector is sent: what was done to which object, how long it took, and nothing secret.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, routing::post};
use pingone_aic_simulator::Mutability;
use serde_json::json;
use tokio::net::TcpListener;

use crate::integration::world::{Kind, World, credential_of};

/// All that was sent to it.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl Collector {
    /// Starts it; where it is.
    async fn start(&self) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = self.clone();
        let collect = move |body: Bytes| {
            received.0.lock().unwrap().extend_from_slice(&body);
            async {}
        };
        let collector = Router::new().route("/v1/traces", post(collect));
        tokio::spawn(async move { axum::serve(listener, collector).await });
        format!("http://{address}")
    }

    /// Protobuf holds texts as they are.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[tokio::test]
async fn a_collector_is_sent_passes_and_calls_and_no_secret() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let mut world = World::start_with("a collector is sent traces", json!({"otlpEndpoint": endpoint})).await;
    let site = world.site("dev", Kind::Development);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    assert!(world.operator.terminate().await.unwrap().success());
    let sent = collector.text();
    for wanted in [
        "pingone-aic-operator",
        "reconcile",
        "AICIntegration",
        "test the connection",
        "get an AIC access token",
        site.tenant.host(),
    ] {
        assert!(sent.contains(wanted), "{wanted} is not in what was sent: {sent}");
    }
    for secret in world.network.secret_markers() {
        assert!(!sent.contains(&secret), "a secret was sent");
    }
}

/// A collector inside the company is known by the company's own authority. A tenant plays it: what matters is that
/// the operator trusts whom it talks to, and what it sends.
#[tokio::test]
async fn a_collector_that_the_ca_bundle_vouches_for_is_trusted() {
    const COLLECTOR: &str = "collector.example.com";
    let endpoint = format!("https://{COLLECTOR}");
    let mut world = World::start_with("traces over TLS", json!({"otlpEndpoint": endpoint})).await;
    let _collector = world.network.tenant(COLLECTOR, Mutability::Mutable);
    let site = world.site("dev", Kind::Development);
    world
        .apply(&site, Kind::Development, &credential_of(&site).jwt)
        .await;
    world.active("dev").await;
    assert!(world.operator.terminate().await.unwrap().success());
    let journal = world.network.journal();
    let sent: Vec<_> = journal
        .iter()
        .filter(|exchange| exchange.host == COLLECTOR)
        .collect();
    assert!(!sent.is_empty(), "nothing was sent");
    assert!(
        sent.iter().all(|exchange| exchange.path == "/v1/traces"),
        "{sent:?}"
    );
}
