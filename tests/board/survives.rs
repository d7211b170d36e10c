//! An API server that goes away and comes back, and a right that is taken away.

use pingone_aic_harness::{ControlPlane, TestNamespace};
use pingone_aic_simulator::Network;
use serde_json::json;

use crate::{READS, browser::Browser, person::Person, served::Served};

#[tokio::test]
async fn a_restart_is_survived_and_a_revoked_right_is_told() {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = TestNamespace::create_in(&control_plane, "a board survives a restart").await;
    let connection = |name: &str| {
        json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": name},
            "spec": {"credentialSecretRef": {"name": "jwt"}, "environment": {"name": "env"}},
        })
    };
    namespace.apply(connection("before")).await.unwrap();
    let network = Network::start().await;
    let reader = Person::who_may(&network, &namespace, "reader", &READS).await;
    let board = Served::start(&reader, &[]);
    let browser = Browser::start().await;
    browser.goto(&board.link).await;
    browser.until("main", "before").await;
    control_plane.stop_api_server();
    browser
        .until("[role=alert]", "the API server does not answer")
        .await;
    assert!(
        browser.text("main").await.contains("before"),
        "what is known stays"
    );
    browser.is_accessible("an API server that is away").await;
    control_plane.start_api_server().await.unwrap();
    // Though nothing else has changed.
    browser.until_empty("[role=alert]").await;
    namespace.apply(connection("after")).await.unwrap();
    browser.until("main", "after").await;

    // A watch that is open stays open: the right is asked for when it begins again.
    let taken = [
        "delete",
        "rolebinding",
        &reader.user,
        "--namespace",
        namespace.name(),
    ];
    control_plane.kubectl(&taken).await.unwrap();
    control_plane.stop_api_server();
    control_plane.start_api_server().await.unwrap();
    browser
        .until("[role=alert]", "Ask a cluster admin for that right")
        .await;
    drop(board);
    browser.until("#connection", "The board does not answer").await;
    browser.is_accessible("a board that has ended").await;
}
