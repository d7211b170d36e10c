//! A team that Argo CD or Flux notifies.

use std::{fs, net::Ipv4Addr};

use axum::{Router, extract::State};
use pingone_aic_harness::{Namespace, repository};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::world::SOON;

/// What it was told, one text a notification.
pub struct Team(watch::Receiver<Vec<String>>);

impl Team {
    /// It listens at an address.
    pub async fn start() -> (Self, String) {
        let (told, heard) = watch::channel(Vec::new());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(write_down).with_state(told);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (Self(heard), url)
    }

    /// The same, known to Argo CD as the service `team`.
    pub async fn of_argo_cd(namespace: &Namespace) -> Self {
        let (team, url) = Self::start().await;
        let service = json!({"data": {"service.webhook.team": json!({"url": url}).to_string()}});
        namespace
            .patch("v1/ConfigMap", "argocd-notifications-cm", &service)
            .await
            .unwrap();
        team
    }

    /// Subscribes an Application as the documentation does, but for who is told.
    pub fn subscribe(application: &mut Value) {
        let page = fs::read_to_string(repository().join("docs/argocd.md")).unwrap();
        let (_, rest) = page.split_once("```yaml\nmetadata:\n").unwrap();
        let (block, _) = rest.split_once("```").unwrap();
        let metadata: Value = serde_saphyr::from_str(block).unwrap();
        let annotation = "notifications.argoproj.io/subscriptions";
        let subscriptions = metadata["annotations"][annotation].as_str().unwrap();
        assert!(subscriptions.contains("service: slack"), "{subscriptions}");
        let subscriptions = subscriptions.replace("service: slack", "service: team");
        application["metadata"]["annotations"] = json!({annotation: subscriptions});
    }

    /// Waits until it was told this.
    pub async fn hears(&self, what: &str) {
        let mut heard = self.0.clone();
        let is_told = |all: &Vec<String>| all.iter().any(|text| text.contains(what));
        let waited = timeout(SOON, heard.wait_for(is_told)).await;
        assert!(
            waited.is_ok(),
            "nobody was told {what:?}, but {:#?}",
            self.heard()
        );
    }

    /// All that it was told, in order.
    pub fn heard(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

async fn write_down(State(told): State<watch::Sender<Vec<String>>>, text: String) {
    told.send_modify(|all| all.push(text));
}
