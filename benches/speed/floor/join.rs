//! Integrations that are made, and credentials that are replaced.

use futures::future::join_all;
use pingone_aic_operator::{
    aic::{IntegrationName, LabelAttribute, Service, Worker},
    api::{AICIntegration, PingOneConnection, Realm},
    credential::{Credential, decode},
    http::{Guard, Priority},
};
use tokio::sync::Semaphore;

use super::Place;

const REALM: Realm = Realm::Alpha;
/// The stack keeps so many idle connections a host: who makes no more calls at a time never makes one anew. Within the
/// chart's budget more would only wait: at 100 ms two make twenty calls a second.
const AT_ONCE: usize = 2;

impl Place {
    /// The credential is proved; what a tenant has once is seen to once; then each integration is made and tested.
    pub(super) async fn join(self) {
        let credential = self.proved_credential().await;
        let Self { site, tenant, .. } = &self;
        if let Some(statuses) = &self.statuses {
            statuses.write::<PingOneConnection>(&site.name).await;
        }
        assert!(tenant.own_lock_state().await.unwrap().is_unlocked());
        let service = tenant.worker_service(REALM).await.unwrap();
        if !service.as_ref().is_some_and(Service::is_enabled) {
            let enabled = Service::enabled(service);
            tenant.put_worker_service(REALM, enabled).await.unwrap();
        }
        let attribute = tenant.label_attribute(REALM).await.unwrap().unwrap();
        let turns = Semaphore::new(AT_ONCE);
        let integrations = site.integrations.iter();
        join_all(integrations.map(|name| self.integrate(name, &turns, &attribute, &credential))).await;
    }

    async fn integrate(
        &self,
        name: &str,
        turns: &Semaphore,
        attribute: &LabelAttribute,
        credential: &Credential,
    ) {
        let turn = turns.acquire().await.unwrap();
        let tenant = &self.tenant;
        let integration: IntegrationName = name.parse().unwrap();
        let (esv, label) = (integration.esv_id(), integration.label_identifier());
        tenant.create_esv(&esv, &credential.jwt, "floor").await.unwrap();
        assert!(tenant.worker(REALM, &integration).await.unwrap().is_none());
        assert!(tenant.mapping(REALM, &label).await.unwrap().is_none());
        let worker = Worker::with_credential(None, attribute, &label);
        tenant.put_worker(REALM, &integration, worker).await.unwrap();
        tenant.put_mapping(REALM, &label, &esv).await.unwrap();
        self.test(&integration, credential).await;
        drop(turn);
        if let Some(statuses) = &self.statuses {
            statuses.write::<AICIntegration>(name).await;
        }
    }

    /// An operator that has been there before has its tokens.
    pub(super) async fn log_in(self) {
        let name: IntegrationName = self.site.integrations[0].parse().unwrap();
        self.tenant.esv(&name.esv_id()).await.unwrap();
    }

    /// The credential is proved, then written and tested.
    pub(super) async fn rotate(self) {
        let credential = self.proved_credential().await;
        for name in &self.site.integrations {
            let name: IntegrationName = name.parse().unwrap();
            self.tenant
                .create_esv_version(&name.esv_id(), &credential.jwt, Guard::new(|| true))
                .await
                .unwrap();
            self.test(&name, &credential).await;
        }
    }

    /// Nothing is pushed that PingOne refuses.
    async fn proved_credential(&self) -> Credential {
        let credential = decode(self.site.credential.as_bytes()).unwrap();
        let (auth, api) = (
            credential.auth_url.as_ref().unwrap(),
            credential.api_url.as_ref().unwrap(),
        );
        let (id, grant) = (&credential.environment_id, credential.grant().unwrap());
        let token = self.pingone.token(auth, id, &grant, Priority::New).await.unwrap();
        self.pingone
            .environment(api, id, &token, Priority::New)
            .await
            .unwrap();
        credential
    }

    async fn test(&self, name: &IntegrationName, credential: &Credential) {
        let proof = self.tenant.test_connection(REALM, name, credential.secrets());
        assert!(proof.await.unwrap().proves(&credential.id));
    }
}
